%% SPDX-License-Identifier: Apache-2.0
%%
%% One attempt to connect to a node, in a process of its own: it may take as long as net_setuptime.

-module(epmd_mdns_join_attempt).

%% API.
-export([start/3]).
-export([tell/2]).

-export_type([result/0]).

%% refused: somebody answers there, and ends the handshake at once. OTP doesn't say why; the usual cause is another
%% cookie. A handshake that merely takes too long is no refusal.
-type result() :: connected | refused | unreachable.

%% In milliseconds.
-define(QUICK, 3000).
-define(PROBE_TIMEOUT, 1000).

%% API.

%% The result is the reason with which the process ends; it also ends with the caller. The message is for the joiner
%% there, once the node is connected.
-spec start(node(), [inet | inet6, ...], term()) -> {pid(), reference()}.
start(Node, Families, Message) ->
	{Pid, Monitor} = spawn_opt(fun() ->
		Start = erlang:monotonic_time(millisecond),
		exit(case net_kernel:connect_node(Node) of
			true -> tell(Node, Message), connected;
			_ -> why(Node, Families, erlang:monotonic_time(millisecond) - Start)
		end)
	end, [link, monitor]),
	{Pid, Monitor}.

%% To the joiner of a node that is connected. If it isn't any more, or can't take more, the message is lost.
-spec tell(node(), term()) -> ok.
tell(Node, Message) ->
	_ = erlang:send({epmd_mdns_joiner, Node}, Message, [noconnect, nosuspend]),
	ok.

%% Internal.

%% Whether anybody listens where the node is said to listen.
why(Node, Families, Took) when Took < ?QUICK ->
	{ok, {Name, Host}} = epmd_mdns_proto:split_node(atom_to_binary(Node)),
	Answers = [{Family, Ip, Port} || Family <- Families,
		{ok, Ip, Port, _} <- [epmd_mdns_table:address(Name, Host, Family)]],
	case lists:any(fun is_listening/1, Answers) of
		true -> refused;
		false -> unreachable
	end;
why(_, _, _) ->
	unreachable.

is_listening({Family, Ip, Port}) ->
	case gen_tcp:connect(Ip, Port, [Family, {active, false}], ?PROBE_TIMEOUT) of
		{ok, Socket} ->
			ok = gen_tcp:close(Socket),
			true;
		{error, _} ->
			false
	end.
