%% SPDX-License-Identifier: Apache-2.0

-module(epmd_mdns_socket_tests).

-include_lib("eunit/include/eunit.hrl").

%% A full queue of connections is no reason to give up: there is soon room in it.
full_queue_test() ->
	{Path, Listener, Waiting} = full_queue(),
	Parent = self(),
	Pid = spawn_link(fun() -> Parent ! {self(), epmd_mdns_socket:connect(Path, [binary], 10000)}, receive done -> ok end end),
	%% It doesn't come through as long as nobody is accepted.
	receive {Pid, Early} -> ?assertEqual(waiting, Early) after 50 -> ok end,
	{ok, Accepted} = gen_tcp:accept(Listener, 10000),
	receive {Pid, Result} -> ?assertMatch({ok, _}, Result) end,
	Pid ! done,
	close(Path, [Listener, Accepted|Waiting]).

%% One that stays full is told within the time.
full_queue_for_ever_test() ->
	{Path, Listener, Waiting} = full_queue(),
	{Time, Result} = timer:tc(fun() -> epmd_mdns_socket:connect(Path, [binary], 50) end),
	?assertEqual({error, timeout}, Result),
	?assert(Time >= 49000),
	close(Path, [Listener|Waiting]).

nobody_there_test() ->
	?assertEqual({error, enoent}, epmd_mdns_socket:connect(path(), [binary], 5000)).

%% A socket with as many connections as wait for accept().
full_queue() ->
	Path = path(),
	{ok, Listener} = gen_tcp:listen(0, [{ifaddr, {local, Path}}, {backlog, 1}, {active, false}]),
	{Path, Listener, fill(Path)}.

fill(Path) ->
	case gen_tcp:connect({local, Path}, 0, [local, binary, {active, false}], 500) of
		{ok, Socket} ->
			case inet:peername(Socket) of
				{ok, _} -> [Socket|fill(Path)];
				{error, _} -> ok = gen_tcp:close(Socket), []
			end;
		{error, _} ->
			[]
	end.

path() ->
	"/tmp/epmd-mdns-socket-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])).

close(Path, Sockets) ->
	_ = [ok = gen_tcp:close(Socket) || Socket <- Sockets],
	ok = file:delete(Path).
