%% SPDX-License-Identifier: Apache-2.0
%%
%% Nodes that have the same name, at the same time or one after the other.

-module(epmd_mdns_join_instances_tests).

-include_lib("eunit/include/eunit.hrl").

-define(APP, <<"app@pi">>).

a_restart_is_no_conflict_test() ->
	{first, One} = seen(1, 100, false, 1000, epmd_mdns_join_instances:new()),
	{first, Same} = seen(1, 100, false, 2000, One),
	{first, Two} = seen(2, 5000, false, 5000, epmd_mdns_join_instances:down(?APP, 4000, Same)),
	?assertNot(epmd_mdns_join_instances:is_conflict(?APP, Two)).

%% In whatever order they connect, and however often.
the_one_that_was_started_first_is_joined_test_() ->
	[{lists:flatten(io_lib:format("~w", [Order])), ?_assertEqual(Wanted, tell(Order, true))} || {Order, Wanted} <- [
		{[old, new, old, new], [first, second, first, second]},
		{[new, old, new, new, old], [first, first, second, second, first]}
	]].

%% The LAN may say so late, or not at all.
an_instance_that_comes_back_shows_the_conflict_test() ->
	?assertEqual([first, first, first, second, first], tell([old, new, old, new, old], false)),
	?assertEqual([first, first, second, first, second], tell([new, old, new, old, new], false)).

%% As of 0.1.0: it doesn't say how old it is.
of_unknown_age_it_is_the_one_that_was_connected_test() ->
	{first, One} = seen(1, unknown, true, 0, epmd_mdns_join_instances:new()),
	{{second, #{creation := 1}}, Two} = seen(2, unknown, true, 1000, epmd_mdns_join_instances:down(?APP, 900, One)),
	{first, Three} = seen(1, unknown, true, 1100, Two),
	{{second, #{creation := 1}}, _} = seen(2, unknown, true, 1200, Three).

when_the_first_has_gone_the_second_is_joined_test() ->
	{first, One} = seen(1, 100, true, 1000, epmd_mdns_join_instances:new()),
	{{second, _}, Two} = seen(2, 200, true, 1001, One),
	{first, Three} = seen(1, 100, true, 1002, Two),
	?assert(epmd_mdns_join_instances:is_conflict(?APP, Three)),
	Down = epmd_mdns_join_instances:down(?APP, 2000, Three),
	%% The LAN says that there is one; the first has been silent for long; the first is down.
	[?assertMatch({first, _}, seen(2, 200, IsConflict, Now, Left)) || {IsConflict, Now, Left} <- [
		{false, 2100, epmd_mdns_join_instances:single(?APP, Down)},
		{true, 17000, Down},
		{true, 2100, epmd_mdns_join_instances:gone(?APP, Down)}
	]],
	?assertMatch({{second, _}, _}, seen(2, 200, true, 2100, Down)).

nobody_is_in_no_conflict_test() ->
	New = epmd_mdns_join_instances:new(),
	?assertNot(epmd_mdns_join_instances:is_conflict(?APP, New)),
	?assertEqual(New, epmd_mdns_join_instances:down(?APP, 1, New)),
	?assertEqual(New, epmd_mdns_join_instances:single(?APP, New)).

%% Internal.

seen(Creation, Started, IsConflict, Now, All) ->
	epmd_mdns_join_instances:seen(?APP, #{creation => Creation, started => Started, address => unknown}, IsConflict, Now, All).

%% What each is told when they connect in this order, one every 100 ms, each instead of the one before.
tell(Order, IsConflict) ->
	{Told, _} = lists:mapfoldl(fun(Who, {Now, All}) ->
		{Creation, Started} = case Who of
			old -> {17, 100};
			new -> {42, 200}
		end,
		{Result, Next} = seen(Creation, Started, IsConflict, Now, epmd_mdns_join_instances:down(?APP, Now - 1, All)),
		{case Result of first -> first; {second, _} -> second end, {Now + 100, Next}}
	end, {1000, epmd_mdns_join_instances:new()}, Order),
	Told.
