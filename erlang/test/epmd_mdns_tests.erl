%% SPDX-License-Identifier: Apache-2.0
%%
%% The module as OTP, and a program, calls it.

-module(epmd_mdns_tests).

-include_lib("eunit/include/eunit.hrl").

-import(test_node, [register_alice/1, prompt/1]).

-define(BOB, "bob@h2 port=40001 family=inet proto=tcp addr=198.51.100.2 source=lan host=box.local age=12").
-define(BOB6, "bob@h2 port=40006 family=inet6 proto=tcp addr=2001:db8::2 source=lan host=box.local age=12").
-define(EVE, "eve@h2 port=40005 family=inet proto=tls addr=198.51.100.2 source=lan host=box.local age=12").
-define(CAROL, "carol@h3.local port=40002 family=inet proto=tcp addr=192.0.2.3 source=lan age=1").
-define(DAVE, "dave@h1 port=40003 family=inet proto=tcp addr=127.0.0.1 source=local age=1").

%% The application. A build with erlc alone has no .app file.

the_app_file_lists_the_modules_that_there_are_test() ->
	Ebin = os:getenv("EPMD_MDNS_EBIN"),
	Beams = [list_to_atom(filename:basename(Beam, ".beam")) || Beam <- filelib:wildcard("*.beam", Ebin)],
	case file:consult(filename:join(Ebin, "epmd_mdns.app")) of
		{ok, [{application, epmd_mdns, Properties}]} ->
			?assertEqual(lists:sort(Beams), lists:sort(proplists:get_value(modules, Properties)));
		{error, enoent} ->
			ok
	end.

%% The callbacks.

every_callback_of_every_release_is_there_test() ->
	Exports = epmd_mdns:module_info(exports),
	?assertEqual([], [{start_link, 0}, {register_node, 2}, {register_node, 3}, {port_please, 2},
		{port_please, 3}, {address_please, 3}, {names, 0}, {names, 1}, {listen_port_please, 2}, {start, 0},
		{stop, 0}] -- Exports),
	?assertEqual({ignore, ok}, {epmd_mdns:start(), epmd_mdns:stop()}).

