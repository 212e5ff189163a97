%% SPDX-License-Identifier: Apache-2.0
%%
%% The client with a daemon that works: what it asks for, and what it passes on.

-module(epmd_mdns_client_tests).

-include_lib("eunit/include/eunit.hrl").

-import(log_catcher, [logged/0, is_quiet/0]).
-import(test_node, [register_alice/1, prompt/1, wait_for/1, synced/1, event/0]).

-define(BOB, "bob@h2 port=40001 family=inet proto=tcp addr=192.0.2.2 source=lan host=h2.local age=12").
-define(CAROL, "carol@h3 port=40002 family=inet proto=tcp addr=192.0.2.3 source=lan host=h3.local age=1").
-define(DAVE, "dave@h1 port=40003 family=inet proto=tcp addr=127.0.0.1 source=local age=1").

%% Registration.

the_node_is_registered_with_what_it_is_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		?assertEqual({ok, 4711}, register_alice(5000)),
		?assertEqual(<<"HELLO 1">>, fake_daemon:expect(Daemon, <<>>)),
		?assertEqual(<<"SUBSCRIBE">>, fake_daemon:expect(Daemon, <<>>)),
		Otp = list_to_binary(erlang:system_info(otp_release)),
		?assertEqual(<<"REGISTER alice@h1 port=5000 family=inet proto=tcp otp=", Otp/binary, " dist=6-6">>,
			fake_daemon:expect(Daemon, <<>>))
	end).

without_a_daemon_the_node_starts_at_once_and_is_registered_later_test() ->
	Path = fake_daemon:path(),
	test_node:with_node(Path, fun() ->
		?assertMatch({ok, Drawn} when Drawn >= 4, prompt(fun() -> register_alice(5000) end)),
		Daemon = fake_daemon:start(Path),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>),
		synced(Daemon),
		%% The node has drawn a creation itself and keeps it.
		?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)),
		ok = fake_daemon:stop(Daemon)
	end).

