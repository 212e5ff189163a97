%% SPDX-License-Identifier: Apache-2.0
%%
%% The nodes to be joined: what happens to them, and the actions for the joiner.

-module(epmd_mdns_join_state_tests).

-include_lib("eunit/include/eunit.hrl").

-define(BOB, <<"bob@h2">>).
-define(CAROL, <<"carol@h3">>).
-define(PORTS, [{tcp, inet, 4000}]).
-define(OTHER_PORTS, [{tcp, inet, 4001}]).

%% Meeting.

what_was_there_before_us_is_tried_at_once_test() ->
	{[], Peers} = seen(?BOB, present, no, new()),
	{[?BOB], Tried} = epmd_mdns_join_state:pick([], [], Peers),
	?assertEqual(#{?BOB => trying}, epmd_mdns_join_state:states(Tried)),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([?BOB], [], Tried)).

what_appears_later_has_a_moment_to_join_us_test() ->
	{[{timer, ?BOB, N, _}], Peers} = seen(?BOB, new, no, new()),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([], [], Peers)),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick([], [], again(?BOB, N, Peers))).

a_connection_that_is_there_first_is_reported_when_the_advert_comes_test() ->
	{[{joined, ?BOB}], Peers} = seen(?BOB, new, now, new()),
	?assertEqual(2, epmd_mdns_join_state:count(Peers)).

a_connection_from_before_a_crash_is_not_reported_test() ->
	{[], Peers} = seen(?BOB, present, before, new()),
	?assertEqual(#{?BOB => connected}, epmd_mdns_join_state:states(Peers)).

there_are_eight_attempts_at_once_and_never_two_at_one_node_test() ->
	Peers = present(50),
	{First, Tried} = epmd_mdns_join_state:pick([], [], Peers),
	?assertEqual(8, length(First)),
	?assertMatch({[], _}, epmd_mdns_join_state:pick(First, [], Tried)),
	{Second, _} = epmd_mdns_join_state:pick(tl(First), [], Tried),
	?assertEqual(1, length(Second)),
	?assertNot(lists:member(hd(Second), First)).

%% Eight hosts that have lost their power are no reason to wait.
slow_attempts_hold_up_no_others_until_there_are_thirty_two_test() ->
	{Slow, Peers} = lists:foldl(fun(_, {Before, Acc}) ->
		{Quick, Next} = epmd_mdns_join_state:pick([], Before, Acc),
		?assertEqual(8, length(Quick)),
		{Quick ++ Before, Next}
	end, {[], present(50)}, lists:seq(1, 4)),
	?assertEqual(32, length(lists:usort(Slow))),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([], Slow, Peers)),
	?assertMatch({[_], _}, epmd_mdns_join_state:pick([], tl(Slow), Peers)).

%% Its attempt goes on although it was forgotten, and comes back before that is over.
a_node_that_comes_back_during_an_attempt_is_not_tried_twice_test() ->
	Tried = trying(?BOB, new()),
	{[], Back} = seen(?BOB, new, no, epmd_mdns_join_state:gone(?BOB, Tried)),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([?BOB], [], Back)),
	{[{joined, ?BOB}], _} = epmd_mdns_join_state:ended(?BOB, connected, true, Back).

those_that_have_not_failed_come_first_test() ->
	{Tried, Trying} = epmd_mdns_join_state:pick([], [], present(8)),
	Failed = lists:foldl(fun(Node, Acc) ->
		{[_, {timer, Node, N, _}], Next} = epmd_mdns_join_state:ended(Node, unreachable, false, Acc),
		again(Node, N, Next)
	end, Trying, Tried),
	{[], Peers} = seen(?BOB, present, no, Failed),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick(tl(Tried), [], Peers)).

%% Failing.