a_known_node_is_answered_with_its_port_test() ->
	test_node:with_daemon(#{nodes => [?BOB]}, fun(_) ->
		{ok, _} = register_alice(5000),
		Answer = {ok, {198, 51, 100, 2}, 40001, 6},
		?assertEqual(Answer, epmd_mdns:address_please("bob", "h2", inet)),
		?assertEqual(Answer, epmd_mdns:address_please(bob, h2, inet)),
		?assertEqual(Answer, epmd_mdns:address_please("bob", <<"h2">>, inet)),
		?assertMatch({ok, {0, 0, 0, 0, 0, 16#FFFF, _, _}, 40001, 6},
			epmd_mdns:address_please("bob", "h2", inet6))
	end).

an_unknown_node_is_looked_up_as_ever_test() ->
	test_node:with_daemon(#{}, fun(_) ->
		{ok, _} = register_alice(5000),
		?assertEqual({ok, {127, 0, 0, 1}}, epmd_mdns:address_please("bob", "127.0.0.1", inet)),
		?assertEqual({ok, {127, 0, 0, 1}}, epmd_mdns:address_please("bob", {127, 0, 0, 1}, inet)),
		?assertEqual({ok, {127, 0, 0, 1}}, epmd_mdns:address_please("bob", '127.0.0.1', inet))
	end).

without_the_fallback_an_unknown_node_does_not_exist_test() ->
	without_fallback(fun() ->
		test_node:with_daemon(#{}, fun(_) ->
			{ok, _} = register_alice(5000),
			?assertEqual({error, nxdomain}, epmd_mdns:address_please("bob", "127.0.0.1", inet)),
			?assertEqual(noport, epmd_mdns:port_please("bob", {127, 0, 0, 1})),
			?assertEqual({ok, []}, epmd_mdns:names("h9"))
		end)
	end).

%% A node of another protocol is no node for us, and its host's epmd doesn't know it.
a_known_node_that_cant_be_talked_to_is_an_error_at_once_test() ->
	test_node:with_daemon(#{nodes => [?EVE, ?BOB6]}, fun(Daemon) ->
		{ok, _} = register_alice(5000),
		?assertEqual({error, eprotonosupport}, epmd_mdns:address_please("eve", "h2", inet)),
		?assertEqual({error, eprotonosupport}, epmd_mdns:address_please("eve", "h2", inet6)),
		?assertEqual({error, eprotonosupport}, epmd_mdns:address_please(bob, <<"h2">>, inet)),
		ok = epmd_mdns:subscribe(),
		_ = [{up, _, _} = test_node:event() || _ <- [1, 2]],
		ok = fake_daemon:tell(Daemon, ["EVENT down ", ?EVE, " reason=goodbye\n"]),
		{down, <<"eve@h2">>, _} = test_node:event(),
		?assertNotEqual({error, eprotonosupport}, epmd_mdns:address_please("eve", "h2", inet))
	end).

%% On OTP 25 the caller is net_kernel, and the first connection of a program comes right after the boot.
a_lookup_waits_for_a_snapshot_that_is_on_its_way_test() ->
	test_node:with_daemon(#{snapshot => endless}, fun(Daemon) ->
		_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
		Self = self(),
		_ = spawn_link(fun() -> Self ! {answer, epmd_mdns:address_please("bob", "h2", inet)} end),
		ok = fake_daemon:tell(Daemon, ["EVENT up ", ?BOB, " reason=present\nEVENT sync\n"]),
		?assertEqual({ok, {198, 51, 100, 2}, 40001, 6}, receive {answer, Answer} -> Answer after 5000 -> timeout end)
	end).

%% Another client may have been told of the node before us, and have told somebody who now asks.
a_lookup_misses_nothing_that_the_daemon_knows_already_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		{ok, _} = register_alice(5000),
		_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
		[begin
			Name = "n" ++ integer_to_list(N),
			%% The client is busy: what comes stands in its mailbox.
			ok = sys:suspend(epmd_mdns_client),
			ok = fake_daemon:tell(Daemon, ["EVENT up ", Name, "@h2 port=", integer_to_list(N), " family=inet proto=tcp ",
				"addr=192.0.2.2 source=lan age=0 reason=seen\n"]),
			Self = self(),
			_ = spawn_link(fun() -> Self ! {answer, epmd_mdns:address_please(Name, "h2", inet)} end),
			ok = sys:resume(epmd_mdns_client),
			?assertEqual({ok, {192, 0, 2, 2}, N, 6}, receive {answer, Answer} -> Answer after 5000 -> timeout end)
		end || N <- lists:seq(1, 50)]
	end).

%% Its advert can't come, so nobody waits for it, even in a cluster; and a stranger who announces it is not believed.
a_loopback_name_is_of_this_host_alone_test() ->
	true = os:putenv("EPMD_MDNS_CLUSTER", "team"),
	Stranger = "bob@127.0.0.1 port=40001 family=inet proto=tcp addr=198.51.100.2 source=lan age=12",
	Own = "app@127.0.0.1 port=40003 family=inet proto=tcp addr=127.0.0.1 source=local age=1",
	try
		test_node:with_daemon(#{nodes => [Stranger, Own]}, fun(_) ->
			{ok, _} = register_alice(5000),
			?assertEqual([<<"app@127.0.0.1">>], epmd_mdns:nodes()),
			?assertEqual([], epmd_mdns:lookup("bob@127.0.0.1")),
			?assertEqual({ok, {127, 0, 0, 1}, 40003, 6}, epmd_mdns:address_please("app", "127.0.0.1", inet)),
			%% A wait takes 0.8 s each time; a busy machine is not slow five times.
			Asked = [timer:tc(epmd_mdns, address_please, ["bob", "127.0.0.1", inet]) || _ <- lists:seq(1, 5)],
			?assertEqual([{ok, {127, 0, 0, 1}}], lists:usort([Stock || {_, Stock} <- Asked])),
			?assertEqual({ok, {127, 0, 0, 2}}, epmd_mdns:address_please("bob", "127.2", inet)),
			%% No name server is asked.
			[?assertEqual({ok, {127, 0, 0, 1}}, epmd_mdns:address_please("bob", Host, inet))
				|| Host <- ["localhost", "app.localhost", "Localhost.LocalDomain.", <<"localhost4">>]],
			?assert(lists:min([Took || {Took, _} <- Asked]) < 700000)
		end)
	after
		os:unsetenv("EPMD_MDNS_CLUSTER")
	end.

%% A remote shell connects while its VM hears of the first nodes: what address_please/3 hasn't found there may be there
%% when the lookup begins.
a_node_that_appears_during_a_lookup_is_found_test() ->
	test_node:with_daemon(#{nodes => [?BOB, ?EVE]}, fun(_) ->
		{ok, _} = register_alice(5000),
		Lookup = fun() ->
			Deadline = erlang:monotonic_time(millisecond) + 5000,
			[epmd_mdns_lookup:address(Name, "h2", Family, Deadline) || Name <- ["bob", "eve"], Family <- [inet, inet6]]
		end,
		Tls = {error, eprotonosupport},
		Found = [{ok, {198, 51, 100, 2}, 40001, 6}, {ok, {0, 0, 0, 0, 0, 16#FFFF, 16#C633, 16#6402}, 40001, 6}, Tls, Tls],
		?assertEqual(Found, Lookup()),
		?assertEqual(Found, as_net_kernel(Lookup))
	end).

a_lookup_waits_not_long_for_a_daemon_that_hangs_test() ->
	test_node:with_daemon(#{mode => mute}, fun(_) ->
		?assertEqual({ok, {127, 0, 0, 1}},
			prompt(fun() -> epmd_mdns:address_please("bob", "127.0.0.1", inet) end))
	end),
	test_node:with_daemon(#{}, fun(Daemon) ->
		{ok, _} = register_alice(5000),
		test_node:synced(Daemon),
		ok = fake_daemon:set(Daemon, #{mode => mute}),
		?assertEqual({ok, {127, 0, 0, 1}},
			prompt(fun() -> epmd_mdns:address_please("bob", "127.0.0.1", inet) end)),
		%% A daemon that goes away holds nobody up.
		Self = self(),
		_ = spawn_link(fun() -> Self ! {answer, timer:tc(gen_statem, call, [epmd_mdns_client, refresh, 5000])} end),
		_ = fake_daemon:expect(Daemon, <<"HELLO 1">>),
		_ = fake_daemon:expect(Daemon, <<"HELLO 1">>),
		ok = fake_daemon:hang_up(Daemon),
		?assertMatch({_, ok}, receive {answer, Done} -> Done after 5000 -> timeout end)
	end).

the_port_is_found_by_name_and_by_address_test_() ->
	[{lists:flatten(io_lib:format("~0p", [{Name, Host}])), fun() ->
		without_fallback(fun() ->
			test_node:with_daemon(#{nodes => [?BOB, ?BOB6, ?CAROL, ?DAVE]}, fun(_) ->
				{ok, _} = register_alice(5000),
				?assertEqual(Expected, epmd_mdns:port_please(Name, Host)),
				?assertEqual(Expected, epmd_mdns:port_please(Name, Host, 100))
			end)
		end)
	end} || {Name, Host, Expected} <- [
		{"bob", "h2", {port, 40001, 6}},
		{bob, h2, {port, 40001, 6}},
		{<<"bob">>, <<"H2.local">>, {port, 40001, 6}},
		{"bob", "box", {port, 40001, 6}},
		{"bob", {198, 51, 100, 2}, {port, 40001, 6}},
		{"bob", {0, 0, 0, 0, 0, 16#FFFF, 16#C633, 16#6402}, {port, 40001, 6}},
		{"bob", "2001:db8::2", {port, 40006, 6}},
		{"carol", "h3", {port, 40002, 6}},
		{"dave", {127, 0, 0, 1}, {port, 40003, 6}},
		{"dave", "localhost", {port, 40003, 6}},
		{"bob", "h3", noport},
		{"bob", {192, 0, 2, 3}, noport},
		{"bob", {1, 2, 3}, noport}
	]].

names_of_this_host_are_its_registrations_test_() ->
	{ok, Name} = inet:gethostname(),
	[{lists:flatten(io_lib:format("~0p", [Host])), fun() ->
		test_node:with_daemon(#{nodes => [?BOB, ?DAVE]}, fun(_) ->
			?assertEqual({ok, [{"dave", 40003}]}, epmd_mdns:names(Host))
		end)
	end} || Host <- [localhost, "localhost", Name, string:uppercase(Name), Name ++ ".local", net_adm:localhost(),
		{127, 0, 0, 1}, {127, 1, 2, 3}, "127.0.0.1", "127.1", "app.localhost", "::1", {0, 0, 0, 0, 0, 0, 0, 1}, <<"localhost">>]].

%% Else rebar3, observer and RabbitMQ start an epmd.
names_of_this_host_are_no_error_while_the_daemon_is_up_test() ->
	test_node:with_daemon(#{nodes => [?BOB]}, fun(_) ->
		?assertEqual({ok, []}, epmd_mdns:names()),
		?assertEqual({ok, []}, epmd_mdns:names("localhost"))
	end).

names_of_another_host_go_by_its_name_its_mdns_name_or_address_test() ->
	test_node:with_daemon(#{nodes => [?BOB, ?BOB6, ?CAROL, ?DAVE]}, fun(_) ->
		[?assertEqual({ok, [{"bob", 40001}]}, epmd_mdns:names(Host))
			|| Host <- ["h2", h2, "H2.local", "box", 'BOX.local.', {198, 51, 100, 2}, "198.51.100.2"]],
		?assertEqual({ok, [{"bob", 40006}]}, epmd_mdns:names("2001:db8::2")),
		?assertEqual({ok, [{"carol", 40002}]}, epmd_mdns:names("h3"))
	end).

names_without_daemon_and_epmd_are_an_error_test() ->
	without_fallback(fun() ->
		test_node:with_node(fake_daemon:path(), fun() ->
			?assertEqual({error, address}, epmd_mdns:names()),
			?assertEqual({error, address}, epmd_mdns:names("h9"))
		end)
	end).

%% With an epmd that answers this is a matter for the tests on a LAN.
a_host_of_which_nobody_knows_anything_has_no_names_test() ->
	test_node:with_daemon(#{}, fun(_) ->
		?assertEqual({ok, []}, epmd_mdns:names("no-such-host.invalid"))
	end),
	test_node:with_node(fake_daemon:path(), fun() ->
		?assertEqual({error, address}, epmd_mdns:names("no-such-host.invalid"))
	end).

a_vm_that_is_not_distributed_asks_the_daemon_test() ->
	Path = fake_daemon:path(),
	Daemon = fake_daemon:start(Path, #{nodes => [?BOB, ?DAVE]}),
	true = os:putenv("EPMD_MDNS_SOCKET", Path),
	try
		?assertEqual({ok, [{"dave", 40003}]}, epmd_mdns:names()),
		?assertEqual({port, 40001, 6}, epmd_mdns:port_please("bob", "h2")),
		?assertEqual([<<"bob@h2">>, <<"dave@h1">>], epmd_mdns:nodes()),
		?assertMatch([#{port := 40001, since := _}], epmd_mdns:lookup("bob@h2")),
		?assertEqual([], epmd_mdns:lookup("bob@h3")),
		ok = fake_daemon:set(Daemon, #{nodes => [?DAVE, "eve@localhost port=1 family=inet proto=tcp addr=192.0.2.9 source=lan age=1"]}),
		?assertEqual([<<"dave@h1">>], epmd_mdns:nodes()),
		?assertMatch(#{daemon := absent}, epmd_mdns:info()),
		ok = fake_daemon:set(Daemon, #{nodes => ["nonsense"]}),
		?assertEqual([], epmd_mdns:nodes()),
		ok = fake_daemon:set(Daemon, #{nodes => lists:duplicate(9000, ?BOB)}),
		?assertEqual([], epmd_mdns:nodes()),
		ok = fake_daemon:set(Daemon, #{mode => mute}),
		_ = prompt(fun epmd_mdns:names/0)
	after
		os:unsetenv("EPMD_MDNS_SOCKET"),
		fake_daemon:stop(Daemon)
	end,
	?assertEqual([], epmd_mdns:nodes()).

the_port_to_listen_on_is_up_to_erl_epmd_test() ->
	?assertEqual({ok, 0}, epmd_mdns:listen_port_please(alice, "h1")),
	?assertEqual({ok, 0}, epmd_mdns:listen_port_please(make_ref(), [])).

a_driver_is_as_good_as_a_family_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		{ok, 0} = epmd_mdns:listen_port_please(alice, "h1"),
		[begin
			{ok, 4711} = epmd_mdns:register_node("alice", 5000, Family),
			Line = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000 family=", Expected/binary, " ">>),
			?assert(is_binary(Line))
		end || {Family, Expected} <- [{inet_tcp, <<"inet">>}, {inet6_tcp, <<"inet6">>}, {inet, <<"inet">>},
			{inet6, <<"inet6">>}]],
		?assertEqual({ok, 4711}, epmd_mdns:register_node(<<"alice">>, 5000))
	end).

%% As net_kernel does it for -proto_dist inet_tcp inet6_tcp; and then RabbitMQ, which knows the port.
a_node_may_listen_twice_test() ->
	test_node:with_daemon(#{}, fun(Daemon) ->
		[begin
			{ok, 0} = epmd_mdns:listen_port_please(alice, "h1"),
			{ok, 4711} = epmd_mdns:register_node(alice, Port, Family)
		end || {Port, Family} <- [{5000, inet}, {5001, inet6}]],
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000 family=inet proto=tcp ">>),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5001 family=inet6 proto=tcp ">>),
		{ok, 4711} = epmd_mdns:register_node("alice", 5001),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5001 family=inet6 proto=tcp ">>)
	end).

%% RabbitMQ asks once a minute, and believes that an epmd has lost its node if it isn't told the port.
the_own_port_is_known_without_a_daemon_test() ->
	without_fallback(fun() ->
		test_node:with_node(fake_daemon:path(), fun() ->
			?assertEqual(noport, epmd_mdns:port_please("alice", "localhost")),
			{ok, _} = register_alice(5000),
			?assertEqual({port, 5000, 6}, epmd_mdns:port_please("alice", "localhost")),
			?assertEqual({port, 5000, 6}, epmd_mdns:port_please("alice", {127, 0, 0, 1})),
			?assertEqual(noport, epmd_mdns:port_please("bob", "localhost"))
		end)
	end).

without_a_host_from_otp_the_node_is_at_this_host_test() ->
	{ok, Host} = inet:gethostname(),
	test_node:with_daemon(#{}, fun(Daemon) ->
		{ok, 4711} = epmd_mdns:register_node(alice, 5000),
		_ = fake_daemon:expect(Daemon, list_to_binary(["REGISTER alice@", Host, " "]))
	end).

%% net_kernel calls most of this where an exception is the end of the node.
no_argument_makes_a_callback_raise_or_linger_test_() ->
	{timeout, 120, fun() ->
		Odd = ["", [], 5, -1, 1.5, self(), make_ref(), {}, {1, 2, 3, 4, 5}, {a, b, c, d}, #{}, <<>>, <<255>>, "a b",
			"å@日本", [a|b], [[]], [1114112], fun() -> ok end],
		test_node:with_daemon(#{}, fun(_) ->
			{ok, _} = register_alice(5000),
			[begin
				prompt(fun() -> apply(epmd_mdns, Function, Args) end)
			end || Term <- Odd, {Function, Args} <- [
				{listen_port_please, [Term, Term]},
				{register_node, [Term, Term]},
				{register_node, [Term, 5000, inet]},
				{register_node, [alice, Term, inet]},
				{register_node, [alice, 5000, Term]},
				{address_please, [Term, "127.0.0.1", inet]},
				{address_please, ["x", Term, inet]},
				{address_please, ["x", "127.0.0.1", Term]},
				{port_please, [Term, {127, 0, 0, 1}]},
				{port_please, ["x", Term]},
				{port_please, ["x", {127, 0, 0, 1}, Term]},
				{names, [Term]},
				{lookup, [Term]}
			]]
		end)
	end}.

%% What a program may ask.

the_program_sees_names_as_binaries_test() ->
	test_node:with_daemon(#{nodes => [?BOB, ?BOB6, ?DAVE]}, fun(_) ->
		?assertEqual([<<"bob@h2">>, <<"dave@h1">>], epmd_mdns:nodes()),
		?assertMatch([#{family := inet}, #{family := inet6}], epmd_mdns:lookup(<<"bob@h2">>)),
		?assertEqual(epmd_mdns:lookup(<<"bob@h2">>), epmd_mdns:lookup('bob@h2')),
		?assertEqual([], epmd_mdns:lookup("eve@h2")),
		?assertEqual([], epmd_mdns:lookup("bob"))
	end).

info_says_how_things_stand_test() ->
	test_node:with_daemon(#{nodes => [?BOB]}, fun(_) ->
		{ok, 4711} = register_alice(5000),
		?assertMatch(#{daemon := up, server := <<"fake-daemon/1">>, socket := "/tmp/" ++ _, cluster := undefined,
			fallback := true, node := <<"alice@h1">>, nodes := 1}, epmd_mdns:info())
	end).

%% The stock answers.

%% As the process that sets up a connection is, when it times out.
who_is_killed_while_it_asks_leaves_nobody_behind_test() ->
	{ok, _} = inet:gethostbyname("localhost"),
	Resolver = whereis(inet_gethost_native),
	true = erlang:suspend_process(Resolver),
	try
		Before = processes(),
		Callers = [spawn(fun() -> epmd_mdns_lookup_stock:address("x", "h.invalid", inet, 60000) end) || _ <- lists:seq(1, 10)],
		test_node:wait_for(fun() -> length([Pid || Pid <- processes() -- Before, is_asking(Pid)]) >= 20 end),
		_ = [exit(Caller, kill) || Caller <- Callers],
		test_node:wait_for(fun() -> [Pid || Pid <- processes() -- Before, is_asking(Pid)] =:= [] end)
	after
		true = erlang:resume_process(Resolver)
	end.

%% Without any time it is chance whether there is an answer; but never is there a message afterwards.
a_stock_answer_comes_in_time_or_not_at_all_test() ->
	Late = {error, timeout},
	Address = erl_epmd:address_please("x", "localhost", inet),
	Names = erl_epmd:names({127, 0, 0, 1}),
	?assert(lists:member(epmd_mdns_lookup_stock:address("x", "localhost", inet, 0), [Late, Address])),
	?assert(lists:member(epmd_mdns_lookup_stock:names({127, 0, 0, 1}, 0), [Late, Names])),
	?assertEqual(Address, epmd_mdns_lookup_stock:address("x", "localhost", inet, 5000)),
	?assertMatch({error, _}, epmd_mdns_lookup_stock:port("x", {bad}, 1000)),
	receive Unexpected -> error(Unexpected) after 0 -> ok end.

%% Internal.

is_asking(Pid) ->
	case process_info(Pid, current_stacktrace) of
		{_, Stack} -> lists:any(fun(Call) -> element(1, Call) =:= epmd_mdns_lookup_stock end, Stack);
		undefined -> false
	end.

%% On OTP 25 and 27 it asks by itself.
as_net_kernel(Fun) ->
	true = register(net_kernel, self()),
	try
		Fun()
	after
		true = unregister(net_kernel)
	end.

without_fallback(Test) ->
	ok = application:set_env(epmd_mdns, fallback, false),
	try
		Test()
	after
		ok = application:unset_env(epmd_mdns, fallback)
	end.
