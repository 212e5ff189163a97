%% SPDX-License-Identifier: Apache-2.0
%%
%% The client with a daemon that restarts, or talks nonsense; and the client that crashes itself.

-module(epmd_mdns_faults_tests).

-include_lib("eunit/include/eunit.hrl").

-import(log_catcher, [logged/0, is_quiet/0]).
-import(test_node, [register_alice/1, prompt/1, synced/1, event/0, kill_client/0]).

-define(BOB, "bob@h2 port=40001 family=inet proto=tcp addr=192.0.2.2 source=lan host=h2.local age=12").
-define(CAROL, "carol@h3 port=40002 family=inet proto=tcp addr=192.0.2.3 source=lan host=h3.local age=1").
-define(DAVE, "dave@h1 port=40003 family=inet proto=tcp addr=127.0.0.1 source=local age=1").

%% Losing the daemon.

a_restarted_daemon_has_the_node_again_soon_test() ->
	Path = fake_daemon:path(),
	First = fake_daemon:start(Path),
	test_node:with_node(Path, fun() ->
		{ok, 4711} = register_alice(5000),
		ok = fake_daemon:stop(First),
		Second = fake_daemon:start(Path, #{register => "OK creation=9999\n"}),
		_ = prompt(fun() -> fake_daemon:expect(Second, <<"REGISTER alice@h1 port=5000">>) end),
		synced(Second),
		?assertEqual({ok, 4711}, register_alice(5000)),
		ok = fake_daemon:stop(Second)
	end).

a_daemon_may_restart_many_times_test() ->
	Path = fake_daemon:path(),
	test_node:with_node(Path, fun() ->
		{ok, _} = register_alice(5000),
		lists:foreach(fun(_) ->
			Daemon = fake_daemon:start(Path),
			_ = prompt(fun() -> fake_daemon:expect(Daemon, <<"REGISTER alice@h1">>) end),
			ok = fake_daemon:stop(Daemon)
		end, lists:seq(1, 3))
	end).

while_the_daemon_is_gone_the_old_picture_answers_test() ->
	Path = fake_daemon:path(),
	Daemon = fake_daemon:start(Path, #{nodes => [?BOB]}),
	log_catcher:with(fun() ->
		test_node:with_node(Path, fun() ->
			{ok, 4711} = register_alice(5000),
			ok = fake_daemon:stop(Daemon),
			?assertMatch({info, #{what := daemon_lost}}, logged()),
			?assertEqual({ok, {192, 0, 2, 2}, 40001, 6}, epmd_mdns_table:address("bob", "h2", inet)),
			?assertEqual([<<"bob@h2">>], epmd_mdns:nodes())
		end)
	end).

what_a_new_snapshot_does_not_mention_is_gone_test() ->
	test_node:with_daemon(#{nodes => [?BOB, ?CAROL]}, fun(Daemon) ->
		ok = epmd_mdns:subscribe(),
		{up, _, _} = event(),
		{up, _, _} = event(),
		ok = fake_daemon:set(Daemon, #{nodes => [?BOB, ?DAVE]}),
		ok = fake_daemon:hang_up(Daemon),
		?assertMatch({up, <<"dave@h1">>, _}, event()),
		?assertMatch({down, <<"carol@h3">>, #{reason := <<"lost">>, endpoints := [_]}}, event()),
		?assertEqual([<<"bob@h2">>, <<"dave@h1">>], epmd_mdns:nodes()),
		?assertMatch({ok, _, 40002, 6}, epmd_mdns_table:address("carol", "h3", inet))
	end).

an_absent_daemon_is_told_once_and_told_when_it_is_found_test() ->
	Path = fake_daemon:path(),
	log_catcher:with(fun() ->
		test_node:with_node(Path, fun() ->
			?assertMatch({notice, #{what := daemon_absent, socket := Path}}, logged()),
			Daemon = fake_daemon:start(Path),
			?assertMatch({info, #{what := daemon_found}}, logged()),
			ok = fake_daemon:stop(Daemon)
		end)
	end).

%% Nonsense.

nonsense_is_told_once_and_answered_by_a_new_connection_test() ->
	log_catcher:with(fun() ->
		test_node:with_daemon(#{mode => {raw, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"}}, fun(Daemon) ->
			_ = [fake_daemon:expect(Daemon, <<"HELLO">>) || _ <- lists:seq(1, 3)],
			?assertMatch({warning, #{what := daemon_faulty, reason := malformed}}, logged()),
			?assert(is_quiet()),
			ok = epmd_mdns:subscribe(),
			ok = fake_daemon:set(Daemon, #{mode => serve, nodes => [?BOB]}),
			?assertMatch({up, <<"bob@h2">>, _}, event()),
			?assertEqual({ok, 4711}, register_alice(5000))
		end)
	end).

whatever_breaks_the_protocol_is_a_new_connection_test_() ->
	[{Name, fun() ->
		test_node:with_daemon(#{}, fun(Daemon) ->
			synced(Daemon),
			ok = fake_daemon:tell(Daemon, Bytes),
			synced(Daemon),
			?assertEqual({ok, 4711}, register_alice(5000))
		end)
	end} || {Name, Bytes} <- [
		{"an answer to no question", "OK\n"},
		{"an error to no question", "ERR limit\n"},
		{"a node that nobody has asked for", ["NODE ", ?BOB, "\n"]},
		{"an invalid endpoint", "EVENT up bob@h2 port=0 reason=seen\n"},
		{"an empty line", "\n"},
		{"zeros", [<<0:800>>, "\n"]},
		{"a line of 2049 bytes", ["EVENT x ", lists:duplicate(2040, $x), "\n"]},
		{"a line longer than the buffer", ["EVENT x ", lists:duplicate(10000, $x), "\n"]}
	]].

answers_that_are_none_are_a_new_connection_test_() ->
	[{Name, fun() ->
		test_node:with_daemon(Options, fun(Daemon) ->
			?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)),
			ok = epmd_mdns:subscribe(),
			ok = fake_daemon:set(Daemon, #{hello => "OK 1 x\n", register => "OK creation=4711\n",
				nodes => [?BOB]}),
			?assertMatch({up, <<"bob@h2">>, _}, event())
		end)
	end} || {Name, Options} <- [
		{"no creation", #{register => "OK\n"}},
		{"a creation out of range", #{register => "OK creation=3\n"}},
		{"another version", #{hello => "ERR version speak 2\n"}}
	]].

a_connection_that_ends_in_mid_line_is_merely_lost_test() ->
	log_catcher:with(fun() ->
		test_node:with_daemon(#{}, fun(Daemon) ->
			synced(Daemon),
			ok = fake_daemon:tell(Daemon, "EVENT up bob@h2 por"),
			ok = fake_daemon:hang_up(Daemon),
			synced(Daemon),
			?assertMatch({info, #{what := daemon_lost}}, logged()),
			?assertMatch({info, #{what := daemon_found}}, logged()),
			?assertEqual([], epmd_mdns:nodes())
		end)
	end).

unknown_events_are_ignored_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		ok = epmd_mdns:subscribe(),
		synced(Daemon),
		ok = fake_daemon:tell(Daemon, ["EVENT lunch x menu=soup\nEVENT up ", ?BOB, " reason=seen\n"]),
		?assertMatch({up, <<"bob@h2">>, _}, event())
	end).

%% A LAN that lies could name any number of nodes.
ten_thousand_nodes_are_cut_down_to_the_limit_test_() ->
	{timeout, 60, fun() ->
		Nodes = [["n", integer_to_list(N), "@h port=1 family=inet proto=tcp addr=192.0.2.2 source=lan age=1"]
			|| N <- lists:seq(1, 10000)],
		log_catcher:with(fun() ->
			test_node:with_daemon(#{nodes => Nodes}, fun(Daemon) ->
				synced(Daemon),
				?assertMatch({warning, #{what := table_full}}, logged()),
				?assert(is_quiet()),
				Known = length(epmd_mdns:nodes()),
				?assert(Known > 8000 andalso Known =< 8192),
				?assertMatch({ok, _, 1, 6}, epmd_mdns_table:address("n1", "h", inet)),
				true = garbage_collect(whereis(epmd_mdns_client)),
				{memory, Bytes} = process_info(whereis(epmd_mdns_client), memory),
				?assert(Bytes < 1000000)
			end)
		end)
	end}.

%% Crashes.

the_supervisor_survives_what_kills_its_worker_fifty_times_test_() ->
	{timeout, 60, fun() ->
		test_node:with_daemon(#{nodes => [?BOB]}, fun(Daemon) ->
			{ok, 4711} = register_alice(5000),
			ok = epmd_mdns:subscribe(),
			{up, _, _} = event(),
			Sup = whereis(epmd_mdns_sup),
			_ = [kill_client() || _ <- lists:seq(1, 50)],
			?assertEqual(Sup, whereis(epmd_mdns_sup)),
			%% The table is still there, and the registration, and the subscription.
			?assertMatch({ok, _, 40001, 6}, epmd_mdns_table:address("bob", "h2", inet)),
			ok = fake_daemon:flush(Daemon),
			_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>),
			synced(Daemon),
			?assertEqual({ok, 4711}, register_alice(5000)),
			ok = fake_daemon:tell(Daemon, ["EVENT up ", ?CAROL, " reason=seen\n"]),
			?assertMatch({up, <<"carol@h3">>, _}, event())
		end)
	end}.

a_crash_in_the_middle_of_a_registration_does_not_lose_it_test() ->
	test_node:with_daemon(#{mode => mute}, fun(Daemon) ->
		Self = self(),
		_ = spawn_link(fun() -> Self ! {answer, register_alice(5000)} end),
		_ = fake_daemon:expect(Daemon, <<"REGISTER">>),
		ok = fake_daemon:set(Daemon, #{mode => serve}),
		kill_client(),
		?assertMatch({ok, Drawn} when Drawn >= 4, receive {answer, Answer} -> Answer after 5000 -> timeout end),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>)
	end).

%% net_kernel asks once, and doesn't wait for long.
a_client_that_dies_before_it_comes_to_a_registration_does_not_lose_it_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		synced(Daemon),
		ok = sys:suspend(epmd_mdns_client),
		?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)),
		kill_client(),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>)
	end).

%% The callbacks are called directly: a minute is too long for a test.
what_is_stale_is_forgotten_after_a_minute_whatever_happens_to_the_client_test() ->
	ok = epmd_mdns_table:new(tcp),
	try
		{event, up, Bob, _} = epmd_mdns_proto:decode(<<"EVENT up ", ?BOB>>),
		{up, _, _} = epmd_mdns_table:up(Bob, make_ref()),
		{_, [Id]} = epmd_mdns_table:down(Bob, stale),
		{ok, disconnected, Data, Actions} = epmd_mdns_client:init([]),
		%% What init/1 has set is not for the process of the tests.
		true = process_flag(trap_exit, false),
		ok = net_kernel:monitor_nodes(false, [{node_type, all}]),
		?assert(lists:member({{timeout, {stale, Id}}, 60000, forget}, Actions)),
		keep_state_and_data = epmd_mdns_client:handle_event({timeout, {stale, Id}}, forget, ready, Data),
		?assertEqual(none, epmd_mdns_table:address("bob", "h2", inet))
	after
		_ = process_flag(trap_exit, false), %% init/1 has set it
		ets:delete(epmd_mdns_table)
	end.

stray_messages_are_ignored_test() ->
	test_node:with_daemon(#{nodes => [?BOB]}, fun(Daemon) ->
		synced(Daemon),
		Pid = whereis(epmd_mdns_client),
		_ = [Pid ! Stray || Stray <- [hello, {tcp, make_ref(), <<"OK\n">>}, {tcp_closed, make_ref()}]],
		ok = gen_statem:cast(Pid, hello),
		?assertEqual({ok, 4711}, register_alice(5000)),
		?assertEqual(Pid, whereis(epmd_mdns_client))
	end).

it_all_starts_again_after_it_was_stopped_test() ->
	_ = [test_node:with_daemon(#{}, fun(_) -> {ok, 4711} = register_alice(Port) end) || Port <- [5000, 5001]],
	?assertEqual(undefined, whereis(epmd_mdns_client)).

nobody_is_subscribed_where_nothing_runs_test() ->
	?assertEqual({error, not_running}, epmd_mdns:subscribe()),
	?assertEqual({error, not_running}, epmd_mdns:unsubscribe()),
	?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)).

%% Internal.