a_daemon_that_hangs_holds_nobody_up_and_is_left_after_a_while_test_() ->
	{timeout, 20, fun() ->
		log_catcher:with(fun() ->
			test_node:with_daemon(#{mode => mute}, fun(Daemon) ->
				?assertMatch({ok, Drawn} when Drawn >= 4, prompt(fun() -> register_alice(5000) end)),
				_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1">>),
				ok = fake_daemon:set(Daemon, #{mode => serve}),
				_ = fake_daemon:expect(Daemon, <<"HELLO">>),
				_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1">>),
				?assertMatch({warning, #{what := daemon_faulty, reason := silent}}, logged())
			end)
		end)
	end}.

a_snapshot_without_end_holds_nobody_up_test() ->
	test_node:with_daemon(#{snapshot => endless}, fun(_) ->
		?assertEqual({ok, 4711}, prompt(fun() -> register_alice(5000) end))
	end).

registering_again_changes_nothing_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		{ok, 4711} = epmd_mdns_client:register(<<"alice@h1">>, {5000, tcp, inet6}, 1000),
		ok = fake_daemon:set(Daemon, #{register => "OK creation=4712\n"}),
		Self = self(),
		_ = spawn_link(fun() ->
			Self ! {answer, epmd_mdns_client:register(<<"alice@h1">>, {5000, tcp, any}, 1000)}
		end),
		?assertEqual({ok, 4711}, receive {answer, Answer} -> Answer after 5000 -> timeout end),
		First = fake_daemon:expect(Daemon, <<"REGISTER">>),
		?assertEqual(First, fake_daemon:expect(Daemon, <<"REGISTER">>))
	end).

another_port_replaces_the_endpoint_and_another_family_adds_one_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		{ok, 4711} = register_alice(5000),
		ok = fake_daemon:set(Daemon, #{register => "OK creation=4712\n"}),
		?assertEqual({ok, 4711}, epmd_mdns_client:register(<<"alice@h1">>, {5001, tcp, any}, 1000)),
		?assertEqual({ok, 4711}, epmd_mdns_client:register(<<"alice@h1">>, {5002, tcp, inet6}, 1000)),
		synced(Daemon),
		ok = fake_daemon:hang_up(Daemon),
		_ = fake_daemon:expect(Daemon, <<"HELLO">>),
		?assertMatch([<<"REGISTER alice@h1 port=5001 family=inet ", _/binary>>,
				<<"REGISTER alice@h1 port=5002 family=inet6 ", _/binary>>],
			lists:sort([fake_daemon:expect(Daemon, <<>>), fake_daemon:expect(Daemon, <<>>)])),
		?assertEqual(<<"SUBSCRIBE">>, fake_daemon:expect(Daemon, <<>>))
	end).

%% A daemon that doesn't know the verb, as this one, is not asked again; the next one may.
pairs_that_can_not_connect_are_told_once_on_a_connection_test() ->
	Pairs = [{<<"a@h1">>, <<"c@h3">>, timed_out}],
	test_node:with_daemon(#{}, fun(Daemon) ->
		ok = epmd_mdns_client:apart(Pairs),
		{ok, 4711} = register_alice(5000),
		?assertEqual(<<"APART a@h1 c@h3 reason=timed-out">>, fake_daemon:expect(Daemon, <<"APART">>)),
		ok = epmd_mdns_client:apart(Pairs),
		ok = epmd_mdns_client:apart(Pairs ++ [{<<"b@h2">>, <<"c@h3">>, closed}]),
		?assertEqual(<<"APART b@h2 c@h3 reason=closed">>, fake_daemon:expect(Daemon, <<>>)),
		ok = epmd_mdns_client:apart(Pairs),
		?assertEqual(<<"TOGETHER b@h2 c@h3">>, fake_daemon:expect(Daemon, <<>>)),
		ok = fake_daemon:hang_up(Daemon),
		_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
		?assertEqual(<<"APART a@h1 c@h3 reason=timed-out">>, fake_daemon:expect(Daemon, <<>>))
	end).

a_vm_has_one_node_test() ->
	test_node:with_daemon(#{}, fun(_) ->
		{ok, 4711} = register_alice(5000),
		?assertEqual({error, already_registered},
			epmd_mdns_client:register(<<"eve@h1">>, {5000, tcp, inet}, 1000))
	end).

a_duplicate_name_stops_the_boot_test() ->
	log_catcher:with(fun() ->
		test_node:with_daemon(#{register => "ERR duplicate-name it is taken\n"}, fun(_) ->
			?assertEqual({error, duplicate_name}, register_alice(5000)),
			?assertMatch({warning, #{what := registration_refused, node := <<"alice@h1">>,
				reason := <<"duplicate-name">>, text := <<"it is taken">>}}, logged())
		end)
	end).

any_other_refusal_is_a_matter_for_the_log_test() ->
	log_catcher:with(fun() ->
		test_node:with_daemon(#{register => "ERR limit too many nodes\n"}, fun(Daemon) ->
			?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)),
			?assertMatch({warning, #{what := registration_refused, reason := <<"limit">>}}, logged()),
			%% It isn't said twice, and may end in success.
			?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)),
			ok = fake_daemon:set(Daemon, #{register => "OK creation=5\n"}),
			?assertEqual({ok, 5}, register_alice(5000)),
			?assert(is_quiet())
		end)
	end).

%% A place that has become free is found soon, and each attempt that is refused again is followed by one more.
what_was_refused_is_tried_again_soon_test_() ->
	[{Refusal, {timeout, 60, fun() ->
		test_node:with_daemon(#{register => Refusal}, fun(Daemon) ->
			_ = register_alice(5000),
			_ = [fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>) || _ <- lists:seq(1, 3)]
		end)
	end}} || Refusal <- ["ERR duplicate-name\n", "ERR limit too many nodes\n"]].

%% leave/0 closes the connection, which is no loss.
who_leaves_has_not_lost_the_daemon_test() ->
	log_catcher:with(fun() ->
		test_node:with_daemon(#{}, fun(Daemon) ->
			{ok, 4711} = register_alice(5000),
			synced(Daemon),
			ok = epmd_mdns_client:leave(),
			synced(Daemon),
			?assert(is_quiet())
		end)
	end).

