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
	{[?BOB], Tried} = pick([], [], Peers),
	?assertEqual(#{?BOB => trying}, epmd_mdns_join_state:states(Tried)),
	?assertMatch({[], _}, pick([?BOB], [], Tried)).

what_appears_later_has_a_moment_to_join_us_test() ->
	{[{timer, ?BOB, N, _}], Peers} = seen(?BOB, new, no, new()),
	?assertMatch({[], _}, pick([], [], Peers)),
	?assertMatch({[?BOB], _}, pick([], [], again(?BOB, N, Peers))).

a_connection_that_is_there_first_is_reported_when_the_advert_comes_test() ->
	{[{joined, ?BOB}, _], Peers} = seen(?BOB, new, now, new()),
	?assertEqual(2, epmd_mdns_join_state:count(Peers)).

a_connection_from_before_a_crash_is_not_reported_test() ->
	{[], Peers} = seen(?BOB, present, before, new()),
	?assertEqual(#{?BOB => connected}, epmd_mdns_join_state:states(Peers)).

there_are_eight_attempts_at_once_and_never_two_at_one_node_test() ->
	Peers = present(50),
	{First, Tried} = pick([], [], Peers),
	?assertEqual(8, length(First)),
	?assertMatch({[], _}, pick(First, [], Tried)),
	{Second, _} = pick(tl(First), [], Tried),
	?assertEqual(1, length(Second)),
	?assertNot(lists:member(hd(Second), First)).

%% Eight hosts that have lost their power are no reason to wait.
slow_attempts_hold_up_no_others_until_there_are_thirty_two_test() ->
	{Slow, Peers} = lists:foldl(fun(_, {Before, Acc}) ->
		{Quick, Next} = pick([], Before, Acc),
		?assertEqual(8, length(Quick)),
		{Quick ++ Before, Next}
	end, {[], present(50)}, lists:seq(1, 4)),
	?assertEqual(32, length(lists:usort(Slow))),
	?assertMatch({[], _}, pick([], Slow, Peers)),
	?assertMatch({[_], _}, pick([], tl(Slow), Peers)).

%% Its attempt goes on although it was forgotten, and comes back before that is over.
a_node_that_comes_back_during_an_attempt_is_not_tried_twice_test() ->
	Tried = trying(?BOB, new()),
	{[], Back} = seen(?BOB, new, no, gone(?BOB, Tried)),
	?assertMatch({[], _}, pick([?BOB], [], Back)),
	{[{joined, ?BOB}, _], _} = ended(?BOB, connected, true, Back).

those_that_have_not_failed_come_first_test() ->
	{Tried, Trying} = pick([], [], present(8)),
	Failed = lists:foldl(fun(Node, Acc) ->
		{[_, {timer, Node, N, _}], Next} = ended(Node, unreachable, false, Acc),
		again(Node, N, Next)
	end, Trying, Tried),
	{[], Peers} = seen(?BOB, present, no, Failed),
	?assertMatch({[?BOB], _}, pick(tl(Tried), [], Peers)).

%% Failing.

failures_are_logged_once_and_waited_for_longer_and_longer_test() ->
	{Logged, Delays, _} = lists:foldl(fun(_, {Levels, Waited, Peers}) ->
		{[{failed, ?BOB, unreachable, _, Level}, {timer, ?BOB, N, Delay}], Failed} =
			ended(?BOB, unreachable, false, trying(?BOB, Peers)),
		?assertEqual(#{?BOB => unreachable}, epmd_mdns_join_state:states(Failed)),
		{[Level|Levels], [Delay|Waited], again(?BOB, N, Failed)}
	end, {[], [], new()}, lists:seq(1, 20)),
	?assertEqual([info, warning], [Level || Level <- lists:reverse(Logged), Level =/= none]),
	?assert(lists:last(Delays) =< 201),
	?assert(hd(Delays) >= 5000 andalso hd(Delays) =< 10001).

a_refusal_is_a_warning_and_not_repeated_for_minutes_test() ->
	{[{failed, ?BOB, refused, 1, warning}, {timer, ?BOB, N, Delay}], Refused} =
		ended(?BOB, refused, false, trying(?BOB, new())),
	?assert(Delay >= 120000),
	?assertEqual(#{?BOB => refused}, epmd_mdns_join_state:states(Refused)),
	Again = again(?BOB, N, Refused),
	?assertMatch({[{failed, ?BOB, refused, _, none}, {timer, _, _, _}], _},
		ended(?BOB, refused, false, trying(?BOB, Again))).

a_refusal_outlives_an_advert_that_comes_and_goes_test() ->
	{_, Refused} = ended(?BOB, refused, false, trying(?BOB, new())),
	{[], Back} = seen(?BOB, new, no, gone(?BOB, Refused)),
	?assertMatch({[], _}, pick([], [], Back)),
	%% But not a node that was started anew.
	{[], Anew} = epmd_mdns_join_state:seen(?BOB, ?OTHER_PORTS, new, no, Back),
	?assertMatch({[?BOB], _}, pick([], [], Anew)).

a_refusal_of_what_has_gone_is_forgotten_in_the_end_test() ->
	{[_, {timer, _, N, _}], Refused} = ended(?BOB, refused, false, trying(?BOB, new())),
	Gone = gone(?BOB, Refused),
	?assertEqual(#{}, epmd_mdns_join_state:states(again(?BOB, N, Gone))).

an_old_timer_counts_no_more_test() ->
	{[{timer, ?BOB, N, _}], Waiting} = seen(?BOB, new, no, new()),
	{_, Up} = epmd_mdns_join_state:up(?BOB, Waiting),
	{[_, {timer, ?BOB, M, _}], Lost} = down(?BOB, connection_closed, false, Up),
	?assertNotEqual(N, M),
	?assertMatch({[], _}, pick([], [], again(?BOB, N, Lost))),
	?assertMatch({[?BOB], _}, pick([], [], again(?BOB, M, Lost))).

the_end_of_an_attempt_at_nobody_in_particular_is_ignored_test() ->
	?assertEqual({[], new()}, ended(?BOB, unreachable, false, new())),
	?assertEqual({[], new()}, epmd_mdns_join_state:up(?BOB, new())),
	?assertEqual(new(), again(?BOB, 1, new())).

%% Losing.

a_lost_connection_is_made_again_while_the_node_is_advertised_test() ->
	{[{lost, ?BOB, net_tick_timeout}, {timer, ?BOB, N, _}], Lost} =
		down(?BOB, net_tick_timeout, false, connected(?BOB, new())),
	?assertMatch({[?BOB], _}, pick([], [], again(?BOB, N, Lost))).

a_connection_outlives_its_advert_test() ->
	Gone = gone(?BOB, connected(?BOB, new())),
	?assertEqual(#{?BOB => connected}, epmd_mdns_join_state:states(Gone)),
	{[], Back} = seen(?BOB, new, now, Gone),
	?assertEqual(#{?BOB => connected}, epmd_mdns_join_state:states(Back)),
	{[{lost, ?BOB, _}], Lost} = down(?BOB, connection_closed, false, Gone),
	?assertEqual(#{}, epmd_mdns_join_state:states(Lost)).

what_is_not_advertised_is_forgotten_test() ->
	{[], Peers} = seen(?BOB, present, no, new()),
	?assertEqual(#{}, epmd_mdns_join_state:states(gone(?BOB, Peers))),
	?assertEqual([?BOB], epmd_mdns_join_state:others([?CAROL], Peers)),
	?assertEqual([], epmd_mdns_join_state:others([?BOB], Peers)),
	{_, Failed} = ended(?BOB, unreachable, false, gone(?BOB, trying(?BOB, new()))),
	?assertEqual(#{}, epmd_mdns_join_state:states(Failed)).

%% In the long run.

a_connection_is_a_success_when_it_has_lasted_test() ->
	Delays = flapping(10, connected(?BOB, new())),
	?assert(hd(Delays) < 1000),
	?assert(lists:last(Delays) >= 5000),
	{[{joined, ?BOB}, {timer, ?BOB, N, 10000}], Up} = epmd_mdns_join_state:up(?BOB, trying(?BOB, new())),
	{[_, {timer, ?BOB, M, Short}], Lost} = down(?BOB, connection_closed, false, again(?BOB, N, Up)),
	?assert(Short =< 500),
	%% The timer of the connection that was lost counts no more.
	{[_, {timer, ?BOB, _, _}], Back} = epmd_mdns_join_state:up(?BOB, again(?BOB, M, Lost)),
	?assertEqual(Back, again(?BOB, M, Back)).

a_peer_that_is_not_heard_of_any_more_is_tried_for_ten_minutes_test() ->
	Silent = epmd_mdns_join_state:gone(?BOB, silent, 1000, connected(?BOB, new())),
	{[_, {timer, ?BOB, N, _}], Lost} = epmd_mdns_join_state:down(?BOB, net_tick_timeout, false, 5000, Silent),
	{[?BOB], Tried} = pick([], [], again(?BOB, N, Lost)),
	{[_, {timer, ?BOB, M, _}], Failed} = epmd_mdns_join_state:ended(?BOB, unreachable, false, 604999, Tried),
	%% That the mirror says so once more is no news.
	{[?BOB], Last} = pick([], [], again(?BOB, M, epmd_mdns_join_state:gone(?BOB, silent, 604999, Failed))),
	{[{failed, ?BOB, _, _, _}], Over} = epmd_mdns_join_state:ended(?BOB, unreachable, false, 605000, Last),
	?assertEqual(#{}, epmd_mdns_join_state:states(Over)).

%% Also one that is being tried again when that is heard.
a_peer_that_has_ended_is_not_tried_any_more_test() ->
	{[_, {timer, ?BOB, N, _}], Lost} = down(?BOB, connection_closed, false, connected(?BOB, new())),
	?assertEqual(#{}, epmd_mdns_join_state:states(epmd_mdns_join_state:gone(?BOB, ended, 0, Lost))),
	{[?BOB], Tried} = pick([], [], again(?BOB, N, Lost)),
	{[_], Over} = ended(?BOB, unreachable, false, epmd_mdns_join_state:gone(?BOB, ended, 0, Tried)),
	?assertEqual(#{}, epmd_mdns_join_state:states(Over)).

a_port_that_does_not_answer_is_a_warning_at_the_second_time_test() ->
	?assertEqual([info, warning, none, none], levels(timed_out, 4)),
	?assertEqual([info|lists:duplicate(10, none)] ++ [warning], levels(closed, 12)).

who_is_to_be_left_alone_is_not_picked_test() ->
	{[], Peers} = seen(?BOB, present, no, present(1)),
	?assertMatch({[<<"n1@h">>], _}, epmd_mdns_join_state:pick([], [], fun(Node) -> Node =/= ?BOB end, Peers)).

%% Pausing.

%% It may be global's, whoever else is known here.
a_disconnect_is_no_pause_test() ->
	?assertMatch({[{lost, ?BOB, disconnect}, {timer, ?BOB, _, _}], _}, down(?BOB, disconnect, false, connected(?BOB, new()))).

where_global_is_calm_every_disconnect_is_a_pause_test() ->
	{[{lost, ?BOB, disconnect}, {paused, ?BOB, {us, disconnect_node}}], Lost} = down(?BOB, disconnect, true, connected(?BOB, new())),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Lost)),
	?assertMatch(#{?BOB := _}, epmd_mdns_join_state:pauses(Lost)),
	?assertEqual(disconnect_node, epmd_mdns_join_state:reason(?BOB, Lost)),
	?assertMatch({[], _}, pick([], [], Lost)).

%% It is we who end the connection, and so nobody's wish.
a_disconnect_of_what_does_not_answer_is_no_pause_test_() ->
	[fun() ->
		Silent = epmd_mdns_join_state:unanswered(?BOB, connected(?BOB, new())),
		?assertEqual(2, epmd_mdns_join_state:count(Silent)),
		{[{lost, ?BOB, disconnect}, {timer, ?BOB, N, Delay}], Lost} = down(?BOB, disconnect, IsCalm, Silent),
		?assert(Delay < 1000),
		?assertEqual(#{}, epmd_mdns_join_state:pauses(Lost)),
		%% The next connection is another matter.
		{[], Ready} = epmd_mdns_join_state:again(?BOB, N, Lost),
		{[?BOB], Trying} = pick([], [], Ready),
		{[{joined, ?BOB}, {timer, ?BOB, _, _}], Up} = epmd_mdns_join_state:up(?BOB, Trying),
		{_, Down} = down(?BOB, disconnect, IsCalm, Up),
		?assertEqual(IsCalm, epmd_mdns_join_state:states(Down) =:= #{?BOB => paused})
	end || IsCalm <- [true, false]].

%% The port of a node that is suspect is tried before OTP is asked to connect.
a_node_is_suspect_when_an_attempt_has_timed_out_test() ->
	{_, New} = seen(?BOB, present, no, new()),
	?assertNot(epmd_mdns_join_state:is_suspect(?BOB, New)),
	{_, Closed} = ended(?BOB, closed, false, trying(?BOB, new())),
	?assertNot(epmd_mdns_join_state:is_suspect(?BOB, Closed)),
	{_, TimedOut} = ended(?BOB, timed_out, false, trying(?BOB, new())),
	?assert(epmd_mdns_join_state:is_suspect(?BOB, TimedOut)).

what_is_not_connected_does_not_have_to_answer_test() ->
	Trying = trying(?BOB, new()),
	?assertEqual(Trying, epmd_mdns_join_state:unanswered(?BOB, Trying)),
	?assertEqual(Trying, epmd_mdns_join_state:unanswered(?CAROL, Trying)).

a_pause_holds_for_who_comes_and_goes_and_ends_with_other_ports_test() ->
	{[{paused, ?BOB, {us, pause}}], Paused} = epmd_mdns_join_state:pause(?BOB, {us, pause}, unknown, trying_later(?BOB)),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Paused)),
	{[], Back} = seen(?BOB, present, no, gone(?BOB, Paused)),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Back)),
	{[], Anew} = epmd_mdns_join_state:seen(?BOB, ?OTHER_PORTS, new, no, Back),
	?assertMatch({[?BOB], _}, pick([], [], Anew)).

a_pause_during_an_attempt_ends_what_comes_of_it_test() ->
	{[{paused, ?BOB, {us, pause}}], Paused} = epmd_mdns_join_state:pause(?BOB, {us, pause}, unknown, trying(?BOB, new())),
	?assertMatch({[{joined, ?BOB}, {disconnect, ?BOB}, _], _}, epmd_mdns_join_state:up(?BOB, Paused)),
	{_, Failed} = ended(?BOB, unreachable, false, Paused),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Failed)).

a_program_may_connect_what_is_paused_test() ->
	{[{paused, ?BOB, {us, pause}}], Paused} = epmd_mdns_join_state:pause(?BOB, {us, pause}, unknown, trying_later(?BOB)),
	{[{joined, ?BOB}, _], Up} = epmd_mdns_join_state:up(?BOB, Paused),
	{[{lost, ?BOB, _}], Lost} = down(?BOB, connection_closed, false, Up),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Lost)).

%% Nobody has asked for the connection: it is made by what global still had to say.
what_connects_right_after_a_pause_that_the_other_wants_is_ended_test() ->
	{[{paused, ?BOB, _}, {timer, ?BOB, N, _}], Paused} = epmd_mdns_join_state:pause(?BOB, {them, pause}, 17, connected(?BOB, new())),
	{[{lost, ?BOB, _}], Lost} = down(?BOB, disconnect, false, Paused),
	?assertEqual(#{?BOB => paused}, epmd_mdns_join_state:states(Lost)),
	{[{joined, ?BOB}, _], Up} = epmd_mdns_join_state:up(?BOB, Lost),
	?assertMatch({[{disconnect, ?BOB}], _}, epmd_mdns_join_state:again(?BOB, N, Up)),
	%% Unless its joiner has asked: it was their pause.
	{true, Greeted} = epmd_mdns_join_state:greeted(?BOB, 17, false, Up),
	?assertMatch({[], _}, epmd_mdns_join_state:again(?BOB, N, Greeted)).

a_pause_ends_when_somebody_asks_test() ->
	{[{paused, ?BOB, {us, pause}}], Paused} = epmd_mdns_join_state:pause(?BOB, {us, pause}, unknown, trying_later(?BOB)),
	Resumed = epmd_mdns_join_state:resume(?BOB, Paused),
	?assertEqual(#{}, epmd_mdns_join_state:pauses(Resumed)),
	?assertMatch({[?BOB], _}, pick([], [], Resumed)),
	?assertEqual(connected(?BOB, new()), epmd_mdns_join_state:resume(?BOB, connected(?BOB, new()))),
	?assertEqual(new(), epmd_mdns_join_state:resume(?BOB, new())).

%% The creation that it had said while it was connected.
who_says_hello_is_welcome_unless_paused_and_the_same_test() ->
	{true, Greeted} = epmd_mdns_join_state:greeted(?BOB, 17, false, connected(?BOB, new())),
	{_, Paused} = down(?BOB, disconnect, true, Greeted),
	?assertMatch({false, _}, epmd_mdns_join_state:greeted(?BOB, 17, false, Paused)),
	?assertMatch({true, _}, epmd_mdns_join_state:greeted(?BOB, 18, false, Paused)),
	?assertMatch({true, _}, epmd_mdns_join_state:greeted(?BOB, 17, true, Paused)).

%% Whatever happens, in whatever order: nobody has asked for a pause, and global may disconnect.
nothing_but_a_person_pauses_test_() ->
	{timeout, 60, fun() ->
		lists:foreach(fun(Seed) ->
			_ = rand:seed(exsss, Seed),
			{Peers, _} = lists:foldl(fun(_, Acc) -> happens(rand:uniform(9), Acc) end, {new(), []}, lists:seq(1, 300)),
			?assertEqual({Seed, #{}}, {Seed, epmd_mdns_join_state:pauses(Peers)}),
			?assertEqual({Seed, []}, {Seed, [Node || {Node, paused} <- maps:to_list(epmd_mdns_join_state:states(Peers))]})
		end, lists:seq(1, 200))
	end}.

%% Internal.

happens(What, {Peers, Timers}) ->
	Node = lists:nth(rand:uniform(3), [?BOB, ?CAROL, <<"dave@h4">>]),
	{Actions, Next} = case What of
		1 -> seen(Node, present, no, Peers);
		2 -> seen(Node, new, lists:nth(rand:uniform(3), [no, now, before]), Peers);
		3 -> {[], epmd_mdns_join_state:gone(Node, lists:nth(rand:uniform(2), [ended, silent]), 0, Peers)};
		4 -> {[], element(2, pick([], [], Peers))};
		5 -> ended(Node, lists:nth(rand:uniform(4), [refused, timed_out, closed, connected]), rand:uniform(2) =:= 1, Peers);
		6 when Timers =/= [] ->
			{Other, Generation} = lists:nth(rand:uniform(length(Timers)), Timers),
			epmd_mdns_join_state:again(Other, Generation, Peers);
		7 -> epmd_mdns_join_state:up(Node, Peers);
		8 -> {[], element(2, epmd_mdns_join_state:greeted(Node, rand:uniform(2), rand:uniform(2) =:= 1, Peers))};
		_ -> down(Node, lists:nth(rand:uniform(2), [disconnect, connection_closed]), false, Peers)
	end,
	?assertEqual([], [Action || Action <- Actions, element(1, Action) =:= paused orelse element(1, Action) =:= disconnect]),
	{Next, [{Other, Generation} || {timer, Other, Generation, _} <- Actions] ++ Timers}.

%% How long it waits each time when a connection doesn't last.
flapping(0, _) ->
	[];
flapping(N, Peers) ->
	{[_, {timer, ?BOB, Generation, Delay}], Lost} = down(?BOB, wait_pending, false, Peers),
	{_, Up} = epmd_mdns_join_state:up(?BOB, again(?BOB, Generation, Lost)),
	[Delay|flapping(N - 1, Up)].

levels(Failure, Count) ->
	{Levels, _} = lists:mapfoldl(fun(_, Peers) ->
		{[{failed, ?BOB, Failure, _, Level}, {timer, ?BOB, N, _}], Failed} = ended(?BOB, Failure, false, trying(?BOB, Peers)),
		{Level, again(?BOB, N, Failed)}
	end, new(), lists:seq(1, Count)),
	Levels.

%% With nobody to be left alone, and at a time when nothing is remembered any more.

pick(Quick, Slow, Peers) ->
	epmd_mdns_join_state:pick(Quick, Slow, fun(_) -> true end, Peers).

ended(Node, Result, IsConnected, Peers) ->
	epmd_mdns_join_state:ended(Node, Result, IsConnected, 0, Peers).

down(Node, Reason, IsCalm, Peers) ->
	epmd_mdns_join_state:down(Node, Reason, IsCalm, 0, Peers).

gone(Node, Peers) ->
	epmd_mdns_join_state:gone(Node, ended, 0, Peers).

again(Node, Generation, Peers) ->
	{[], Again} = epmd_mdns_join_state:again(Node, Generation, Peers),
	Again.

new() ->
	epmd_mdns_join_state:new(<<"alice@h1">>, #{}, fun rand:uniform/1).

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
	{[Node], Tried} = pick([], [], Seen),
	Tried.

%% Known, and not yet tried.
trying_later(Node) ->
	{[_], Peers} = seen(Node, new, no, new()),
	Peers.

connected(Node, Peers) ->
	{[{joined, Node}, _], Up} = epmd_mdns_join_state:up(Node, trying(Node, Peers)),
	Up.
