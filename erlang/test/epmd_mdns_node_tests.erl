%% SPDX-License-Identifier: Apache-2.0
%%
%% A whole node: this VM, which run-eunit starts with -epmd_module epmd_mdns, and another one.

-module(epmd_mdns_node_tests).

-include_lib("eunit/include/eunit.hrl").

a_node_boots_stops_and_boots_again_test_() ->
	{timeout, 30, fun() ->
		with_loopback(fun() ->
			with_path(fun(Path) ->
				Daemon = fake_daemon:start(Path, #{}),
				_ = [begin
					{ok, _} = net_kernel:start([epmd_mdns_test, shortnames]),
					Node = atom_to_binary(node()),
					Line = fake_daemon:expect(Daemon, <<"REGISTER ", Node/binary, " port=">>),
					?assertMatch({_, _}, binary:match(Line, <<" addr=127.0.0.1">>)),
					?assertEqual(4711, erlang:system_info(creation)),
					?assertMatch({ok, _}, net_adm:names()),
					ok = fake_daemon:set(Daemon, #{nodes => [[Node, " port=1 family=inet proto=tcp ",
						"addr=127.0.0.1 source=local age=1"]]}),
					ok = fake_daemon:hang_up(Daemon),
					_ = fake_daemon:expect(Daemon, <<"REGISTER ", Node/binary, " port=">>),
					%% What RabbitMQ does once a minute, with strings.
					[_, Host] = string:split(atom_to_list(node()), "@"),
					_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
					ok = gen_statem:call(epmd_mdns_client, sync, 5000),
					?assertMatch({port, _, 6}, epmd_mdns:port_please("epmd_mdns_test", Host)),
					?assertEqual({ok, 4711}, epmd_mdns:register_node("epmd_mdns_test", 1)),
					exit(whereis(epmd_mdns_client), kill),
					?assert(is_alive()),
					ok = net_kernel:stop()
				end || _ <- [1, 2]],
				ok = fake_daemon:stop(Daemon)
			end)
		end)
	end}.

a_node_boots_without_a_daemon_test() ->
	with_loopback(fun() ->
		with_path(fun(_) ->
			{ok, _} = net_kernel:start([epmd_mdns_test, shortnames]),
			?assert(is_alive()),
			?assertEqual(pang, net_adm:ping('nobody@127-0-0-1')),
			ok = net_kernel:stop()
		end)
	end).

a_node_with_a_duplicate_name_does_not_boot_test() ->
	with_loopback(fun() ->
		with_path(fun(Path) ->
			Daemon = fake_daemon:start(Path, #{register => "ERR duplicate-name\n"}),
			?assertMatch({error, _}, net_kernel:start([epmd_mdns_test, shortnames])),
			ok = fake_daemon:stop(Daemon)
		end)
	end).

a_node_finds_another_one_test_() ->
	{timeout, 30, fun() ->
		with_loopback(fun() ->
			with_path(fun(Path) ->
				Daemon = fake_daemon:start(Path, #{}),
				{ok, _} = net_kernel:start([epmd_mdns_test, shortnames]),
				true = erlang:set_cookie(node(), epmd_mdns),
				Line = fake_daemon:expect(Daemon, <<"REGISTER">>),
				Registration = binary:part(Line, 9, byte_size(Line) - 9),
				Known = re:replace(Registration, " addr=.*", ""),
				ok = fake_daemon:set(Daemon, #{nodes => [[Known, " addr=127.0.0.1 source=local age=1"]]}),
				%% The other one has a dynamic name in one case, and registers in the other.
				?assertEqual("true", connect_from_child("-sname epmd_mdns_child")),
				?assertEqual("true", connect_from_child("-sname undefined")),
				ok = net_kernel:stop(),
				ok = fake_daemon:stop(Daemon)
			end)
		end)
	end}.

%% Somebody listens there, and says nothing, as a node that waits for its own attempt. OTP would wait for 7 s.
an_attempt_that_is_in_the_way_is_ended_test_() ->
	{timeout, 30, fun() ->
		with_loopback(fun() ->
			with_path(fun(Path) ->
				{ok, Listener} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}]),
				{ok, Port} = inet:port(Listener),
				Daemon = fake_daemon:start(Path, #{nodes => [[Node, " port=", integer_to_list(Port),
					" family=inet proto=tcp addr=127.0.0.1 source=lan age=1"] || Node <- ["a@h9", "z@h9"]]}),
				{ok, _} = net_kernel:start([epmd_mdns_test, shortnames]),
				test_node:synced(Daemon),
				[{_, Lesser}, {_, Greater}] = [spawn_monitor(fun() -> exit(net_kernel:connect_node(Node)) end) || Node <- ['a@h9', 'z@h9']],
				_ = [test_node:wait_for(fun() -> epmd_mdns_join_names:is_pending(Node) end) || Node <- ['a@h9', 'z@h9']],
				%% That this one ends as soon as the one before it is no refusal.
				{Pid, Attempt} = epmd_mdns_join_attempt:start('a@h9', [inet], false, hello),
				true = unlink(Pid),
				test_node:wait_for(fun() -> process_info(Pid, status) =:= {status, waiting} end),
				_ = [ok = epmd_mdns_join_names:make_way(Node) || Node <- [<<"a@h9">>, <<"z@h9">>, <<"nobody@h9">>]],
				?assertEqual([false, turned_away], test_node:prompt(fun() -> [result(Monitor) || Monitor <- [Lesser, Attempt]] end)),
				%% Whose name is greater takes turns by itself.
				?assert(epmd_mdns_join_names:is_pending('z@h9')),
				true = demonitor(Greater, [flush]),
				ok = net_kernel:stop(),
				ok = gen_tcp:close(Listener),
				ok = fake_daemon:stop(Daemon)
			end)
		end)
	end}.

%% Internal.

result(Monitor) ->
	receive {'DOWN', Monitor, process, _, Result} -> Result after 10000 -> timeout end.

with_path(Test) ->
	Path = fake_daemon:path(),
	true = os:putenv("EPMD_MDNS_SOCKET", Path),
	try
		Test(Path)
	after
		_ = net_kernel:stop(),
		os:unsetenv("EPMD_MDNS_SOCKET")
	end.

with_loopback(Test) ->
	ok = application:set_env(kernel, inet_dist_use_interface, {127, 0, 0, 1}),
	try
		Test()
	after
		ok = application:unset_env(kernel, inet_dist_use_interface)
	end.

%% Whether another VM can connect to this node.
connect_from_child(Name) ->
	os:cmd(lists:flatten(io_lib:format("erl -noinput -boot start_clean -pa '~s' -start_epmd false "
		"-epmd_module epmd_mdns -setcookie epmd_mdns ~s -kernel logger_level error "
		"-kernel inet_dist_use_interface '{127,0,0,1}' "
		"-eval 'io:format(\"~~s\", [net_kernel:connect_node(list_to_atom(\"~s\"))]), halt().'",
		[os:getenv("EPMD_MDNS_EBIN"), Name, node()]))).
