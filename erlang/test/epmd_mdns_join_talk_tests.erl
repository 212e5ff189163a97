%% SPDX-License-Identifier: Apache-2.0
%%
%% What joiners tell each other: a few of them, with a network whose messages arrive as long as two are connected.

-module(epmd_mdns_join_talk_tests).

-include_lib("eunit/include/eunit.hrl").

-define(A, <<"a@h1">>).
-define(B, <<"b@h2">>).
-define(C, <<"c@h3">>).
-define(D, <<"d@h4">>).
-define(SELF, #{creation => 17, age => 1000, is_calm => false}).
-define(CONTEXT, #{now => 0, is_conflict => false, address => unknown}).

a_pair_that_cannot_connect_is_known_to_everybody_test() ->
	Apart = apart(),
	[?assertEqual({Node, [{?A, ?C, timed_out}, {?C, ?A, timed_out}]}, {Node, epmd_mdns_join_talk:pairs(talk(Node, Apart))})
		|| Node <- [?A, ?B, ?C, ?D]],
	%% Each has been told once, as seen from its own end.
	?assertEqual([{?A, [{fault, ?A, ?C, timed_out}]}, {?B, [{fault, ?A, ?C, timed_out}]}, {?C, [{fault, ?C, ?A, timed_out}]},
		{?D, [{fault, ?A, ?C, timed_out}]}], lists:sort(events(Apart))),
	?assertEqual(events(Apart), events(fails(?A, ?C, fails(?C, ?A, Apart)))).

%% Whose attempts are in vain, and in the way of the other end, makes way from then on.
only_one_direction_is_open_test() ->
	Apart = [{Node, epmd_mdns_join_talk:expire(5000, talk(Node, apart(turned_away)))} || Node <- [?A, ?B, ?C, ?D]],
	?assertEqual([{?C, ?A}], [{Node, Other} || {Node, {Actions, _}} <- Apart, {make_way, Other} <- Actions]),
	?assertEqual([[{?C, ?A, timed_out}]], lists:usort([epmd_mdns_join_talk:pairs(Talk) || {_, {_, Talk}} <- Apart])).

everybody_knows_when_it_is_over_test_() ->
	[{Title, fun() ->
		Mended = Mend(apart()),
		[?assertEqual({Node, []}, {Node, epmd_mdns_join_talk:pairs(talk(Node, Mended))}) || Node <- [?A, ?B, ?C, ?D]],
		?assertEqual(4, length([x || {_, [{fault, _, _, _}, {mended, _, _}]} <- events(Mended)]))
	end} || {Title, Mend} <- [
		{"connected", fun(Lan) -> connect(?A, ?C, Lan) end},
		{"gone", fun(Lan) -> everybody(fun(Talk) -> epmd_mdns_join_talk:gone(?A, ended, Talk) end, Lan) end},
		{"silent", fun(Lan) -> everybody(fun(Talk) -> epmd_mdns_join_talk:expire(60000, Talk) end, Lan) end}
	]].

%% It was not there when the others told each other.
who_comes_later_is_told_test() ->
	Late = connect(?B, <<"e@h5">>, (apart())#{<<"e@h5">> => {epmd_mdns_join_talk:new(<<"e@h5">>), [], []}}),
	Again = lasts(fails(?A, ?C, connect(?A, <<"e@h5">>, Late))),
	?assertMatch([_, _], epmd_mdns_join_talk:pairs(talk(<<"e@h5">>, Again))).

%% Of six nodes three can't connect to the other three, and then all can, one after the other.
a_network_that_was_in_two_pieces_has_no_pairs_at_fault_test() ->
	Nodes = [{N, <<"n", (integer_to_binary(N))/binary, "@h">>} || N <- lists:seq(1, 6)],
	Pairs = [{One, Other, N rem 2 =:= M rem 2} || {N, One} <- Nodes, {M, Other} <- Nodes, N < M],
	New = maps:from_list([{Node, {epmd_mdns_join_talk:new(Node), [], []}} || {_, Node} <- Nodes]),
	Halves = lists:foldl(fun({One, Other, _}, Lan) -> connect(One, Other, Lan) end, New, [Pair || Pair={_, _, true} <- Pairs]),
	Split = lists:foldl(fun({One, Other, _}, Lan) -> fails(Other, One, fails(One, Other, Lan)) end, Halves,
		[Pair || Pair={_, _, false} <- Pairs]),
	Whole = lists:foldl(fun({One, Other, _}, Lan) -> connect(One, Other, Lan) end, Split, [Pair || Pair={_, _, false} <- Pairs]),
	?assertEqual([], [Event || {_, Events} <- events(lasts(Whole)), Event <- Events]).

a_faulty_pair_is_shown_and_everything_else_is_an_atom_test_() ->
	Apart = apart(),
	[{lists:flatten(io_lib:format("~s ~s", [Own, Node])),
		?_assertEqual(Wanted, status(Node, Status, {false, IsCalm}, talk(Own, Apart)))}
		|| {Own, Node, Status, IsCalm, Wanted} <- [
			{?B, ?D, connected, false, connected},
			{?B, ?A, connected, false, {connected, [{unreachable_from, [?C]}]}},
			{?B, ?C, ready, false, {aside, [{unreachable_from, [?A]}]}},
			{?B, ?C, ready, true, {ready, [{unreachable_from, [?A]}]}},
			{?B, ?C, paused, false, paused},
			{?A, ?C, unreachable, false, {unreachable, [{unreachable_from, [?A]}]}},
			{?C, ?B, ready, false, aside},
			{?C, ?B, ready, true, ready}
		]].

where_global_is_calm_nobody_stands_aside_test() ->
	?assertNot(may_try(?C, false, talk(?B, apart()))),
	?assert(may_try(?C, true, talk(?B, apart()))),
	?assert(epmd_mdns_join_talk:is_aside(false, talk(?C, apart()))),
	?assertNot(epmd_mdns_join_talk:is_aside(true, talk(?C, apart()))).

%% Two of the name app@pi connect to c in turn.
the_second_of_a_name_is_told_and_stands_aside_test() ->
	Calls = fun(Creation, Age, Address, Now, Talk) ->
		epmd_mdns_join_talk:received({about, <<"app@pi">>, #{creation => Creation, age => Age, is_calm => false, claims => []}},
			#{now => Now, is_conflict => true, address => Address}, epmd_mdns_join_talk:down(<<"app@pi">>, Now, Talk))
	end,
	{[], One} = Calls(17, 5000, <<"192.0.2.1">>, 0, epmd_mdns_join_talk:new(?C)),
	{Told, Two} = Calls(42, 3000, <<"192.0.2.2">>, 100, One),
	?assertEqual([{tell, <<"app@pi">>, {conflict, ?C, #{address => <<"192.0.2.1">>}}},
		{conflict, <<"app@pi">>, <<"192.0.2.1">>, <<"192.0.2.2">>}], Told),
	{[], Three} = Calls(17, 5200, <<"192.0.2.1">>, 200, Two),
	%% It is told again, but not logged.
	{[{tell, _, {conflict, _, _}}], Four} = Calls(42, 3200, <<"192.0.2.2">>, 300, Three),
	?assertEqual({connected, [conflict]}, status(<<"app@pi">>, connected, {false, false}, Four)),
	?assertEqual(conflict, status(<<"app@pi">>, waiting, {true, false}, Four)),
	%% The other one has gone.
	{[], _} = Calls(42, 3300, <<"192.0.2.2">>, 400, epmd_mdns_join_talk:seen(<<"app@pi">>, false, Four)).

who_comes_second_tries_nobody_until_the_name_is_its_own_test() ->
	New = epmd_mdns_join_talk:new(<<"app@pi">>),
	Conflict = {conflict, ?C, #{address => <<"192.0.2.1">>}},
	{[{disconnect, ?C}, {second, <<"192.0.2.1">>}, {rest, _}], Second} = epmd_mdns_join_talk:received(Conflict, ?CONTEXT, New),
	?assertMatch({[{disconnect, ?C}], Second}, epmd_mdns_join_talk:received(Conflict, ?CONTEXT, Second)),
	?assertNot(may_try(?B, true, Second)),
	?assertEqual(conflict, status(?B, ready, {false, false}, Second)),
	?assertEqual(connected, status(?B, connected, {false, false}, Second)),
	?assertEqual(Second, epmd_mdns_join_talk:seen(<<"app@pi">>, true, Second)),
	?assertMatch({[{rest, _}], Second}, epmd_mdns_join_talk:rested(true, Second)),
	{[], Rested} = epmd_mdns_join_talk:rested(false, Second),
	[?assert(may_try(?B, false, Left)) || Left <- [Rested, epmd_mdns_join_talk:seen(<<"app@pi">>, false, Second)]].

%% For as long as it is connected.
what_a_node_says_about_itself_is_kept_test() ->
	{[], Said} = epmd_mdns_join_talk:received({about, ?B, #{is_calm => true, more => 1}}, ?CONTEXT, epmd_mdns_join_talk:new(?A)),
	?assert(epmd_mdns_join_talk:is_calm(?B, Said)),
	?assertEqual(unknown, epmd_mdns_join_talk:reason(?B, Said)),
	{[], Paused} = epmd_mdns_join_talk:received({about, ?B, #{pause => pause}}, ?CONTEXT, Said),
	?assertEqual(pause, epmd_mdns_join_talk:reason(?B, Paused)),
	?assert(epmd_mdns_join_talk:is_calm(?B, Paused)),
	?assertNot(epmd_mdns_join_talk:is_calm(?B, epmd_mdns_join_talk:down(?B, 0, Paused))).

%% From a joiner that is newer than this one.
what_is_not_understood_is_ignored_test_() ->
	New = epmd_mdns_join_talk:new(?A),
	[?_assertEqual({[], New}, epmd_mdns_join_talk:received(Message, ?CONTEXT, New)) || Message <- [
		{claims, ?B, [{?B, ?C, because, 1}, {?B, c, closed, 1}, {?B, ?C, closed, -1}, {?B, ?C}, x]}, {mended, a, b}, {news, ?B},
		{conflict, ?B, #{}}, {about, b, #{}}
	]].

%% Internal.

%% a and c can't connect, and both are connected to b and d.
apart() ->
	apart(timed_out).

%% The first one with that reason.
apart(Reason) ->
	New = maps:from_list([{Node, {epmd_mdns_join_talk:new(Node), [], []}} || Node <- [?A, ?B, ?C, ?D]]),
	Connected = lists:foldl(fun({One, Other}, Lan) -> connect(One, Other, Lan) end, New,
		[{?A, ?B}, {?A, ?D}, {?B, ?C}, {?C, ?D}, {?B, ?D}]),
	lasts(fails(?A, ?C, Reason, fails(?C, ?A, Connected))).

lasts(Lan) ->
	everybody(fun(Talk) -> epmd_mdns_join_talk:expire(5000, Talk) end, Lan).

status(Node, Status, {IsConflict, IsCalm}, Talk) ->
	#{Node := Shown} = epmd_mdns_join_talk:statuses(#{Node => Status}, fun(_) -> IsConflict end, IsCalm, Talk),
	Shown.

may_try(Node, IsCalm, Talk) ->
	(epmd_mdns_join_talk:may_try(IsCalm, Talk))(Node).

talk(Node, Lan) ->
	element(1, maps:get(Node, Lan)).

events(Lan) ->
	[{Node, lists:reverse(Events)} || {Node, {_, _, Events}} <- maps:to_list(Lan)].

connect(One, Other, Lan) ->
	lists:foldl(fun({From, To}, Acc) ->
		does(From, fun(Talk) -> epmd_mdns_join_talk:up(To, ?SELF, 0, Talk) end, Acc)
	end, link(One, Other, link(Other, One, Lan)), [{One, Other}, {Other, One}]).

link(From, To, Lan) ->
	maps:update_with(From, fun({Talk, Links, Events}) -> {Talk, [To|Links], Events} end, Lan).

fails(From, To, Lan) ->
	fails(From, To, timed_out, Lan).

fails(From, To, Reason, Lan) ->
	does(From, fun(Talk) -> epmd_mdns_join_talk:failed(To, Reason, 1, 0, Talk) end, Lan).

everybody(Fun, Lan) ->
	lists:foldl(fun(Node, Acc) -> does(Node, Fun, Acc) end, Lan, maps:keys(Lan)).

%% With all that follows from it.
does(Node, Fun, Lan) ->
	#{Node := {Talk, Links, Events}} = Lan,
	{Actions, Next} = Fun(Talk),
	Told = [Event || Event <- Actions, lists:member(element(1, Event), [fault, mended])],
	Messages = lists:append([case Action of
		{tell, all, Message} -> [{To, Message} || To <- Links];
		{tell, To, Message} -> [{To, Message}];
		_ -> []
	end || Action <- Actions]),
	lists:foldl(fun({To, Message}, Acc) ->
		does(To, fun(Other) -> epmd_mdns_join_talk:received(Message, ?CONTEXT, Other) end, Acc)
	end, Lan#{Node := {Next, Links, lists:reverse(Told) ++ Events}}, Messages).
