%% SPDX-License-Identifier: Apache-2.0
%%
%% The joiner's lines in the log, and when they are written.

-module(epmd_mdns_join_log_tests).

-include_lib("eunit/include/eunit.hrl").

-import(log_catcher, [logged/0, is_quiet/0]).

-define(BOB, <<"bob@h2">>).

each_thing_is_a_report_of_its_level_test() ->
	log_catcher:with(fun() ->
		Log = epmd_mdns_join_log:new(),
		ok = epmd_mdns_join_log:started(?BOB),
		?assertEqual({debug, #{what => distribution_up, node => ?BOB}}, logged()),
		_ = epmd_mdns_join_log:joined(?BOB, Log),
		?assertEqual({notice, #{what => joined, node => ?BOB}}, logged()),
		_ = epmd_mdns_join_log:lost(?BOB, connection_closed, Log),
		?assertEqual({notice, #{what => lost, node => ?BOB, reason => connection_closed}}, logged()),
		_ = epmd_mdns_join_log:failed(?BOB, refused, warning, Log),
		?assertMatch({warning, #{what := join_failed, reason := refused, text := "the node" ++ _}}, logged()),
		_ = epmd_mdns_join_log:failed(?BOB, unreachable, info, Log),
		?assertMatch({info, #{what := join_failed, reason := unreachable}}, logged()),
		_ = epmd_mdns_join_log:failed(?BOB, refused, none, Log),
		?assert(is_quiet())
	end).

too_many_names_are_logged_once_test() ->
	log_catcher:with(fun() ->
		Log = epmd_mdns_join_log:full(epmd_mdns_join_log:new()),
		?assertMatch({warning, #{what := joiner_full}}, logged()),
		?assertEqual(Log, epmd_mdns_join_log:full(Log)),
		?assert(is_quiet())
	end).

%% As in the boot of a node. In processes of their own, for messages are left in the mailbox.
what_is_said_to_the_temporary_handler_is_kept_for_the_real_one_test_() ->
	{spawn, fun() -> log_catcher:with(fun() ->
		ok = logger:add_handler(simple, log_catcher, #{config => spawn(fun() -> ok end)}),
		Both = epmd_mdns_join_log:lost(?BOB, disconnect, epmd_mdns_join_log:joined(?BOB, epmd_mdns_join_log:new())),
		receive flush -> ok after 5000 -> error(late) end,
		Kept = epmd_mdns_join_log:flush(Both),
		?assert(is_quiet()),
		ok = logger:remove_handler(simple),
		receive flush -> ok after 5000 -> error(late) end,
		?assertEqual(epmd_mdns_join_log:flush(Kept), epmd_mdns_join_log:flush(epmd_mdns_join_log:flush(Kept))),
		?assertMatch({notice, #{what := joined}}, logged()),
		?assertMatch({notice, #{what := lost}}, logged())
	end) end}.

a_temporary_handler_that_stays_is_good_enough_in_the_end_test_() ->
	{spawn, fun() -> log_catcher:with(fun() ->
		ok = logger:add_handler(simple, log_catcher, #{config => spawn(fun() -> ok end)}),
		_ = lists:foldl(fun(_, Log) -> epmd_mdns_join_log:flush(Log) end,
			epmd_mdns_join_log:joined(?BOB, epmd_mdns_join_log:new()), lists:seq(1, 101)),
		ok = logger:remove_handler(simple),
		?assertMatch({notice, #{what := joined}}, logged())
	end) end}.
