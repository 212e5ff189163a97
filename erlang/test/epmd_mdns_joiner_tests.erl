%% SPDX-License-Identifier: Apache-2.0
%%
%% The joiner as a process, with a fake daemon and without a distribution: connections are what it is told.

-module(epmd_mdns_joiner_tests).

-include_lib("eunit/include/eunit.hrl").

-import(log_catcher, [logged/0]).
-import(test_node, [register_alice/1, prompt/1, wait_for/1, event/0, kill/1, kill_client/0]).

%% Nobody answers there: an address for documentation.
-define(BOB, "bob@h2 port=9 family=inet proto=tcp addr=192.0.2.2 source=lan cluster=team age=12").
-define(CAROL, "carol@h3 port=9 family=inet proto=tcp addr=192.0.2.3 source=lan cluster=team age=1").

without_a_cluster_nobody_is_joined_test() ->
	test_node:with_daemon(#{nodes => [?BOB]}, fun(_) ->
		{ok, 4711} = register_alice(5000),
		?assertEqual(#{}, epmd_mdns:peers()),
		?assertEqual({error, no_cluster}, epmd_mdns:wait(1, 5000))
	end).

in_a_cluster_global_tries_more_than_once_unless_the_user_has_said_how_often_test_() ->
	[{Name, fun() ->
		with_retries(User, fun() ->
			in_cluster(#{nodes => [?BOB]}, fun(_) ->
				ok = known(<<"bob@h2">>),
				?assertEqual({ok, Wanted}, application:get_env(kernel, global_connect_retries))
			end)
		end)
	end} || {Name, User, Wanted} <- [{"he has not", undefined, 3}, {"not even once", {ok, 0}, 0}, {"for long", {ok, 10}, 10}]].

without_a_cluster_global_stays_as_it_is_test() ->
	with_retries(undefined, fun() ->
		test_node:with_daemon(#{nodes => [?BOB]}, fun(_) ->
			{ok, 4711} = register_alice(5000),
			?assertEqual(#{}, epmd_mdns:peers()),
			?assertEqual(undefined, application:get_env(kernel, global_connect_retries))
		end)
	end).

a_node_that_is_connected_and_lost_is_a_line_each_and_a_program_is_told_test() ->
	log_catcher:with(fun() ->
		in_cluster(#{nodes => [?BOB]}, fun(_) ->
			ok = epmd_mdns:subscribe(),
			{up, <<"bob@h2">>, _} = event(),
			nodeup('bob@h2'),
			?assertEqual({joined, <<"bob@h2">>, #{}}, but_failures(fun test_node:event/0)),
			?assertEqual({notice, #{what => joined, node => <<"bob@h2">>}}, but_failures(fun log_catcher:logged/0)),
			?assertEqual(#{<<"bob@h2">> => connected}, epmd_mdns:peers()),
			nodedown('bob@h2', net_tick_timeout),
			?assertEqual({notice, #{what => lost, node => <<"bob@h2">>, reason => net_tick_timeout}}, but_failures(fun log_catcher:logged/0)),
			?assertMatch(#{<<"bob@h2">> := Status} when Status =/= connected, epmd_mdns:peers())
		end)
	end).

%% This VM's distribution doesn't run, so that no attempt succeeds.
an_attempt_that_fails_says_whether_somebody_was_there_test_() ->
	[{atom_to_list(Reason), {timeout, 30, fun() ->
		{ok, Listener} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}]),
		{ok, Port} = inet:port(Listener),
		_ = Reason =:= unreachable andalso gen_tcp:close(Listener),
		Dave = ["dave@h1 port=", integer_to_list(Port), " family=inet proto=tcp addr=127.0.0.1 source=local cluster=team age=1"],
		log_catcher:with(fun() ->
			in_cluster(#{nodes => [Dave]}, fun(_) ->
				?assertMatch({Level, #{what := join_failed, reason := Reason}}, logged()),
				?assertMatch(#{<<"dave@h1">> := Reason}, epmd_mdns:peers()),
				ok = epmd_mdns:subscribe(),
				{up, <<"dave@h1">>, _} = event(),
				_ = Reason =:= refused andalso epmd_mdns:resume("dave@h1"),
				?assertEqual({join_failed, <<"dave@h1">>, #{reason => Reason}}, event())
			end)
		end),
		ok = gen_tcp:close(Listener)
	end}} || {Reason, Level} <- [{refused, warning}, {unreachable, info}]].

who_waits_is_told_when_there_are_enough_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(_) ->
		?assertEqual(ok, epmd_mdns:wait(1, 0)),
		?assertEqual({error, timeout}, epmd_mdns:wait(2, 50)),
		Answer = later(fun() -> epmd_mdns:wait(2, infinity) end),
		nodeup('bob@h2'),
		?assertEqual(ok, Answer()),
		?assertError(function_clause, epmd_mdns:wait(0, 1)),
		?assertError(function_clause, epmd_mdns:wait(1, -1))
	end).

who_waits_outlives_a_crash_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(_) ->
		Answer = later(fun() -> epmd_mdns:wait(2, 10000) end),
		ok = kill(epmd_mdns_joiner),
		ok = known(<<"bob@h2">>),
		nodeup('bob@h2'),
		?assertEqual(ok, Answer())
	end).

%% Whoever comes after a crash knows of none, and may hear of none again.
the_daemon_is_told_of_pairs_that_can_not_connect_and_a_crash_withdraws_them_test_() ->
	{timeout, 30, fun() ->
		in_cluster(#{}, fun(Daemon) ->
			tell({claims, <<"bob@h2">>, [{<<"bob@h2">>, <<"carol@h3">>, closed, 0}]}),
			tell({claims, <<"carol@h3">>, [{<<"carol@h3">>, <<"bob@h2">>, timed_out, 0}]}),
			?assertEqual([<<"APART bob@h2 carol@h3 reason=closed">>, <<"APART carol@h3 bob@h2 reason=timed-out">>],
				lists:sort([fake_daemon:expect(Daemon, <<"APART">>) || _ <- [1, 2]])),
			ok = kill(epmd_mdns_joiner),
			?assertEqual([<<"TOGETHER bob@h2 carol@h3">>, <<"TOGETHER carol@h3 bob@h2">>],
				lists:sort([fake_daemon:expect(Daemon, <<"TOGETHER">>) || _ <- [1, 2]]))
		end)
	end}.

who_leaves_is_withdrawn_and_joins_nobody_until_it_joins_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(Daemon) ->
		Answer = later(fun() -> epmd_mdns:wait(3, 10000) end),
		_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
		ok = epmd_mdns:leave(),
		?assertEqual({error, no_cluster}, Answer()),
		?assertEqual(#{}, epmd_mdns:peers()),
		%% The client comes back, but the node is not registered.
		_ = fake_daemon:expect(Daemon, <<"HELLO">>),
		<<"SUBSCRIBE">> = next_line(Daemon),
		%% Neither a crash nor who registers again, as RabbitMQ does, brings it back.
		ok = kill(epmd_mdns_joiner),
		ok = kill_client(),
		{ok, _} = register_alice(5000),
		?assertEqual(#{}, epmd_mdns:peers()),
		?assertEqual({error, no_cluster}, epmd_mdns:wait(1, 1000)),
		ok = epmd_mdns:leave(),
		ok = epmd_mdns:join(),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>),
		ok = known(<<"bob@h2">>)
	end).

a_pause_outlives_a_crash_and_is_ended_by_resume_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(_) ->
		ok = epmd_mdns:pause("bob@h2"),
		ok = kill(epmd_mdns_joiner),
		ok = known(<<"bob@h2">>),
		?assertEqual(#{<<"bob@h2">> => paused}, epmd_mdns:peers()),
		ok = epmd_mdns:resume('bob@h2'),
		?assertMatch(#{<<"bob@h2">> := Status} when Status =/= paused, epmd_mdns:peers())
	end).

another_joiner_may_pause_us_and_ask_us_again_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(_) ->
		nodeup('bob@h2'),
		tell({pause, <<"bob@h2">>, 17}),
		nodedown('bob@h2', disconnect),
		?assertEqual(#{<<"bob@h2">> => paused}, epmd_mdns:peers()),
		tell({hello, <<"bob@h2">>, 17, false}),
		ok = epmd_mdns:pause(<<"bob@h2">>),
		tell({hello, <<"bob@h2">>, 17, false}),
		?assertEqual(#{<<"bob@h2">> => paused}, epmd_mdns:peers()),
		nodeup('bob@h2'),
		tell({hello, <<"bob@h2">>, 18, false}),
		nodedown('bob@h2', connection_closed),
		?assertMatch(#{<<"bob@h2">> := Status} when Status =/= paused, epmd_mdns:peers()),
		tell({welcome, <<"bob@h2">>, 18})
	end).

a_disconnect_of_what_does_not_answer_is_no_pause_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(_) ->
		nodeup('bob@h2'),
		ok = epmd_mdns_join:unanswered(<<"bob@h2">>),
		nodedown('bob@h2', disconnect),
		?assertMatch(#{<<"bob@h2">> := Status} when Status =/= paused, epmd_mdns:peers())
	end).

%% A disconnect is a program's where global never does so, but not that of a node that stands aside.
what_the_joiner_disconnects_is_no_pause_test_() ->
	[{atom_to_list(Status), fun() ->
		ok = application:set_env(kernel, connect_all, false),
		try
			in_cluster(#{nodes => [?BOB]}, fun(_) ->
				ok = known(<<"bob@h2">>),
				nodeup('bob@h2'),
				_ = [tell({conflict, <<"bob@h2">>, #{address => <<"192.0.2.9">>}}) || Status =:= conflict],
				nodedown('bob@h2', disconnect),
				?assertEqual(#{<<"bob@h2">> => Status}, epmd_mdns:peers())
			end)
		after
			application:unset_env(kernel, connect_all)
		end
	end} || Status <- [paused, conflict]].

what_other_joiners_say_about_a_pair_is_noted_in_the_table_test_() ->
	{timeout, 30, fun() ->
		in_cluster(#{nodes => [?BOB]}, fun(_) ->
			ok = known(<<"bob@h2">>),
			_ = [tell({claims, From, [{From, To, closed, 0}]}) || {From, To} <- [{<<"bob@h2">>, <<"c@h3">>}, {<<"c@h3">>, <<"bob@h2">>}]],
			wait_for(fun() -> epmd_mdns_table:get(faults, []) =:= [{<<"bob@h2">>, <<"c@h3">>, closed}, {<<"c@h3">>, <<"bob@h2">>, closed}] end),
			?assertMatch(#{<<"bob@h2">> := {_, [{unreachable_from, [<<"c@h3">>]}]}}, epmd_mdns:peers()),
			tell({mended, <<"c@h3">>, <<"bob@h2">>}),
			?assertMatch(#{<<"bob@h2">> := Status} when is_atom(Status), epmd_mdns:peers()),
			?assertEqual([], epmd_mdns_table:get(faults, []))
		end)
	end}.

a_pause_of_somebody_unknown_is_remembered_test() ->
	in_cluster(#{}, fun(Daemon) ->
		ok = epmd_mdns:pause("bob@h2"),
		_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
		ok = fake_daemon:tell(Daemon, ["EVENT up ", ?BOB, " reason=seen\n"]),
		ok = known(<<"bob@h2">>),
		?assertEqual(#{<<"bob@h2">> => paused}, epmd_mdns:peers())
	end).

a_client_that_crashes_is_followed_by_the_next_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(Daemon) ->
		ok = known(<<"bob@h2">>),
		ok = kill_client(),
		ok = fake_daemon:set(Daemon, #{nodes => [?CAROL]}),
		ok = known(<<"carol@h3">>)
	end).

the_supervisor_survives_what_kills_the_joiner_fifty_times_test_() ->
	{timeout, 60, fun() ->
		in_cluster(#{nodes => [?BOB]}, fun(Daemon) ->
			Sup = whereis(epmd_mdns_sup),
			_ = [kill(epmd_mdns_joiner) || _ <- lists:seq(1, 50)],
			?assertEqual(Sup, whereis(epmd_mdns_sup)),
			ok = known(<<"bob@h2">>),
			_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
			ok = fake_daemon:tell(Daemon, ["EVENT up ", ?CAROL, " reason=seen\n"]),
			ok = known(<<"carol@h3">>),
			%% Each has been a subscriber of the client's. The other one is the prober.
			wait_for(fun() -> length(epmd_mdns_table:get(subscribers, [])) =:= 2 end)
		end)
	end}.

%% Each crash is a page in the log, and the supervisor never gives up.
what_kills_the_joiner_again_and_again_makes_it_rest_test_() ->
	{timeout, 60, fun() ->
		in_cluster(#{nodes => [?BOB]}, fun(_) ->
			ok = known(<<"bob@h2">>),
			_ = [kill(epmd_mdns_joiner) || _ <- lists:seq(1, 10)],
			?assertEqual(#{}, epmd_mdns:peers()),
			%% Nor does it begin because the node is registered again, as RabbitMQ does.
			{ok, 4711} = register_alice(5000),
			{Time, ok} = timer:tc(fun() -> known(<<"bob@h2">>) end),
			?assert(Time > 2000000)
		end)
	end}.

who_waits_while_the_joiner_rests_is_answered_when_it_has_rested_test() ->
	in_cluster(#{}, fun(_) ->
		ok = kill(epmd_mdns_joiner),
		?assertEqual(ok, epmd_mdns:wait(1, 10000)),
		ok = epmd_mdns:leave(),
		ok = kill(epmd_mdns_joiner),
		?assertEqual({error, no_cluster}, epmd_mdns:wait(1, 10000))
	end).

%% The registration is late, and the client that it was meant for is gone: that is no reason to join nobody.
who_is_registered_late_and_by_the_next_client_joins_its_cluster_test() ->
	true = os:putenv("EPMD_MDNS_CLUSTER", "team"),
	try
		test_node:with_daemon(#{}, fun(Daemon) ->
			test_node:synced(Daemon),
			ok = sys:suspend(epmd_mdns_client),
			{ok, _} = register_alice(5000),
			Answer = later(fun() -> epmd_mdns:wait(1, 10000) end),
			ok = kill_client(),
			?assertEqual(ok, Answer())
		end)
	after
		os:unsetenv("EPMD_MDNS_CLUSTER")
	end.

stray_messages_are_ignored_test() ->
	in_cluster(#{}, fun(_) ->
		Pid = whereis(epmd_mdns_joiner),
		_ = [Pid ! Stray || Stray <- [hello, flush, {timeout, make_ref(), start}, {'EXIT', self(), normal},
			{'DOWN', make_ref(), process, self(), normal}, {epmd_mdns, {down, <<"x@h">>, #{}}}, {nodeup, node(), []}]],
		?assertEqual(#{}, epmd_mdns:peers()),
		?assertEqual(Pid, whereis(epmd_mdns_joiner))
	end).

nothing_runs_where_nothing_was_started_test() ->
	ok = epmd_mdns_joiner:registered(),
	_ = [?assertEqual({error, not_running}, Answer) || Answer <- [epmd_mdns:join(), epmd_mdns:leave(), epmd_mdns:peers(),
		epmd_mdns:pause("bob@h2"), epmd_mdns:resume("bob@h2"), epmd_mdns:wait(1, 1000)]].

atoms_are_made_up_to_a_limit_test() ->
	ok = epmd_mdns_table:new(tcp),
	try
		New = list_to_binary(["new", integer_to_list(erlang:unique_integer([positive])), "@h"]),
		?assertEqual(error, epmd_mdns_join_names:known(New)),
		?assertNot(epmd_mdns_join_names:is_connected(New)),
		ok = epmd_mdns_table:put(atoms, 8192),
		?assertEqual(full, epmd_mdns_join_names:make(New)),
		?assertEqual({ok, node()}, epmd_mdns_join_names:make(atom_to_binary(node()))),
		ok = epmd_mdns_table:put(atoms, 8191),
		?assertMatch({ok, _}, epmd_mdns_join_names:make(New)),
		?assertMatch({ok, _}, epmd_mdns_join_names:known(New)),
		?assertEqual(8192, epmd_mdns_table:get(atoms, 0))
	after
		ets:delete(epmd_mdns_table)
	end.

when_there_are_too_many_names_that_is_logged_once_test() ->
	log_catcher:with(fun() ->
		in_cluster(#{}, fun(Daemon) ->
			ok = epmd_mdns_table:put(atoms, 8192),
			_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
			Id = erlang:unique_integer([positive]),
			_ = [fake_daemon:tell(Daemon, io_lib:format("EVENT up m~b~b@h2 port=9 family=inet proto=tcp addr=192.0.2.2 "
				"source=lan cluster=team age=1 reason=present~n", [Id, N])) || N <- [1, 2]],
			?assertMatch({warning, #{what := joiner_full}}, first(joiner_full)),
			wait_for(fun() -> map_size(epmd_mdns:peers()) =:= 2 end)
		end)
	end).

%% It is back within the second that its goodbye takes, and global here hears of it before its advert comes.
a_node_that_has_been_started_anew_is_found_at_its_new_port_test_() ->
	{timeout, 30, fun() ->
		{ok, Old} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}]),
		{ok, Port} = inet:port(Old),
		Dave = fun(Number) -> ["dave@h1 port=", integer_to_list(Number), " family=inet proto=tcp addr=127.0.0.1 source=lan cluster=other age=1"] end,
		in_cluster(#{nodes => [Dave(Port)]}, fun(Daemon) ->
			test_node:synced(Daemon),
			Ask = fun() -> epmd_mdns:address_please("dave", "h1", inet) end,
			?assertEqual({ok, {127, 0, 0, 1}, Port, 6}, Ask()),
			epmd_mdns_client ! {nodedown, 'dave@h1', []},
			wait_for(fun() -> epmd_mdns_table:find("dave", "h1", inet) =:= {doubtful, {ok, {127, 0, 0, 1}, Port, 6}} end),
			%% The joiner goes on trying it.
			?assert(epmd_mdns_join_names:has_address("dave", "h1", inet)),
			?assertEqual([{inet, {127, 0, 0, 1}, Port}], epmd_mdns_join_names:addresses(<<"dave@h1">>, [inet])),
			%% Somebody listens there: it was only parted.
			{Quick, {ok, {127, 0, 0, 1}, Port, 6}} = timer:tc(Ask),
			?assert(Quick < 500000),
			ok = gen_tcp:close(Old),
			Answer = later(Ask),
			wait_for(fun() -> length(epmd_mdns_table:get(subscribers, [])) =:= 3 end),
			ok = fake_daemon:tell(Daemon, ["EVENT changed ", Dave(1), " reason=changed\n"]),
			?assertEqual({ok, {127, 0, 0, 1}, 1, 6}, Answer())
		end)
	end}.

%% What global does with a new node, before its advert gets here.
a_node_of_a_cluster_is_given_the_time_that_an_advert_takes_test() ->
	in_cluster(#{}, fun(Daemon) ->
		_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
		ok = gen_statem:call(epmd_mdns_client, sync, 5000),
		Answer = later(fun() -> epmd_mdns:address_please("bob", "h2", inet) end),
		wait_for(fun() -> length(epmd_mdns_table:get(subscribers, [])) =:= 3 end),
		ok = fake_daemon:tell(Daemon, ["EVENT up ", ?CAROL, " reason=seen\nEVENT up ", ?BOB, " reason=seen\n"]),
		?assertEqual({ok, {192, 0, 2, 2}, 9, 6}, Answer()),
		%% One that doesn't appear is looked up as ever.
		?assertEqual({ok, {127, 0, 0, 1}},
			prompt(fun() -> epmd_mdns:address_please("eve", "127.0.0.1", inet) end)),
		%% net_kernel, on OTP 25 and 27, is not made to wait.
		NetKernel = later(fun() ->
			true = register(net_kernel, self()),
			{timer:tc(fun() -> epmd_mdns:address_please("eve", "h2", inet) end),
				epmd_mdns:address_please("eve", "h2", inet6)}
		end),
		?assertMatch({{Short, {ok, _}}, {ok, _}} when Short < 500000, NetKernel())
	end).

%% net_kernel gets to none of them, as if twenty hosts had lost their power.
attempts_that_take_long_make_room_for_others_test() ->
	Nodes = [["n", Id, "@h2 port=1 family=inet proto=tcp addr=192.0.2.2 source=lan cluster=team age=9"]
		|| N <- lists:seq(1, 20), Id <- [integer_to_list(N)]],
	Self = self(),
	NetKernel = spawn_link(fun() ->
		true = register(net_kernel, self()),
		connecting(Self)
	end),
	try
		in_cluster(#{nodes => Nodes}, fun(_) ->
			First = [attempt() || _ <- lists:seq(1, 8)],
			?assertEqual(8, length([x || {_, trying} <- maps:to_list(epmd_mdns:peers())])),
			Others = [attempt() || _ <- lists:seq(9, 20)],
			?assertEqual(20, length(lists:usort(First ++ Others)))
		end)
	after
		unlink(NetKernel),
		exit(NetKernel, kill)
	end.

%% OTP kills the process that sets up a connection when it times out: what it has started ends too.
who_is_killed_in_a_lookup_leaves_no_process_behind_test() ->
	in_cluster(#{}, fun(Daemon) ->
		test_node:synced(Daemon),
		Callers = [spawn(fun() ->
			receive go -> epmd_mdns:address_please("nobody" ++ integer_to_list(N), "192.0.2.9", inet) end
		end) || N <- lists:seq(1, 50)],
		_ = [begin
			1 = erlang:trace(Caller, true, [procs, set_on_spawn]),
			Caller ! go
		end || Caller <- Callers],
		?assertEqual(ok, all_end(maps:from_list([{Caller, 0} || Caller <- Callers])))
	end).

%% The client may be held up while the node boots: whoever registers it gives up, and it is registered later.
who_is_registered_late_joins_all_the_same_test() ->
	true = os:putenv("EPMD_MDNS_CLUSTER", "team"),
	try
		test_node:with_daemon(#{nodes => [?BOB]}, fun(_) ->
			ok = sys:suspend(epmd_mdns_client),
			?assertMatch({ok, Drawn} when Drawn >= 4, register_alice(5000)),
			ok = sys:resume(epmd_mdns_client),
			ok = known(<<"bob@h2">>)
		end)
	after
		true = os:unsetenv("EPMD_MDNS_CLUSTER")
	end.

who_ends_while_it_waits_is_forgotten_test() ->
	in_cluster(#{nodes => [?BOB]}, fun(_) ->
		%% Whatever the state looks like, it mentions who waits.
		Mentioned = fun(Pid) ->
			string:find(io_lib:format("~0p", [sys:get_state(epmd_mdns_joiner)]), pid_to_list(Pid)) =/= nomatch
		end,
		Caller = spawn(fun() -> epmd_mdns:wait(9, infinity) end),
		wait_for(fun() -> Mentioned(Caller) end),
		true = exit(Caller, kill),
		wait_for(fun() -> not Mentioned(Caller) end)
	end).

%% Internal.

%% Each of the processes, with how many it has started, or ended. One that has started two, as one that looks a node up does,
%% is killed. What is traced of a process may come before what is traced of the one that has started it.
all_end(Processes) ->
	case [Process || {_, Process} <- maps:to_list(Processes), Process =/= ended] of
		[] -> ok;
		Left -> receive Trace when element(1, Trace) =:= trace -> all_end(traced(Trace, Processes)) after 10000 -> {left, Left} end
	end.

traced({trace, Pid, spawn, Child, _}, Processes) ->
	Before = maps:get(Pid, Processes, 0),
	_ = [exit(Pid, kill) || Before =:= 1],
	maps:merge(#{Child => 0}, Processes#{Pid => Before + 1});
traced({trace, Pid, exit, _}, Processes) ->
	Processes#{Pid => ended};
traced(_, Processes) ->
	Processes.

%% A net_kernel that never gets anywhere.
connecting(Owner) ->
	receive {'$gen_call', _, {connect, _, Node}} -> Owner ! {attempt, Node} end,
	connecting(Owner).

attempt() ->
	receive {attempt, Node} -> Node after 10000 -> timeout end.

%% The next event or report. On a busy machine an attempt to join the node, which can't succeed, ends before the test has
%% said that it is connected.
but_failures(Next) ->
	case Next() of
		{join_failed, _, _} -> but_failures(Next);
		{_, #{what := join_failed}} -> but_failures(Next);
		Other -> Other
	end.

in_cluster(Options, Test) ->
	true = os:putenv("EPMD_MDNS_CLUSTER", "team"),
	try
		test_node:with_daemon(Options, fun(Daemon) ->
			{ok, 4711} = register_alice(5000),
			Test(Daemon)
		end)
	after
		true = os:unsetenv("EPMD_MDNS_CLUSTER")
	end.

%% With this setting of kernel's, which is what the user may have said.
with_retries(User, Test) ->
	ok = application:unset_env(kernel, global_connect_retries),
	_ = [application:set_env(kernel, global_connect_retries, Retries) || {ok, Retries} <- [User]],
	try
		Test()
	after
		ok = application:unset_env(kernel, global_connect_retries)
	end.

nodeup(Name) ->
	epmd_mdns_joiner ! {nodeup, Name, [{node_type, visible}]}.

nodedown(Name, Reason) ->
	epmd_mdns_joiner ! {nodedown, Name, [{nodedown_reason, Reason}, {node_type, visible}]}.

tell(Message) ->
	epmd_mdns_joiner ! {epmd_mdns_joiner, Message}.

%% Returns a function that waits for the result.
later(Fun) ->
	Self = self(),
	Ref = make_ref(),
	_ = spawn_link(fun() -> Self ! {Ref, Fun()} end),
	fun() -> receive {Ref, Result} -> Result after 10000 -> timeout end end.

known(Node) ->
	wait_for(fun() -> case epmd_mdns:peers() of #{Node := _} -> true; _ -> false end end).

next_line(Daemon) ->
	receive {fake_daemon, Daemon, Line} -> Line after 10000 -> timeout end.

first(What) ->
	case logged() of
		Line={_, #{what := What}} -> Line;
		{_, _} -> first(What)
	end.