a_name_lost_to_another_node_meanwhile_leaves_the_node_running_test() ->
	log_catcher:with(fun() ->
		test_node:with_daemon(#{}, fun(Daemon) ->
			{ok, 4711} = register_alice(5000),
			ok = fake_daemon:set(Daemon, #{register => "ERR duplicate-name\n"}),
			ok = fake_daemon:hang_up(Daemon),
			?assertMatch({info, #{what := daemon_lost}}, logged()),
			?assertMatch({warning, #{what := registration_refused}}, logged()),
			synced(Daemon),
			?assertMatch({info, #{what := daemon_found}}, logged())
		end)
	end).

%% Subscribers.

a_subscriber_is_told_what_there_is_and_then_what_changes_test() ->
	test_node:with_daemon(#{nodes => [?BOB]}, fun(Daemon) ->
		synced(Daemon),
		ok = epmd_mdns:subscribe(),
		ok = epmd_mdns:subscribe(),
		?assertMatch({up, <<"bob@h2">>, #{reason := <<"present">>, endpoints := [#{port := 40001}]}}, event()),
		ok = fake_daemon:tell(Daemon, ["EVENT up ", ?CAROL, " reason=seen\n"]),
		?assertMatch({up, <<"carol@h3">>, #{reason := <<"seen">>}}, event()),
		ok = fake_daemon:tell(Daemon, "EVENT changed carol@h3 port=7 family=inet proto=tcp addr=192.0.2.3 "
			"source=lan age=2 reason=replaced\n"),
		?assertMatch({changed, <<"carol@h3">>, #{endpoints := [#{port := 7}]}}, event()),
		ok = fake_daemon:tell(Daemon, ["EVENT down ", ?CAROL, " reason=goodbye\n"]),
		?assertMatch({down, <<"carol@h3">>, #{reason := <<"goodbye">>}}, event()),
		ok = epmd_mdns:unsubscribe(),
		ok = epmd_mdns:unsubscribe(),
		ok = fake_daemon:tell(Daemon, ["EVENT up ", ?CAROL, " reason=seen\n"]),
		ok = epmd_mdns:subscribe(),
		?assertMatch({up, _, #{reason := <<"present">>}}, event())
	end).

a_subscriber_that_dies_is_forgotten_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		synced(Daemon),
		{Pid, Monitor} = spawn_monitor(fun() -> ok = epmd_mdns:subscribe() end),
		receive {'DOWN', Monitor, process, Pid, normal} -> ok end,
		%% The client may hear of it after us.
		ok = epmd_mdns:subscribe(),
		wait_for(fun() -> epmd_mdns_table:get(subscribers, []) -- [whereis(epmd_mdns_prober)] =:= [self()] end)
	end).

a_registration_that_ends_is_gone_at_once_and_a_goodbye_leaves_it_stale_test() ->
	test_node:with_daemon(#{nodes => [?BOB, ?DAVE]}, fun(Daemon) ->
		synced(Daemon),
		ok = epmd_mdns:subscribe(),
		{up, _, _} = event(),
		{up, _, _} = event(),
		ok = fake_daemon:tell(Daemon, ["EVENT down ", ?DAVE, " reason=unregistered\n"]),
		{down, <<"dave@h1">>, _} = event(),
		?assertEqual(none, epmd_mdns_table:address("dave", "h1", inet)),
		ok = fake_daemon:tell(Daemon, ["EVENT down ", ?BOB, " reason=goodbye\n"]),
		{down, <<"bob@h2">>, _} = event(),
		?assertEqual(none, epmd_mdns_table:address("bob", "h2", inet)),
		?assertMatch({doubtful, {ok, _, _, _}}, epmd_mdns_table:find("bob", "h2", inet)),
		?assertMatch([#{stale := true}], epmd_mdns:lookup('bob@h2')),
		?assertEqual([], epmd_mdns:nodes())
	end).
