%% SPDX-License-Identifier: Apache-2.0
%%
%% Pairs of nodes that can't connect.

-module(epmd_mdns_join_faults_tests).

-include_lib("eunit/include/eunit.hrl").

-define(A, <<"a@h1">>).
-define(B, <<"b@h2">>).
-define(C, <<"c@h3">>).
-define(D, <<"d@h4">>).
-define(LIFE, 60000).
-define(LASTS, 4000).

both_ends_have_to_say_so_test() ->
	One = failed(?C, timed_out, 1, 0, new(?A)),
	?assertEqual([], epmd_mdns_join_faults:pairs(One)),
	Both = heard([{?C, ?A, timed_out, 100}], 0, One),
	%% For a while: it may be over in a moment.
	?assert(epmd_mdns_join_faults:is_any(Both)),
	?assertEqual([], epmd_mdns_join_faults:pairs(epmd_mdns_join_faults:expire(?LASTS - 101, Both))),
	Pair = epmd_mdns_join_faults:expire(?LASTS - 100, Both),
	?assertEqual([{?A, ?C, timed_out}, {?C, ?A, timed_out}], epmd_mdns_join_faults:pairs(Pair)),
	?assertEqual([[?C], [], [?A]], [epmd_mdns_join_faults:unreachable_from(Node, Pair) || Node <- [?A, ?B, ?C]]).

%% But of everybody who says the same of us.
of_many_only_a_few_are_claimed_test() ->
	Names = [<<"n", (integer_to_binary(N))/binary, "@h">> || N <- lists:seq(1, 9)],
	Many = lists:foldl(fun(Node, Acc) -> failed(Node, timed_out, 1, 0, Acc) end, heard([{?C, ?A, closed, 0}], 0, new(?A)), Names ++ [?C]),
	?assertEqual([?C|lists:sublist(Names, 3)], [To || {?A, To, _, _} <- epmd_mdns_join_faults:claims(0, Many)]).

%% The network was in two pieces, and is whole again: each claims what has been.
what_was_claimed_before_they_could_speak_shows_nothing_test() ->
	Old = epmd_mdns_join_faults:heard([{?C, ?A, timed_out, 100}], old, 0, failed(?C, timed_out, 1, 0, new(?A))),
	?assertNot(epmd_mdns_join_faults:is_any(Old)),
	%% It is no fault of the past if one of them still can't connect.
	[?assert(epmd_mdns_join_faults:is_any(Left))
		|| Left <- [failed(?C, timed_out, 2, 5000, Old), heard([{?C, ?A, timed_out, 0}], 5000, Old)]].

%% A port is closed when its node has just ended; a handshake that takes too long, or another cookie, is no fault of this kind.
only_what_looks_like_a_firewall_is_claimed_test_() ->
	[?_assertEqual(IsClaimed, epmd_mdns_join_faults:is_claimed({?C, ?A}, failed(?C, Reason, Count, 0, new(?A))))
		|| {IsClaimed, Reason, Count} <- [{true, timed_out, 1}, {false, closed, 1}, {true, closed, 2}, {false, refused, 9}, {false, unreachable, 9}]].

about_our_own_failures_nobody_knows_more_test() ->
	?assertEqual(new(?A), heard([{?A, ?C, closed, 0}], 0, new(?A))).

a_claim_is_forgotten_unless_it_is_made_anew_test() ->
	Pair = pair(?B, ?A, ?C, new(?B)),
	?assertEqual([{?A, ?C, closed, 7}, {?C, ?A, closed, 7}], epmd_mdns_join_faults:claims(7, Pair)),
	%% One end is enough: the other one may have nobody to tell.
	Again = heard([{?A, ?C, closed, 0}], ?LIFE - 1, Pair),
	Left = epmd_mdns_join_faults:expire(?LIFE, Again),
	?assertEqual([{?A, ?C, closed}], epmd_mdns_join_faults:pairs(Left)),
	?assertEqual([?A], epmd_mdns_join_faults:unreachable_from(?C, Left)),
	?assertEqual(new(?B), epmd_mdns_join_faults:expire(2 * ?LIFE, Left)),
	?assertEqual(new(?B), heard([{?A, ?C, closed, ?LIFE}], 0, new(?B))).

%% As it is passed on by another.
an_older_claim_is_no_news_test() ->
	Pair = pair(?B, ?A, ?C, new(?B)),
	?assertEqual(Pair, epmd_mdns_join_faults:heard([{?A, ?C, timed_out, 5000}], old, 1000, Pair)).

%% It could connect, if we didn't try in vain. So the pair is shown as ours to mend.
who_turns_away_what_it_does_not_reach_is_in_its_way_test() ->
	AtC = epmd_mdns_join_faults:expire(?LASTS, heard([{?A, ?C, turned_away, 0}], 0, failed(?A, timed_out, 1, 0, new(?C)))),
	AtA = epmd_mdns_join_faults:expire(?LASTS, heard([{?C, ?A, timed_out, 0}], 0, failed(?C, turned_away, 1, 0, new(?A)))),
	[?assertEqual([{?C, ?A, timed_out}], epmd_mdns_join_faults:pairs(Faults)) || Faults <- [AtA, AtC]],
	?assertEqual([?A], epmd_mdns_join_faults:turned_away(AtC)),
	?assertEqual([], epmd_mdns_join_faults:turned_away(AtA)).

