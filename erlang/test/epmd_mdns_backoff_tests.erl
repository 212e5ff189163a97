%% SPDX-License-Identifier: Apache-2.0

-module(epmd_mdns_backoff_tests).

-include_lib("eunit/include/eunit.hrl").

each_delay_is_twice_the_one_before_up_to_a_limit_test() ->
	[?assert(Delay > Max div 2 andalso Delay =< Max) || {Attempts, Max} <- [{0, 100}, {1, 200}, {2, 400}, {3, 800},
		{4, 1000}, {5, 1000}, {1000000, 1000}], Delay <- [epmd_mdns_backoff:delay(connection, Attempts) || _ <- lists:seq(1, 100)]].

nobody_comes_at_the_same_time_as_all_others_test() ->
	?assert(length(lists:usort([epmd_mdns_backoff:delay(connection, 3) || _ <- lists:seq(1, 100)])) > 20).

%% The place that a node was refused for may be free the next moment.
what_was_refused_by_the_daemon_is_tried_again_within_5_seconds_test() ->
	Longest = fun(N) -> N end,
	?assertEqual([5000, 5000], [epmd_mdns_backoff:delay(registration, N, Longest) || N <- [0, 1000]]).

starts_that_fail_are_counted_until_one_succeeds_test() ->
	ok = epmd_mdns_table:new(tcp),
	try
		[?assert(Rest > Max div 2 andalso Rest =< Max) || {Max, Rest} <- [{Max, epmd_mdns_backoff:failed(worker)}
			|| Max <- [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]]],
		?assert(epmd_mdns_backoff:failed(another) =< 1000),
		ok = epmd_mdns_backoff:started(worker),
		?assert(epmd_mdns_backoff:failed(worker) =< 1000),
		?assert(epmd_mdns_backoff:failed(another) > 1000)
	after
		ets:delete(epmd_mdns_table)
	end.

restarts_are_counted_while_they_come_one_after_the_other_test() ->
	ok = epmd_mdns_table:new(tcp),
	try
		?assertEqual([0, 1, 2, 3], [epmd_mdns_backoff:restarts(worker, 60000) || _ <- lists:seq(1, 4)]),
		%% Each worker has a count of its own.
		?assertEqual([0, 1], [epmd_mdns_backoff:restarts(another, 60000) || _ <- [1, 2]]),
		%% One that has lived for as long as it should begins anew.
		?assertEqual([1, 1], [epmd_mdns_backoff:restarts(worker, 0) || _ <- [1, 2]])
	after
		ets:delete(epmd_mdns_table)
	end.
