%% SPDX-License-Identifier: Apache-2.0
%%
%% Connecting to the daemon's socket.

-module(epmd_mdns_socket).

%% API.
-export([connect/3]).

%% As long as the daemon's queue of new connections is full, the kernel refuses one that doesn't wait (EAGAIN). inet_drv
%% takes that for a connection in progress, and then either for one that has succeeded or for one that never comes. But
%% somebody may connect in a loop, and the daemon empties the queue as fast as it can: the next try comes soon. In
%% milliseconds.
-define(TRY, 20).
-define(RETRY, 2).

%% API.

%% Connects within so many milliseconds. The socket is passive: one that is not connected after all sends no messages.
-spec connect(string(), [gen_tcp:connect_option()], non_neg_integer()) -> {ok, gen_tcp:socket()} | {error, term()}.
connect(Path, Options, Timeout) ->
	connect_until(Path, Options, erlang:monotonic_time(millisecond) + Timeout, Timeout).

%% Internal.

connect_until(Path, Options, Deadline, Left) ->
	case try_once(Path, Options, min(?TRY, Left)) of
		full ->
			receive after ?RETRY -> ok end,
			case Deadline - erlang:monotonic_time(millisecond) of
				More when More > 0 -> connect_until(Path, Options, Deadline, More);
				_ -> {error, timeout}
			end;
		Result ->
			Result
	end.

try_once(Path, Options, Timeout) ->
	case gen_tcp:connect({local, Path}, 0, [local, {active, false}|Options], Timeout) of
		{ok, Socket} ->
			case inet:peername(Socket) of
				{ok, _} -> {ok, Socket};
				{error, _} -> gen_tcp:close(Socket), full
			end;
		{error, Reason} when Reason =:= eagain; Reason =:= timeout ->
			full;
		Error ->
			Error
	end.