failures_are_logged_once_and_waited_for_longer_and_longer_test() ->
	{Logged, Delays, _} = lists:foldl(fun(_, {Levels, Waited, Peers}) ->
		{[{failed, ?BOB, unreachable, Level}, {timer, ?BOB, N, Delay}], Failed} =
			epmd_mdns_join_state:ended(?BOB, unreachable, false, trying(?BOB, Peers)),
		?assertEqual(#{?BOB => unreachable}, epmd_mdns_join_state:states(Failed)),
		{[Level|Levels], [Delay|Waited], again(?BOB, N, Failed)}
	end, {[], [], new()}, lists:seq(1, 20)),
	?assertEqual([info, warning], [Level || Level <- lists:reverse(Logged), Level =/= none]),
	?assert(lists:last(Delays) =< 201),
	?assert(hd(Delays) >= 5000 andalso hd(Delays) =< 10001).

a_refusal_is_a_warning_and_not_repeated_for_minutes_test() ->
	{[{failed, ?BOB, refused, warning}, {timer, ?BOB, N, Delay}], Refused} =
		epmd_mdns_join_state:ended(?BOB, refused, false, trying(?BOB, new())),
	?assert(Delay >= 120000),
	?assertEqual(#{?BOB => refused}, epmd_mdns_join_state:states(Refused)),
	Again = again(?BOB, N, Refused),
	?assertMatch({[{failed, ?BOB, refused, none}, {timer, _, _, _}], _},
		epmd_mdns_join_state:ended(?BOB, refused, false, trying(?BOB, Again))).

a_refusal_outlives_an_advert_that_comes_and_goes_test() ->
	{_, Refused} = epmd_mdns_join_state:ended(?BOB, refused, false, trying(?BOB, new())),
	{[], Back} = seen(?BOB, new, no, epmd_mdns_join_state:gone(?BOB, Refused)),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([], [], Back)),
	%% But not a node that was started anew.
	{[], Anew} = epmd_mdns_join_state:seen(?BOB, ?OTHER_PORTS, new, no, Back),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick([], [], Anew)).

a_refusal_of_what_has_gone_is_forgotten_in_the_end_test() ->
	{[_, {timer, _, N, _}], Refused} = epmd_mdns_join_state:ended(?BOB, refused, false, trying(?BOB, new())),
	Gone = epmd_mdns_join_state:gone(?BOB, Refused),
	?assertEqual(#{}, epmd_mdns_join_state:states(again(?BOB, N, Gone))).

an_old_timer_counts_no_more_test() ->
	{[{timer, ?BOB, N, _}], Waiting} = seen(?BOB, new, no, new()),
	{_, Up} = epmd_mdns_join_state:up(?BOB, visible, Waiting),
	{[_, {timer, ?BOB, M, _}], Lost} = epmd_mdns_join_state:down(?BOB, connection_closed, false, Up),
	?assertNotEqual(N, M),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([], [], again(?BOB, N, Lost))),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick([], [], again(?BOB, M, Lost))).

the_end_of_an_attempt_at_nobody_in_particular_is_ignored_test() ->
	?assertEqual({[], new()}, epmd_mdns_join_state:ended(?BOB, unreachable, false, new())),
	?assertEqual({[], new()}, epmd_mdns_join_state:up(?BOB, hidden, new())),
	?assertEqual(new(), again(?BOB, 1, new())).

%% Losing.

a_lost_connection_is_made_again_while_the_node_is_advertised_test() ->
	{[{lost, ?BOB, net_tick_timeout}, {timer, ?BOB, N, _}], Lost} =
		epmd_mdns_join_state:down(?BOB, net_tick_timeout, false, connected(?BOB, new())),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick([], [], again(?BOB, N, Lost))).

