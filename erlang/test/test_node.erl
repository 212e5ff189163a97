%% SPDX-License-Identifier: Apache-2.0
%%
%% What the tests of a running client share: a node, as far as epmd_mdns is concerned, with or without a
%% daemon, and the events by which to know how far it is.

-module(test_node).

-include_lib("eunit/include/eunit.hrl").

%% API.
-export([with_node/2]).
-export([with_daemon/2]).
-export([register_alice/1]).
-export([prompt/1]).
-export([wait_for/1]).
-export([synced/1]).
-export([event/0]).
-export([kill_client/0]).
-export([kill/1]).

%% API.

%% Runs the test with the processes that the kernel would start, and no daemon.
-spec with_node(string(), fun(() -> Result)) -> Result.
with_node(Path, Test) ->
	true = os:putenv("EPMD_MDNS_SOCKET", Path),
	{ok, Sup} = epmd_mdns:start_link(),
	try
		Test()
	after
		unlink(Sup),
		Monitor = monitor(process, Sup),
		exit(Sup, shutdown),
		receive {'DOWN', Monitor, process, Sup, _} -> ok end,
		true = os:unsetenv("EPMD_MDNS_SOCKET"),
		ok = flush()
	end.

%% The same with a daemon, which is there first.
-spec with_daemon(fake_daemon:options(), fun((pid()) -> Result)) -> Result.
with_daemon(Options, Test) ->
	Path = fake_daemon:path(),
	Daemon = fake_daemon:start(Path, Options),
	try
		with_node(Path, fun() -> Test(Daemon) end)
	after
		ok = fake_daemon:stop(Daemon)
	end.

%% What net_kernel does for the node alice@h1.
-spec register_alice(inet:port_number()) -> {ok, integer()} | {error, term()}.
register_alice(Port) ->
	{ok, 0} = epmd_mdns:listen_port_please(alice, "h1"),
	epmd_mdns:register_node(alice, Port, inet).

%% Whatever the daemon does, this is over before long. What is wrong takes 5 seconds, or for ever. The second that is
%% promised is measured on the simulated LAN; here the machine may be busy with builds, and late by as much.
-spec prompt(fun(() -> Result)) -> Result.
prompt(Fun) ->
	{Time, Result} = timer:tc(Fun),
	?assert(Time < 3000000),
	Result.

%% Fails when it is not the case before long.
-spec wait_for(fun(() -> boolean())) -> ok.
wait_for(Predicate) ->
	wait_for(Predicate, erlang:monotonic_time(millisecond) + 10000).

%% The next snapshot has been asked for, and is in the table.
-spec synced(pid()) -> ok.
synced(Daemon) ->
	_ = fake_daemon:expect(Daemon, <<"SUBSCRIBE">>),
	ok = gen_statem:call(epmd_mdns_client, sync, 10000).

%% The next event that a subscriber is told.
-spec event() -> term().
event() ->
	receive {epmd_mdns, Event} -> Event after 10000 -> timeout end.

%% Returns when the supervisor has started the next one.
-spec kill_client() -> ok.
kill_client() ->
	kill(epmd_mdns_client).

%% The same for any worker.
-spec kill(atom()) -> ok.
kill(Worker) ->
	Pid = whereis(Worker),
	Monitor = monitor(process, Pid),
	exit(Pid, kill),
	receive {'DOWN', Monitor, process, Pid, _} -> ok end,
	{_, New, _, _} = lists:keyfind(Worker, 1, supervisor:which_children(epmd_mdns_sup)),
	?assert(is_pid(New) andalso New =/= Pid).

%% Internal.

wait_for(Predicate, Deadline) ->
	case {Predicate(), erlang:monotonic_time(millisecond) > Deadline} of
		{true, _} -> ok;
		{false, false} -> erlang:yield(), wait_for(Predicate, Deadline);
		{false, true} -> error(late)
	end.

%% Tests may share a process.
flush() ->
	receive {epmd_mdns, _} -> flush() after 0 -> ok end.
