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
		_ = epmd_mdns_join_log:event({lost, ?BOB, connection_closed}, false, Log),
		?assertEqual({notice, #{what => lost, node => ?BOB, reason => connection_closed}}, logged()),
		_ = epmd_mdns_join_log:failed(?BOB, refused, [], warning, Log),
		?assertMatch({warning, #{what := join_failed, reason := refused, text := "the node" ++ _}}, logged()),
		_ = epmd_mdns_join_log:failed(?BOB, unreachable, [], info, Log),
		?assertMatch({info, #{what := join_failed, reason := unreachable}}, logged()),
		_ = epmd_mdns_join_log:failed(?BOB, refused, [], none, Log),
		?assert(is_quiet())
	end).

a_failure_names_the_port_test_() ->
	[{atom_to_list(Failure), ?_assertEqual({warning, "the node is advertised, but can't be reached: " ++ What ++
			"port 4000 of 192.0.2.2; is there a firewall?"}, text(fun(Log) ->
		epmd_mdns_join_log:failed(?BOB, Failure, [{inet, {192, 0, 2, 2}, 4000}], warning, Log)
	end))} || {Failure, What} <- [{timed_out, "no answer from "}, {closed, "connection refused by "}]].

every_pause_says_who_has_asked_for_it_test_() ->
	[?_assertMatch({notice, #{what := paused, node := ?BOB, by := By}}, said(fun(Log) ->
		epmd_mdns_join_log:event({paused, ?BOB, Reason}, false, Log)
	end)) || {By, Reason} <- [{<<"pause/1 here">>, {us, pause}}, {<<"disconnect_node/1 here">>, {us, disconnect_node}},
		{<<"pause/1 on bob@h2">>, {them, unknown}}, {<<"disconnect_node/1 on bob@h2">>, {them, disconnect_node}}]].

a_fault_says_what_comes_of_it_test_() ->
	[?_assertEqual({warning, Text}, text(fun(Log) -> epmd_mdns_join_log:event({fault, ?BOB, <<"c@h3">>, Reason}, IsCalm, Log) end))
		|| {Reason, IsCalm, Text} <- [
			{timed_out, false, "bob@h2 can't reach c@h3 (timed out); OTP's global will disconnect others because of that"},
			{closed, true, "bob@h2 can't reach c@h3 (refused)"}
		]].

a_conflict_names_both_hosts_test() ->
	?assertMatch({warning, #{what := name_conflict, node := ?BOB, first := <<"192.0.2.1">>, second := <<"192.0.2.2">>}},
		said(fun(Log) -> epmd_mdns_join_log:event({conflict, ?BOB, <<"192.0.2.1">>, <<"192.0.2.2">>}, false, Log) end)),
	{warning, Text} = text(fun(Log) -> epmd_mdns_join_log:event({second, <<"192.0.2.1">>}, false, Log) end),
	?assertNotEqual(nomatch, string:find(Text, "runs on host 192.0.2.1; it was there first")).

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
		Both = epmd_mdns_join_log:event({lost, ?BOB, disconnect}, false, epmd_mdns_join_log:joined(?BOB, epmd_mdns_join_log:new())),
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

%% Internal.

said(Say) ->
	log_catcher:with(fun() ->
		_ = Say(epmd_mdns_join_log:new()),
		logged()
	end).

text(Say) ->
	{Level, #{text := Text}} = said(Say),
	{Level, Text}.