a_connection_outlives_its_advert_test() ->
	Gone = epmd_mdns_join_state:gone(?BOB, connected(?BOB, new())),
	?assertEqual(#{?BOB => connected}, epmd_mdns_join_state:states(Gone)),
	{[], Back} = seen(?BOB, new, now, Gone),
	?assertEqual(#{?BOB => connected}, epmd_mdns_join_state:states(Back)),
	{[{lost, ?BOB, _}], Lost} = epmd_mdns_join_state:down(?BOB, connection_closed, false, Gone),
	?assertEqual(#{}, epmd_mdns_join_state:states(Lost)).

what_is_not_advertised_is_forgotten_test() ->
	{[], Peers} = seen(?BOB, present, no, new()),
	?assertEqual(#{}, epmd_mdns_join_state:states(epmd_mdns_join_state:gone(?BOB, Peers))),
	?assertEqual([?BOB], epmd_mdns_join_state:others([?CAROL], Peers)),
	?assertEqual([], epmd_mdns_join_state:others([?BOB], Peers)),
	{_, Failed} = epmd_mdns_join_state:ended(?BOB, unreachable, false, epmd_mdns_join_state:gone(?BOB, trying(?BOB, new()))),
	?assertEqual(#{}, epmd_mdns_join_state:states(Failed)).

%% Pausing.

a_disconnect_between_two_nodes_alone_is_a_pause_test() ->
	{[{lost, ?BOB, disconnect}], Lost} = epmd_mdns_join_state:down(?BOB, disconnect, false, connected(?BOB, new())),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Lost)),
	?assertMatch(#{?BOB := _}, epmd_mdns_join_state:pauses(Lost)),
	?assertMatch({[], _}, epmd_mdns_join_state:pick([], [], Lost)).

%% It is global, as far as we can know.
a_disconnect_with_a_third_node_around_is_none_test() ->
	{[], Company} = epmd_mdns_join_state:up(?CAROL, visible, connected(?BOB, new())),
	{[], Alone} = epmd_mdns_join_state:down(?CAROL, connection_closed, false, Company),
	?assertMatch({[_, {timer, ?BOB, _, _}], _}, epmd_mdns_join_state:down(?BOB, disconnect, false, Alone)),
	%% The next connection is another matter.
	{_, Lost} = epmd_mdns_join_state:down(?BOB, connection_closed, false, Alone),
	{_, Again} = epmd_mdns_join_state:up(?BOB, visible, Lost),
	{_, Paused} = epmd_mdns_join_state:down(?BOB, disconnect, false, Again),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Paused)).

a_third_node_that_was_there_first_counts_as_well_test() ->
	Peers = epmd_mdns_join_state:new(<<"alice@h1">>, #{}, [?CAROL], fun rand:uniform/1),
	?assertMatch({[_, {timer, ?BOB, _, _}], _}, epmd_mdns_join_state:down(?BOB, disconnect, false, connected(?BOB, Peers))).

a_hidden_third_node_is_none_of_global_s_business_test() ->
	{[], Peers} = epmd_mdns_join_state:up(?CAROL, hidden, connected(?BOB, new())),
	?assertMatch({[{lost, ?BOB, _}], _}, epmd_mdns_join_state:down(?BOB, disconnect, false, Peers)).

where_global_is_calm_every_disconnect_is_a_pause_test() ->
	{[], Company} = epmd_mdns_join_state:up(?CAROL, visible, connected(?BOB, new())),
	?assertMatch({[{lost, ?BOB, _}], _}, epmd_mdns_join_state:down(?BOB, disconnect, true, Company)).

%% It is we who end the connection, and so nobody's wish.
a_disconnect_of_what_does_not_answer_is_no_pause_test_() ->
	[fun() ->
		Silent = epmd_mdns_join_state:unanswered(?BOB, connected(?BOB, new())),
		?assertEqual(2, epmd_mdns_join_state:count(Silent)),
		{[{lost, ?BOB, disconnect}, {timer, ?BOB, N, Delay}], Lost} = epmd_mdns_join_state:down(?BOB, disconnect, IsCalm, Silent),
		?assert(Delay < 1000),
		?assertEqual(#{}, epmd_mdns_join_state:pauses(Lost)),
		%% The next connection is another matter.
		{[], Ready} = epmd_mdns_join_state:again(?BOB, N, Lost),
		{[?BOB], Trying} = epmd_mdns_join_state:pick([], [], Ready),
		{[{joined, ?BOB}], Up} = epmd_mdns_join_state:up(?BOB, visible, Trying),
		{_, Paused} = epmd_mdns_join_state:down(?BOB, disconnect, IsCalm, Up),
		?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Paused))
	end || IsCalm <- [true, false]].

what_is_not_connected_does_not_have_to_answer_test() ->
	Trying = trying(?BOB, new()),
	?assertEqual(Trying, epmd_mdns_join_state:unanswered(?BOB, Trying)),
	?assertEqual(Trying, epmd_mdns_join_state:unanswered(?CAROL, Trying)).

a_pause_holds_for_who_comes_and_goes_and_ends_with_other_ports_test() ->
	{[], Paused} = epmd_mdns_join_state:pause(?BOB, us, unknown, trying_later(?BOB)),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Paused)),
	{[], Back} = seen(?BOB, present, no, epmd_mdns_join_state:gone(?BOB, Paused)),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Back)),
	{[], Anew} = epmd_mdns_join_state:seen(?BOB, ?OTHER_PORTS, new, no, Back),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick([], [], Anew)).

