%% SPDX-License-Identifier: Apache-2.0
%%
%% What a connection holds up when the daemon hears a node no more: the table is real, the connections are an argument.

-module(epmd_mdns_client_peers_tests).

-include_lib("eunit/include/eunit.hrl").

-define(P, epmd_mdns_client_peers).
-define(BOB, <<"bob@h2">>).
-define(ID, {{"bob", "h2"}, {tcp, inet}}).
-define(LONG, 600000).
-define(SHORT, 60000).

a_connected_node_stays_up_when_it_is_not_heard_any_more_test_() ->
	[{binary_to_list(Reason), fun() ->
		with_bob(fun(Peers0) ->
			{Change, [], _} = ?P:down(bob(), stale, Reason, connected(), Peers0),
			?assertMatch({changed, ?BOB, [#{heard := false, port := 40001}]}, Change),
			?assertMatch([{?BOB, [#{heard := false}]}], epmd_mdns_table:directory()),
			?assertMatch([#{heard := false}], epmd_mdns_table:endpoints({"bob", "h2"})),
			?assertMatch({ok, _, 40001, 6}, epmd_mdns_table:address("bob", "h2", inet))
		end)
	end} || Reason <- [<<"expired">>, <<"lost">>, <<"disconnected">>]].

a_goodbye_is_the_nodes_own_word_test() ->
	with_bob(fun(Peers) ->
		{Change, [{?ID, ?SHORT}], _} = ?P:down(bob(), stale, <<"goodbye">>, connected(), Peers),
		?assertMatch({down, ?BOB, [_]}, Change),
		?assertEqual([], epmd_mdns_table:directory())
	end).

what_is_not_connected_goes_as_ever_test() ->
	with_bob(fun(_) ->
		{{down, ?BOB, [_]}, [{?ID, ?SHORT}], _} = ?P:down(bob(), stale, <<"expired">>, #{}, ?P:new(#{}))
	end).

%% The joiner needs its endpoint to connect to it again.
what_has_been_connected_is_remembered_for_longer_test() ->
	with_bob(fun(_) ->
		{{down, ?BOB, [_]}, [{?ID, ?LONG}], _} =
			?P:down(bob(), stale, <<"expired">>, #{}, ?P:nodeup(?BOB, ?P:new(#{})))
	end).

but_not_after_a_goodbye_test() ->
	with_bob(fun(_) ->
		Known = ?P:nodeup(?BOB, ?P:new(#{})),
		{{down, ?BOB, [_]}, [{?ID, ?SHORT}], Parted} = ?P:down(bob(), stale, <<"goodbye">>, #{}, Known),
		{up, ?BOB, _} = epmd_mdns_table:up(bob(), make_ref()),
		{{down, ?BOB, [_]}, [{?ID, ?SHORT}], _} = ?P:down(bob(), stale, <<"expired">>, #{}, Parted)
	end).

memory_is_bounded_test() ->
	Full = lists:foldl(fun(N, Peers) -> ?P:nodeup(<<"n", (integer_to_binary(N))/binary, "@h">>, Peers) end, ?P:new(#{}),
		lists:seq(1, 2000)),
	with_bob(fun(_) ->
		{_, [{?ID, ?SHORT}], _} = ?P:down(bob(), stale, <<"expired">>, #{}, ?P:nodeup(?BOB, Full))
	end).

the_end_of_the_connection_is_the_end_test() ->
	with_bob(fun(Peers0) ->
		{_, [], Peers} = ?P:down(bob(), stale, <<"expired">>, connected(), Peers0),
		?assertMatch({{down, ?BOB, [#{heard := false}]}, [{?ID, ?LONG}]}, ?P:nodedown(?BOB, Peers)),
		?assertEqual([], epmd_mdns_table:directory()),
		?assertMatch({ok, _, 40001, 6}, epmd_mdns_table:address("bob", "h2", inet)),
		?assertEqual({none, []}, ?P:nodedown(?BOB, Peers))
	end).

what_is_heard_does_not_end_with_a_connection_test() ->
	with_bob(fun(Peers) ->
		?assertEqual({none, []}, ?P:nodedown(?BOB, Peers)),
		?assertEqual({none, []}, ?P:nodedown(<<"carol@h3">>, Peers)),
		?assertEqual({none, []}, ?P:nodedown(<<"no name">>, Peers)),
		?assertMatch([{?BOB, [_]}], epmd_mdns_table:directory())
	end).

a_snapshot_without_a_connected_node_takes_nothing_away_test() ->
	with_bob(fun(Peers) ->
		{up, _, _} = epmd_mdns_table:up((bob())#{node := <<"carol@h3">>}, make_ref()),
		{Changes, Stale} = ?P:synced(make_ref(), connected(), Peers),
		?assertMatch([{changed, ?BOB, [#{heard := false}]}, {down, <<"carol@h3">>, [_]}], lists:sort(Changes)),
		?assertEqual([{{{"carol", "h3"}, {tcp, inet}}, ?SHORT}], Stale),
		%% Not even the second one.
		?assertEqual({[], []}, ?P:synced(make_ref(), connected(), Peers))
	end).

%% Our own connection is worth more than what somebody else has told the daemon.
a_report_of_others_does_not_replace_what_we_are_connected_to_test() ->
	with_bob(fun(Peers) ->
		{_, [], _} = ?P:down(bob(), stale, <<"expired">>, connected(), Peers),
		?assertEqual(none, epmd_mdns_table:up((bob())#{source := peer, port := 666}, make_ref())),
		?assertMatch({ok, _, 40001, 6}, epmd_mdns_table:address("bob", "h2", inet)),
		?assertMatch({changed, ?BOB, [#{port := 40002}]}, epmd_mdns_table:up((bob())#{port := 40002}, make_ref()))
	end).

what_others_are_connected_to_says_that_it_is_not_heard_test() ->
	with_bob(fun(_) ->
		{changed, ?BOB, [#{heard := false}]} = epmd_mdns_table:up((bob())#{source := peer}, make_ref())
	end).

%% A connection to a node that isn't heard: it is asked where it is, and if it doesn't say, what is known holds.
a_node_that_is_connected_again_is_up_again_test() ->
	with_bob(fun(Peers) ->
		{_, [_], _} = ?P:down(bob(), stale, <<"expired">>, #{}, Peers),
		?assertEqual([], ?P:confirm(?BOB, [], #{})),
		?assertMatch([{up, ?BOB, [#{heard := false, port := 40001}]}], ?P:confirm(?BOB, [], connected())),
		?assertMatch([{changed, ?BOB, [#{heard := false, port := 2}]}],
			?P:confirm(?BOB, [(bob())#{port := 2}], connected())),
		?assertMatch([none], ?P:confirm(<<"carol@h3">>, [], connected_to(<<"carol@h3">>)))
	end).

only_who_is_not_heard_is_asked_test() ->
	with_bob(fun(Peers) ->
		ok = ?P:ask('bob@h2', visible),
		ok = ?P:ask('nonode', visible),
		{_, [_], _} = ?P:down(bob(), stale, <<"expired">>, #{}, Peers),
		ok = ?P:ask('bob@h2', hidden),
		receive {'$gen_cast', Cast} -> ?assertEqual({confirm, ?BOB, []}, Cast) after 5000 -> error(late) end,
		receive Other -> error(Other) after 0 -> ok end
	end).

%% Reports.

the_daemon_is_told_once_of_what_it_does_not_hear_test() ->
	with_bob(fun(Peers0) ->
		?assertEqual({[], Peers0}, ?P:reports(true, Peers0)),
		{_, [], Peers} = ?P:down(bob(), stale, <<"expired">>, connected(), Peers0),
		?assertEqual({[], Peers}, ?P:reports(false, Peers)),
		{[{connected, ?BOB, Report}], Told} = ?P:reports(true, Peers),
		?assertEqual(<<"CONNECTED bob@h2 port=40001 family=inet proto=tcp cluster=team addr=192.0.2.2 host=h2.local\n">>,
			iolist_to_binary(epmd_mdns_proto:encode({connected, ?BOB, Report}))),
		?assertEqual({[], Told}, ?P:reports(true, Told)),
		%% A daemon that has been started anew knows nothing of it.
		?assertMatch({[{connected, ?BOB, _}], Told}, ?P:reports(true, ?P:lost(Told)))
	end).

%% Somebody else's report was the first, and has ended; so ours was forgotten.
it_is_told_again_when_it_has_lost_the_node_again_test() ->
	with_bob(fun(Peers0) ->
		{_, [], Peers} = ?P:down(bob(), stale, <<"expired">>, connected(), Peers0),
		{[_], Told} = ?P:reports(true, Peers),
		{none, [], Lost} = ?P:down((bob())#{source := peer}, stale, <<"disconnected">>, connected(), Told),
		?assertMatch({[{connected, ?BOB, _}], _}, ?P:reports(true, Lost))
	end).

the_end_of_the_connection_is_told_test() ->
	with_bob(fun(Peers0) ->
		{_, [], Peers} = ?P:down(bob(), stale, <<"expired">>, connected(), Peers0),
		{[_], Told} = ?P:reports(true, Peers),
		{{down, _, _}, _} = ?P:nodedown(?BOB, Told),
		{[{disconnected, ?BOB}], None} = ?P:reports(true, Told),
		?assertEqual({[], None}, ?P:reports(true, None))
	end).

%% The pairs that can't connect stand in the table.
pairs_are_reported_beside_them_test() ->
	with_bob(fun(Peers) ->
		ok = epmd_mdns_table:put(faults, [{?BOB, <<"carol@h3">>, closed}]),
		?assertEqual({[], Peers}, ?P:reports(false, Peers)),
		{[{apart, ?BOB, <<"carol@h3">>, closed}], Told} = ?P:reports(true, Peers),
		?assertEqual({[], Told}, ?P:reports(true, Told)),
		{[_], Told} = ?P:reports(true, ?P:lost(Told)),
		ok = epmd_mdns_table:put(faults, []),
		?assertEqual({[{together, ?BOB, <<"carol@h3">>}], Peers}, ?P:reports(true, Told))
	end).

what_older_code_has_left_is_taken_over_test() ->
	with_bob(fun(Peers) ->
		?assertEqual(Peers, ?P:upgrade(Peers)),
		?assertEqual(Peers, ?P:upgrade({peers, 1, connected(), #{}}))
	end).

%% The daemon itself knows who is registered with it, or will before long.
nodes_of_this_host_are_not_reported_test() ->
	with_bob(fun(Peers) ->
		{_, _, _} = epmd_mdns_table:up((bob())#{source := local}, make_ref()),
		{_, []} = ?P:synced(make_ref(), connected(), Peers),
		?assertMatch({[], _}, ?P:reports(true, Peers))
	end).

a_crashed_client_finds_out_what_has_ended_meanwhile_test() ->
	with_bob(fun(Peers0) ->
		{_, [], _} = ?P:down(bob(), stale, <<"expired">>, connected(), Peers0),
		?assertMatch({[], [], _}, ?P:restore(connected())),
		?assertMatch({[{down, ?BOB, _}], [{?ID, ?LONG}], _}, ?P:restore(#{})),
		?assertMatch({[], [{?ID, ?SHORT}], _}, ?P:restore(#{}))
	end).

%% Internal.

with_bob(Test) ->
	ok = epmd_mdns_table:new(tcp),
	try
		{up, _, _} = epmd_mdns_table:up(bob(), make_ref()),
		Test(?P:new(connected()))
	after
		ets:delete(epmd_mdns_table)
	end.

connected() ->
	connected_to(?BOB).

connected_to(Node) ->
	#{Node => []}.

bob() ->
	#{node => ?BOB, port => 40001, family => inet, proto => tcp, addr => [{192, 0, 2, 2}, {192, 0, 2, 3}], source => lan,
		type => visible, cluster => <<"team">>, host => <<"h2.local">>}.
