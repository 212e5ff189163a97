%% SPDX-License-Identifier: Apache-2.0
%%
%% The joiner's API for programs; epmd_mdns exports it under the same names. A call runs in the process of the program,
%% so this is where the joiner's absence, crash or slowness becomes an answer. Only wait(_, infinity) has no limit.

-module(epmd_mdns_join).

%% API.
-export([join/0]).
-export([leave/0]).
-export([pause/1]).
-export([resume/1]).
-export([peers/0]).
-export([wait/2]).
%% For the prober.
-export([unanswered/1]).

%% In milliseconds. The joiner may have to wait for the client in its turn.
-define(CALL, 6000).
%% How soon to ask again after the joiner has crashed.
-define(RETRY, 100).

%% API.

%% The node is to be found by others, and joins its cluster: as it is from the beginning.
-spec join() -> ok | {error, not_running}.
join() ->
	call(join).

%% The advert is withdrawn, and nobody is joined any more. The connections that there are stay.
-spec leave() -> ok | {error, not_running}.
leave() ->
	call(leave).

%% Disconnects from the node, and joins it no more until it is resumed or has been started anew; nor does it join us.
-spec pause(epmd_mdns_proto:node_name()) -> ok | {error, not_running}.
pause(Node) ->
	case call({pause, Node}) of
		ok -> epmd_mdns_join_names:disconnect(Node);
		Error -> Error
	end.

-spec resume(epmd_mdns_proto:node_name()) -> ok | {error, not_running}.
resume(Node) ->
	call({resume, Node}).

-spec peers() -> #{epmd_mdns_proto:node_name() => epmd_mdns_join_talk:status()} | {error, not_running}.
peers() ->
	call(peers).

%% Waits, in milliseconds, until so many nodes of the cluster are connected, this one included.
-spec wait(pos_integer(), timeout()) -> ok | {error, timeout | no_cluster | not_running}.
wait(Count, infinity) ->
	wait_until(Count, infinity);
wait(Count, Timeout) ->
	wait_until(Count, now_ms() + Timeout).

%% A connection is about to be ended, for nobody answers there any more: not because somebody here wants that. Never waits.
-spec unanswered(epmd_mdns_proto:node_name()) -> ok.
unanswered(Node) ->
	gen_server:cast(epmd_mdns_joiner, {unanswered, Node}).

%% Internal.

%% While the joiner is being started again, after a crash, a program that has time waits for it.
wait_until(Count, Deadline) ->
	Timeout = case Deadline of
		infinity -> infinity;
		_ -> max(0, Deadline - now_ms())
	end,
	%% Who has no time at all still gets an answer.
	case {call({wait, Count, Deadline}, max(?RETRY, Timeout)), whereis(epmd_mdns_sup)} of
		{{error, not_running}, Sup} when is_pid(Sup), Timeout > ?RETRY ->
			receive after ?RETRY -> wait_until(Count, Deadline) end;
		{Answer, _} ->
			Answer
	end.

call(Request) ->
	case call(Request, ?CALL) of
		{error, timeout} -> {error, not_running};
		Answer -> Answer
	end.

call(Request, Timeout) ->
	try
		gen_server:call(epmd_mdns_joiner, Request, Timeout)
	catch
		exit:{timeout, _} -> {error, timeout};
		exit:_ -> {error, not_running}
	end.

now_ms() ->
	erlang:monotonic_time(millisecond).
