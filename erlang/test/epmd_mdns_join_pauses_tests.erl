%% SPDX-License-Identifier: Apache-2.0
%%
%% Pauses, and what ends them.

-module(epmd_mdns_join_pauses_tests).

-include_lib("eunit/include/eunit.hrl").

-define(BOB, <<"bob@h2">>).
-define(PORTS, [{tcp, inet, 4000}]).

a_pause_ends_when_the_node_listens_elsewhere_test_() ->
	[?_assertEqual(IsPaused, epmd_mdns_join_pauses:is_paused(?BOB, epmd_mdns_join_pauses:seen(?BOB, Ports, pause(us, ?PORTS, 17))))
		|| {IsPaused, Ports} <- [{true, ?PORTS}, {false, [{tcp, inet, 4001}]}, {false, []}]].

%% It was paused before it was known.
the_first_ports_that_are_seen_are_the_ones_test() ->
	Seen = epmd_mdns_join_pauses:seen(?BOB, ?PORTS, pause(us, unknown, unknown)),
	?assert(epmd_mdns_join_pauses:is_paused(?BOB, epmd_mdns_join_pauses:seen(?BOB, ?PORTS, Seen))),
	?assertNot(epmd_mdns_join_pauses:is_paused(?BOB, epmd_mdns_join_pauses:seen(?BOB, [], Seen))).

a_greeting_ends_a_pause_as_it_should_test_() ->
	[{lists:flatten(io_lib:format("~p ~p ~p", [By, Before, IsAsked])),
		?_assertEqual(IsPaused, epmd_mdns_join_pauses:is_paused(?BOB,
			epmd_mdns_join_pauses:greeted(?BOB, 17, IsAsked, pause(By, ?PORTS, Before))))}
		|| {IsPaused, By, Before, IsAsked} <- [
			{true, us, 17, false},
			{true, us, unknown, false},
			{false, us, 16, false},     %% It has been started anew.
			{false, us, 17, true},      %% Somebody there wants it.
			{false, them, 17, false}    %% It was they who wanted the pause.
		]].

what_both_want_is_our_pause_test_() ->
	[?_assertMatch(#{?BOB := {us, ?PORTS, 17}}, epmd_mdns_join_pauses:add(?BOB, Second, ?PORTS, 17, pause(First, ?PORTS, 16)))
		|| {First, Second} <- [{us, them}, {them, us}, {us, us}]].

what_was_known_is_not_forgotten_test() ->
	?assertEqual(#{?BOB => {us, ?PORTS, 17}}, epmd_mdns_join_pauses:add(?BOB, us, unknown, unknown, pause(us, ?PORTS, 17))).

who_is_not_paused_stays_so_test() ->
	?assertEqual(#{}, epmd_mdns_join_pauses:seen(?BOB, ?PORTS, #{})),
	?assertEqual(#{}, epmd_mdns_join_pauses:greeted(?BOB, 17, false, #{})),
	?assertEqual(#{}, epmd_mdns_join_pauses:remove(?BOB, #{})).

%% Internal.

pause(By, Ports, Creation) ->
	epmd_mdns_join_pauses:add(?BOB, By, Ports, Creation, #{}).
