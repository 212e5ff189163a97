%% SPDX-License-Identifier: Apache-2.0
%%
%% One attempt to connect to a node, in a process of its own: it may take as long as net_setuptime.

-module(epmd_mdns_join_attempt).

%% API.
-export([start/3]).

-export_type([result/0, failure/0]).

%% refused: somebody answers there, and ends the handshake at once. OTP doesn't say why; the usual cause is another
%% cookie. A handshake that merely takes too long is no refusal.
%% timed_out: the host is up, but nothing comes back from the port, as behind a packet filter.
%% closed: an error comes back from the host, or from a packet filter that rejects.
-type failure() :: refused | timed_out | closed | unreachable.
-type result() :: connected | failure().

%% In milliseconds.
-define(QUICK, 3000).
-define(PROBE_TIMEOUT, 1000).
%% A host that is down is an error after 3 s, for nobody has its address on the link. What takes longer is filtered.
-define(FILTERED, 4000).

%% API.

%% The result is the reason with which the process ends; it also ends with the caller. The message is for the joiner
%% there, once the node is connected.
-spec start(node(), [inet | inet6, ...], term()) -> {pid(), reference()}.
start(Node, Families, Message) ->
	{Pid, Monitor} = spawn_opt(fun() ->
		Start = erlang:monotonic_time(millisecond),
		exit(case net_kernel:connect_node(Node) of
			true -> epmd_mdns_join_message:send(Node, Message), connected;
			_ -> why(Node, Families, erlang:monotonic_time(millisecond) - Start)
		end)
	end, [link, monitor]),
	{Pid, Monitor}.

%% Internal.

%% What the node's port says to us.
why(Node, Families, Took) ->
	Answers = [probe(Address) || Address <- epmd_mdns_join_names:addresses(atom_to_binary(Node), Families)],
	case {lists:member(ok, Answers), lists:member({error, timeout}, Answers)} of
		{true, _} when Took < ?QUICK -> refused;
		{true, _} -> unreachable;
		{false, true} when Took >= ?FILTERED -> timed_out;
		{false, true} -> unreachable;
		{false, false} when Answers =:= [] -> unreachable;
		{false, false} -> closed
	end.

probe({Family, Ip, Port}) ->
	case gen_tcp:connect(Ip, Port, [Family, {active, false}], ?PROBE_TIMEOUT) of
		{ok, Socket} -> gen_tcp:close(Socket);
		Error -> Error
	end.