%% That may yet succeed.
who_is_not_at_fault_is_in_nobodys_way_test() ->
	Early = heard([{?A, ?C, turned_away, 0}], 0, failed(?A, timed_out, 1, 0, new(?C))),
	?assertEqual([], epmd_mdns_join_faults:turned_away(epmd_mdns_join_faults:expire(?LASTS - 1, Early))).

%% As two that hang do.
two_that_turn_each_other_away_are_no_pair_test() ->
	Faults = heard([{?A, ?C, turned_away, 0}], 0, failed(?A, turned_away, 1, 0, new(?C))),
	?assertNot(epmd_mdns_join_faults:is_any(Faults)).

a_pair_is_whole_when_it_is_connected_or_one_has_gone_test() ->
	Pair = pair(?A, ?A, ?C, new(?A)),
	[?assertEqual(new(?A), Over) || Over <- [epmd_mdns_join_faults:connected(?C, Pair),
		epmd_mdns_join_faults:mended(?C, ?A, Pair), epmd_mdns_join_faults:gone(?C, Pair), epmd_mdns_join_faults:gone(?A, Pair)]],
	[?assertEqual(Pair, Same) || Same <- [epmd_mdns_join_faults:connected(?B, Pair), epmd_mdns_join_faults:gone(?B, Pair)]].

%% Of a pair the one with the greater name stands aside: only to the other end it goes on trying to connect.
one_end_stands_aside_test_() ->
	[{lists:flatten(io_lib:format("~s ~s", [Own, Node])),
		?_assertEqual(MayTry, epmd_mdns_join_faults:may_try(Node, pair(Own, ?A, ?C, new(Own))))}
		|| {Own, Node, MayTry} <- [
			{?A, ?B, true}, {?A, ?C, true}, {?A, ?D, true},
			{?B, ?A, true}, {?B, ?C, false}, {?B, ?D, true},
			{?C, ?A, true}, {?C, ?B, false}, {?C, ?D, false}
		]].

that_end_leaves_the_others_test_() ->
	[?_assertEqual(IsAside, epmd_mdns_join_faults:is_aside(pair(Own, ?A, ?C, new(Own))))
		|| {Own, IsAside} <- [{?A, false}, {?B, false}, {?C, true}]].

%% The one that nobody reaches, whatever its name is.
who_is_in_more_pairs_stands_aside_test() ->
	Pairs = fun(Own) -> pair(Own, ?A, ?D, pair(Own, ?A, ?C, new(Own))) end,
	?assert(epmd_mdns_join_faults:may_try(?C, Pairs(?B))),
	?assert(epmd_mdns_join_faults:may_try(?D, Pairs(?C))),
	?assertNot(epmd_mdns_join_faults:may_try(?A, Pairs(?B))),
	?assertNot(epmd_mdns_join_faults:may_try(?B, Pairs(?A))),
	?assert(epmd_mdns_join_faults:may_try(?C, Pairs(?A))).

%% Whatever the pairs are, those that don't stand aside are all connected to each other.
who_does_not_stand_aside_can_reach_all_others_test() ->
	Names = [<<"n", (integer_to_binary(N))/binary, "@h">> || N <- lists:seq(1, 8)],
	lists:foreach(fun(Seed) ->
		_ = rand:seed(exsss, Seed),
		Pairs = [{One, Other} || One <- Names, Other <- Names, One < Other, rand:uniform(4) =:= 1],
		All = fun(Own) -> lists:foldl(fun({One, Other}, Acc) -> pair(Own, One, Other, Acc) end, new(Own), Pairs) end,
		Whole = [Node || Node <- Names, Node =/= ?B, epmd_mdns_join_faults:may_try(Node, All(?B))],
		?assertEqual([], [Pair || Pair={One, Other} <- Pairs, lists:member(One, Whole), lists:member(Other, Whole)])
	end, lists:seq(1, 100)).

%% Internal.

new(Own) ->
	epmd_mdns_join_faults:new(Own).

failed(Node, Reason, Count, Now, Faults) ->
	epmd_mdns_join_faults:failed(Node, Reason, Count, Now, Faults).

heard(Claims, Now, Faults) ->
	epmd_mdns_join_faults:heard(Claims, live, Now, Faults).

%% At fault, at the time 0, as Own sees it.
pair(Own, One, Other, Faults) ->
	epmd_mdns_join_faults:expire(?LASTS, lists:foldl(fun
		({From, To}, Acc) when From =:= Own -> failed(To, closed, 2, 0, Acc);
		({From, To}, Acc) -> heard([{From, To, closed, 0}], 0, Acc)
	end, Faults, [{One, Other}, {Other, One}])).
