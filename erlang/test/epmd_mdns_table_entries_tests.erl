%% SPDX-License-Identifier: Apache-2.0
%%
%% The states of an endpoint, with plain values.

-module(epmd_mdns_table_entries_tests).

-include_lib("eunit/include/eunit.hrl").

-define(E, epmd_mdns_table_entries).
-define(ID, {tcp, inet}).

%% What the drawing at the top of the module shows.
each_state_has_its_ways_out_test_() ->
	Heard = ?E:up(bob(), make_ref(), []),
	{Connected, []} = ?E:down(bob(), connected, Heard),
	{Stale, [?ID]} = ?E:down(bob(), stale, Heard),
	{Gone, [?ID]} = ?E:down(bob(), gone, Heard),
	{Parted, []} = ?E:disconnected(Heard),
	[{Name, ?_assertEqual({Is, After}, {shown(From), After})} || {Name, From, After, Is} <- [
		{"heard", Heard, Heard, up},
		{"parted", Parted, Parted, up},
		{"connected", Connected, Connected, unheard},
		{"stale", Stale, Stale, stale},
		{"gone", Gone, Gone, stale}
	]] ++ [
		?_assertEqual({Stale, [?ID]}, ?E:disconnected(Connected)),
		?_assertEqual(Heard, ?E:connected(Parted)),
		?_assertEqual(Heard, ?E:confirm(bob(), make_ref(), Parted)),
		?_assertMatch([#{port := 2, heard := false}], ?E:live(?E:confirm((bob())#{port := 2}, make_ref(), Parted))),
		?_assertEqual({Gone, [?ID]}, ?E:down(bob(), gone, Parted)),
		?_assertEqual([[bob()], [], [], []], [?E:sure(Entries) || Entries <- [Heard, Parted, Stale, Gone]]),
		?_assertEqual([none, none], [?E:answer(inet, tcp, Entries) || Entries <- [Parted, Gone]]),
		?_assertEqual(lists:duplicate(2, {ok, {192, 0, 2, 2}, 1, 6}), [?E:doubtful_answer(inet, tcp, Entries) || Entries <- [Parted, Gone]]),
		?_assertEqual([none, none, none], [?E:doubtful_answer(inet, tcp, Entries) || Entries <- [Heard, Connected, Stale]]),
		?_assertEqual(Connected, ?E:connected(Stale)),
		?_assertEqual(Gone, ?E:connected(Gone)),
		?_assertEqual(Heard, ?E:connected(Heard)),
		?_assertEqual({[], []}, ?E:down(bob(), forgotten, Connected)),
		?_assertEqual({Gone, []}, ?E:down(bob(), stale, Gone)),
		?_assertEqual({[], []}, ?E:down(bob(), stale, [])),
		?_assertEqual([], ?E:forget(?ID, Stale)),
		?_assertEqual([], ?E:forget(?ID, Gone)),
		?_assertEqual(Connected, ?E:forget(?ID, Connected)),
		?_assertEqual([[?ID], [?ID], [], []], [?E:stale(Entries) || Entries <- [Stale, Gone, Connected, Heard]]),
		?_assertEqual([true, false, false, false], [?E:is_heard(Entries) || Entries <- [Heard, Parted, Connected, Stale]]),
		?_assertEqual([[], [bob()], []], [?E:unheard(Entries) || Entries <- [Heard, Connected, Stale]])
	].

%% A node that was started anew while it wasn't heard says where it is now. What the daemon has counts more.
a_node_says_itself_where_it_is_unless_the_daemon_does_test() ->
	Moved = (bob())#{port := 2},
	Heard = ?E:up(bob(), make_ref(), []),
	{Stale, _} = ?E:down(bob(), stale, Heard),
	{Gone, _} = ?E:down(bob(), gone, Heard),
	?assertEqual(Heard, ?E:confirm(Moved, make_ref(), Heard)),
	[?assertMatch([#{port := 2, heard := false}], ?E:live(?E:confirm(Moved, make_ref(), Entries)))
		|| Entries <- [[], Stale, Gone, ?E:connected(Stale)]].

what_is_up_answers_first_test() ->
	{Stale, _} = ?E:down(bob(), stale, ?E:up(bob(), make_ref(), [])),
	?assertMatch({ok, {192, 0, 2, 2}, 1, 6}, ?E:answer(inet, tcp, Stale)),
	Both = ?E:up((bob())#{family := inet6, port := 2}, make_ref(), Stale),
	?assertMatch({ok, _, 2, 6}, ?E:answer(inet, tcp, Both)),
	?assertEqual(none, ?E:answer(inet, tls, Both)).

entries_of_an_older_table_become_states_test() ->
	Old = [{entry, ?ID, bob(), make_ref(), false}, {entry, {tcp, inet6}, (bob())#{family := inet6}, make_ref(), true}],
	%% Readers may be quicker than who upgrades the table.
	[begin
		?assertMatch([#{family := inet}], ?E:live(Entries)),
		?assertEqual([{tcp, inet6}], ?E:stale(Entries))
	end || Entries <- [Old, ?E:upgrade(Old)]].

%% Internal.

shown(Entries) ->
	case {?E:live(Entries), ?E:all(Entries)} of
		{[#{heard := false}], _} -> unheard;
		{[_], _} -> up;
		{[], [#{stale := true}]} -> stale
	end.

bob() ->
	#{node => <<"bob@h2">>, port => 1, family => inet, proto => tcp, addr => [{192, 0, 2, 2}], source => lan, type => visible}.
