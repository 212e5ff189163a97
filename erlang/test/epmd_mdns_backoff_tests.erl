%% SPDX-License-Identifier: Apache-2.0

-module(epmd_mdns_backoff_tests).

-include_lib("eunit/include/eunit.hrl").

each_delay_is_twice_the_one_before_up_to_a_limit_test() ->
	[?assert(Delay >= Max div 2 andalso Delay =< Max + 1) || {Attempts, Max} <- [{0, 100}, {1, 200}, {2, 400}, {3, 800},
		{4, 1000}, {5, 1000}, {1000000, 1000}], Delay <- [epmd_mdns_backoff:delay(Attempts, 100, 1000) || _ <- lists:seq(1, 100)]].

nobody_comes_at_the_same_time_as_all_others_test() ->
	?assert(length(lists:usort([epmd_mdns_backoff:delay(3, 100, 1000) || _ <- lists:seq(1, 100)])) > 20).

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
