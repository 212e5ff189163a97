%% SPDX-License-Identifier: Apache-2.0
%%
%% Which connections are checked, and what becomes of them: this VM as a node, and another one that can be stopped.

-module(epmd_mdns_prober_tests).

-include_lib("eunit/include/eunit.hrl").

-import(test_node, [wait_for/1]).

-define(HOST, {127, 0, 0, 1}).

%% Over loopback, which the prober itself leaves alone.
a_connection_is_ended_if_nobody_answers_test_() ->
	{timeout, 60, fun() ->
		with_child(#{}, fun(Child, OsPid, _) ->
			?assertEqual(gone, probe('nobody@127-0-0-1', [])),
			?assertEqual(unaffected, probe(Child, [{192, 0, 2, 1}, ?HOST])),
			?assertEqual(alive, probe(Child, [])),
			?assert(is_connected(Child)),
			log_catcher:with(fun() ->
				[] = os:cmd("kill -STOP " ++ OsPid),
				wait_for(fun() -> is_stopped(OsPid) end),
				{Time, ended} = timer:tc(fun() -> probe(Child, [{192, 0, 2, 1}]) end),
				?assert(Time >= 2900000),
				?assertNot(is_connected(Child)),
				Name = atom_to_binary(Child),
				?assertMatch({notice, #{what := ended, node := Name, reason := <<"changed">>}}, ended_in_log())
			end)
		end)
	end}.

%% Its processes need not get a turn for that: here net_kernel does not, for longer than anybody waits.
the_emulator_answers_even_if_net_kernel_is_busy_test_() ->
	{timeout, 60, fun() ->
		with_child(#{}, fun(Child, _, _) ->
			ok = erpc:call(Child, sys, suspend, [net_kernel]),
			?assertEqual(alive, probe(Child, [])),
			ok = erpc:call(Child, sys, resume, [net_kernel])
		end)
	end}.

what_happens_on_the_lan_is_a_reason_to_look_test_() ->
	{timeout, 60, fun() ->
		with_child(#{}, fun(Child, _, Daemon) ->
			Line = [atom_to_list(Child), " port=9 family=inet proto=tcp source=lan age=1 addr="],
			Node = fun(Kind, Address, Reason) ->
				ok = fake_daemon:tell(Daemon, ["EVENT ", Kind, " ", Line, Address, " reason=", Reason, "\n"])
			end,
			ok = trace(),
			Node("up", "192.0.2.2", "seen"),
			?assertEqual({Child, [{192, 0, 2, 2}], <<"seen">>}, traced()),
			Node("changed", "192.0.2.3", "replaced"),
			?assertEqual({Child, [{192, 0, 2, 3}], <<"replaced">>}, traced()),
			%% Not a node that isn't connected, nor one that isn't on the LAN.
			ok = fake_daemon:tell(Daemon, "EVENT up bob@h2 port=9 family=inet proto=tcp addr=192.0.2.2 source=lan age=1 reason=seen\n"),
			ok = fake_daemon:tell(Daemon, "EVENT network reason=resumed\n"),
			?assertEqual({Child, [], <<"resumed">>}, traced()),
			Node("down", "192.0.2.3", "expired"),
			?assertEqual({Child, [], <<"expired">>}, traced()),
			%% It is stale, and still known.
			ok = fake_daemon:tell(Daemon, "EVENT network reason=readdressed\n"),
			?assertEqual({Child, [], <<"readdressed">>}, traced()),
			?assert(is_connected(Child)),
			%% A prober that is started again is told of what there is.
			Node("up", "192.0.2.2", "seen"),
			_ = traced(),
			ok = test_node:kill(epmd_mdns_prober),
			ok = trace(),
			Node("changed", "192.0.2.5", "seen"),
			?assertMatch({Child, [{192, 0, 2, 5}], _}, skip({192, 0, 2, 2}))
		end)
	end}.

%% One at a time: what comes meanwhile is seen to afterwards, once, and is not forgotten for what comes still later.
checks_of_one_node_follow_each_other_test_() ->
	{timeout, 60, fun() ->
		with_child(#{}, fun(Child, _, Daemon) ->
			Tell = fun(Event) -> ok = fake_daemon:tell(Daemon, ["EVENT ", Event, "\n"]) end,
			Line = [atom_to_list(Child), " port=9 family=inet proto=tcp source=lan age=1 addr="],
			ok = trace(),
			Tell(["up ", Line, "192.0.2.2 reason=seen"]),
			_ = traced(),
			Prober = whereis(epmd_mdns_prober),
			wait_for(fun() -> element(3, sys:get_state(Prober)) =:= #{} end),
			%% A check that takes long.
			{Slow, Monitor} = spawn_monitor(fun() -> receive stop -> ok end end),
			_ = sys:replace_state(Prober, fun(State) -> setelement(3, State, #{Monitor => Child}) end),
			Tell("network reason=resumed"),
			Tell(["changed ", Line, "192.0.2.3 reason=seen"]),
			wait_for(fun() -> map_size(element(4, sys:get_state(Prober))) =:= 1 end),
			%% The client has heard the second line, and then has told the prober.
			wait_for(fun() -> [[{192, 0, 2, 3}]] =:= [Addresses || #{addr := Addresses} <- epmd_mdns:lookup(atom_to_list(Child))] end),
			ok = gen_statem:call(epmd_mdns_client, sync, 5000),
			Slow ! stop,
			receive {'DOWN', Monitor, process, Slow, _}=Down -> Prober ! Down end,
			?assertEqual({Child, [], <<"resumed">>}, traced())
		end)
	end}.

stray_messages_are_ignored_test() ->
	test_node:with_daemon(#{}, fun(_) ->
		Pid = whereis(epmd_mdns_prober),
		_ = [Pid ! Stray || Stray <- [hello, {timeout, make_ref(), subscribe}, {'DOWN', make_ref(), process, self(), normal},
			{epmd_mdns, {joined, <<"x@h">>, #{}}}]],
		ok = gen_server:cast(Pid, hello),
		?assertEqual(ignored, gen_server:call(Pid, hello)),
		?assertEqual(Pid, whereis(epmd_mdns_prober))
	end).

%% Internal.

probe(Node, Addresses) ->
	{Pid, Monitor} = epmd_mdns_join_probe:start(Node, Addresses, <<"changed">>),
	receive {'DOWN', Monitor, process, Pid, Result} -> Result after 20000 -> timeout end.

is_connected(Node) ->
	lists:member(Node, nodes(connected)).

ended_in_log() ->
	case log_catcher:logged() of
		Line={_, #{what := ended}} -> Line;
		nothing -> nothing;
		_ -> ended_in_log()
	end.

%% From now on the prober's checks are told to us, without the loopback addresses that are in each.
trace() ->
	ok = flush(),
	1 = erlang:trace(whereis(epmd_mdns_prober), true, [call]),
	1 = erlang:trace_pattern({epmd_mdns_join_probe, start, 3}, true, [global]),
	ok.

traced() ->
	receive
		{trace, _, call, {epmd_mdns_join_probe, start, [Node, Addresses, Why]}} ->
			{Node, Addresses -- [?HOST, {0, 0, 0, 0, 0, 0, 0, 1}], Why}
	after 10000 ->
		timeout
	end.

%% The next check but those with this address.
skip(Address) ->
	case traced() of
		{_, [Address], _} -> skip(Address);
		Other -> Other
	end.

%% Tests may share a process.
flush() ->
	receive {trace, _, call, _} -> flush() after 0 -> ok end.

%% All its threads; a signal takes a moment (proc_pid_stat(5)).
is_stopped(OsPid) ->
	[] =:= [Stat || Path <- filelib:wildcard("/proc/" ++ OsPid ++ "/task/*/stat"), {ok, Stat} <- [file:read_file(Path)],
		re:run(Stat, "\\) T ") =:= nomatch].

%% With this VM as a node, and another one that is connected to it: a hidden one, which global leaves alone. It ends with its
%% standard input, and so with a test that is killed. Their host has a name of its own: that of the machine may be localhost, a name
%% that is not for the LAN.
with_child(Options, Test) ->
	Path = fake_daemon:path(),
	true = os:putenv("EPMD_MDNS_SOCKET", Path),
	ok = application:set_env(kernel, inet_dist_use_interface, ?HOST),
	Daemon = fake_daemon:start(Path, Options),
	try
		{ok, _} = net_kernel:start([epmd_mdns_test@h1, shortnames]),
		true = erlang:set_cookie(node(), epmd_mdns),
		<<"REGISTER ", Registration/binary>> = fake_daemon:expect(Daemon, <<"REGISTER">>),
		Known = re:replace(Registration, " addr=.*", ""),
		ok = fake_daemon:set(Daemon, #{nodes => [[Known, " addr=127.0.0.1 source=local age=1"]]}),
		Port = open_port({spawn, child()}, [exit_status]),
		wait_for(fun() -> nodes(connected) =/= [] end),
		[Child] = nodes(connected),
		OsPid = erpc:call(Child, os, getpid, []),
		try
			Test(Child, OsPid, Daemon)
		after
			[] = os:cmd("kill -KILL " ++ OsPid),
			receive {Port, {exit_status, _}} -> ok after 10000 -> error(not_ended) end
		end
	after
		_ = net_kernel:stop(),
		%% The prober has ended: nothing more comes.
		ok = flush(),
		ok = fake_daemon:stop(Daemon),
		ok = application:unset_env(kernel, inet_dist_use_interface),
		os:unsetenv("EPMD_MDNS_SOCKET")
	end.

child() ->
	lists:flatten(io_lib:format("erl -noshell -hidden -boot start_clean -pa '~s' -start_epmd false "
		"-epmd_module epmd_mdns -setcookie epmd_mdns -sname epmd_mdns_child@h1 -kernel logger_level error "
		"-kernel inet_dist_use_interface '{127,0,0,1}' -eval 'net_kernel:connect_node(list_to_atom(\"~s\")), io:get_line([]), halt()'",
		[os:getenv("EPMD_MDNS_EBIN"), node()])).
