%% SPDX-License-Identifier: Apache-2.0
%%
%% Stands in for epmd-mdnsd: a process on a Unix socket that answers as it is told to, or doesn't. Each
%% line that it receives goes to the process that has started it as {fake_daemon, Pid, Line}, before it
%% is answered.

-module(fake_daemon).

%% API.
-export([start/1]).
-export([start/2]).
-export([stop/1]).
-export([set/2]).
-export([tell/2]).
-export([hang_up/1]).
-export([expect/2]).
-export([flush/1]).
-export([path/0]).

-export_type([options/0]).

%% mode: serve, mute (reads and never answers) or {raw, Bytes} (says that when it is connected to).
%% nodes: what LIST and SUBSCRIBE tell, without the verb.
%% hello, register: the answers to HELLO and REGISTER.
%% snapshot: complete, or endless (EVENT sync never comes).
-type options() :: #{
	mode => serve | mute | {raw, iodata()},
	nodes => [iodata()],
	hello => iodata(),
	register => iodata(),
	snapshot => complete | endless
}.

%% API.

-spec start(string()) -> pid().
start(Path) ->
	start(Path, #{}).

-spec start(string(), options()) -> pid().
start(Path, Options) ->
	Owner = self(),
	Defaults = #{mode => serve, nodes => [], hello => "OK 1 fake-daemon/1\n", register => "OK creation=4711\n",
		snapshot => complete},
	Daemon = spawn_link(fun() -> init(Owner, Path, maps:merge(Defaults, Options)) end),
	receive {Daemon, listening} -> Daemon end.

%% Its connections close with it, and nothing that it has received is left for another test. It may have been stopped already.
-spec stop(pid()) -> ok.
stop(Daemon) ->
	unlink(Daemon),
	Monitor = monitor(process, Daemon),
	Daemon ! stop,
	receive {'DOWN', Monitor, process, Daemon, _} -> flush(Daemon) end.

%% For what comes from now on.
-spec set(pid(), options()) -> ok.
set(Daemon, Options) ->
	Daemon ! {set, Options},
	ok.

%% Writes this to all connections.
-spec tell(pid(), iodata()) -> ok.
tell(Daemon, Bytes) ->
	Daemon ! {tell, Bytes},
	ok.

-spec hang_up(pid()) -> ok.
hang_up(Daemon) ->
	Daemon ! hang_up,
	ok.

%% The next line that begins so; lines that don't are passed over.
-spec expect(pid(), binary()) -> binary().
expect(Daemon, Prefix) ->
	receive
		{fake_daemon, Daemon, Line} ->
			case string:prefix(Line, Prefix) of
				nomatch -> expect(Daemon, Prefix);
				_ -> Line
			end
	after 10000 ->
		error({not_received, Prefix})
	end.

%% What it has received until now is of no interest.
-spec flush(pid()) -> ok.
flush(Daemon) ->
	receive {fake_daemon, Daemon, _} -> flush(Daemon) after 0 -> ok end.

%% A path for a socket that nobody else has; short, as paths of sockets have to be.
-spec path() -> string().
path() ->
	lists:concat(["/tmp/epmd-mdns-", os:getpid(), "-", erlang:unique_integer([positive])]).

%% Internal.

init(Owner, Path, Options) ->
	process_flag(trap_exit, true),
	{ok, Listener} = gen_tcp:listen(0, [local, {ifaddr, {local, Path}}, binary, {packet, line},
		{active, false}, {backlog, 64}]),
	Self = self(),
	_ = spawn_link(fun() -> accept(Listener, Self) end),
	Owner ! {self(), listening},
	ok = loop(Owner, Options, []),
	ok = gen_tcp:close(Listener),
	ok = file:delete(Path).

accept(Listener, Daemon) ->
	case gen_tcp:accept(Listener) of
		{ok, Socket} ->
			ok = gen_tcp:controlling_process(Socket, Daemon),
			Daemon ! {accepted, Socket},
			accept(Listener, Daemon);
		{error, closed} ->
			ok
	end.

loop(Owner, Options=#{mode := Mode}, Sockets) ->
	receive
		{accepted, Socket} ->
			case Mode of
				{raw, Bytes} -> ok = gen_tcp:send(Socket, Bytes);
				_ -> ok
			end,
			_ = inet:setopts(Socket, [{active, true}]),
			loop(Owner, Options, [Socket|Sockets]);
		{tcp, Socket, Line} ->
			Owner ! {fake_daemon, self(), string:trim(Line, trailing, "\n")},
			_ = Mode =:= serve andalso gen_tcp:send(Socket, answer(Line, Options)),
			loop(Owner, Options, Sockets);
		{tcp_closed, Socket} ->
			loop(Owner, Options, lists:delete(Socket, Sockets));
		{set, New} ->
			loop(Owner, maps:merge(Options, New), Sockets);
		{tell, Bytes} ->
			_ = [gen_tcp:send(Socket, Bytes) || Socket <- Sockets],
			loop(Owner, Options, Sockets);
		hang_up ->
			_ = [gen_tcp:close(Socket) || Socket <- Sockets],
			loop(Owner, Options, []);
		stop ->
			lists:foreach(fun gen_tcp:close/1, Sockets);
		{'EXIT', Owner, _} ->
			ok
	end.

answer(<<"HELLO", _/binary>>, #{hello := Answer}) ->
	Answer;
answer(<<"REGISTER", _/binary>>, #{register := Answer}) ->
	Answer;
answer(<<"STATUS", _/binary>>, _) ->
	"OK version=fake-daemon/1\n";
answer(<<"LIST", _/binary>>, #{nodes := Nodes}) ->
	[[["NODE ", Node, "\n"] || Node <- Nodes], "OK\n"];
answer(<<"SUBSCRIBE", _/binary>>, #{nodes := Nodes, snapshot := Snapshot}) ->
	["OK\n", [["EVENT up ", Node, " reason=present\n"] || Node <- Nodes],
		case Snapshot of
			complete -> "EVENT sync\n";
			endless -> ""
		end];
answer(_, _) ->
	"ERR unknown-verb this daemon is older\n".