a_pause_during_an_attempt_ends_what_comes_of_it_test() ->
	{[], Paused} = epmd_mdns_join_state:pause(?BOB, us, unknown, trying(?BOB, new())),
	?assertMatch({[{joined, ?BOB}, {disconnect, ?BOB}], _}, epmd_mdns_join_state:up(?BOB, visible, Paused)),
	{_, Failed} = epmd_mdns_join_state:ended(?BOB, unreachable, false, Paused),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Failed)).

a_program_may_connect_what_is_paused_test() ->
	{[], Paused} = epmd_mdns_join_state:pause(?BOB, us, unknown, trying_later(?BOB)),
	{[{joined, ?BOB}], Up} = epmd_mdns_join_state:up(?BOB, visible, Paused),
	{[{lost, ?BOB, _}], Lost} = epmd_mdns_join_state:down(?BOB, connection_closed, false, Up),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Lost)).

%% Nobody has asked for the connection: it is made by what global still had to say.
what_connects_right_after_a_pause_that_the_other_wants_is_ended_test() ->
	{[{timer, ?BOB, N, _}], Paused} = epmd_mdns_join_state:pause(?BOB, them, 17, connected(?BOB, new())),
	{[{lost, ?BOB, _}], Lost} = epmd_mdns_join_state:down(?BOB, disconnect, false, Paused),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Lost)),
	{[{joined, ?BOB}], Up} = epmd_mdns_join_state:up(?BOB, visible, Lost),
	?assertMatch({[{disconnect, ?BOB}], _}, epmd_mdns_join_state:again(?BOB, N, Up)),
	%% Unless its joiner has asked: it was their pause.
	{true, Greeted} = epmd_mdns_join_state:greeted(?BOB, 17, false, Up),
	?assertMatch({[], _}, epmd_mdns_join_state:again(?BOB, N, Greeted)).

a_pause_ends_when_somebody_asks_test() ->
	{[], Paused} = epmd_mdns_join_state:pause(?BOB, us, unknown, trying_later(?BOB)),
	Resumed = epmd_mdns_join_state:resume(?BOB, Paused),
	?assertEqual(#{}, epmd_mdns_join_state:pauses(Resumed)),
	?assertMatch({[?BOB], _}, epmd_mdns_join_state:pick([], [], Resumed)),
	?assertEqual(connected(?BOB, new()), epmd_mdns_join_state:resume(?BOB, connected(?BOB, new()))),
	?assertEqual(new(), epmd_mdns_join_state:resume(?BOB, new())).

%% The creation that it had said while it was connected.
who_says_hello_is_welcome_unless_paused_and_the_same_test() ->
	{true, Greeted} = epmd_mdns_join_state:greeted(?BOB, 17, false, connected(?BOB, new())),
	{_, Paused} = epmd_mdns_join_state:down(?BOB, disconnect, false, Greeted),
	?assertMatch({false, _}, epmd_mdns_join_state:greeted(?BOB, 17, false, Paused)),
	?assertMatch({true, _}, epmd_mdns_join_state:greeted(?BOB, 18, false, Paused)),
	?assertMatch({true, _}, epmd_mdns_join_state:greeted(?BOB, 17, true, Paused)).

%% Internal.

again(Node, Generation, Peers) ->
	{[], Again} = epmd_mdns_join_state:again(Node, Generation, Peers),
	Again.

new() ->
	epmd_mdns_join_state:new(<<"alice@h1">>, #{}, [], fun rand:uniform/1).

%% So many nodes that were there before us.
present(Count) ->
	lists:foldl(fun(N, Peers) ->
		{[], Next} = seen(<<"n", (integer_to_binary(N))/binary, "@h">>, present, no, Peers),
		Next
	end, new(), lists:seq(1, Count)).

seen(Node, When, Connected, Peers) ->
	epmd_mdns_join_state:seen(Node, ?PORTS, When, Connected, Peers).

trying(Node, Peers) ->
	{[], Seen} = seen(Node, present, no, Peers),
	{[Node], Tried} = epmd_mdns_join_state:pick([], [], Seen),
	Tried.

%% Known, and not yet tried.
trying_later(Node) ->
	{[_], Peers} = seen(Node, new, no, new()),
	Peers.

connected(Node, Peers) ->
	{[{joined, Node}], Up} = epmd_mdns_join_state:up(Node, visible, trying(Node, Peers)),
	Up.
