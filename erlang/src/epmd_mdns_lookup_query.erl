%% SPDX-License-Identifier: Apache-2.0
%%
%% One question, one connection, in the caller's process. It is for VMs that aren't distributed and have
%% neither client nor table: rebar3, observer and RabbitMQ's tools ask net_adm:names/0 before they start
%% the distribution, and start an epmd if nobody answers.

-module(epmd_mdns_lookup_query).

%% API.
-export([list/2]).

%% A node that is asked for lines needn't take more than the table would.
-define(MAX_LINES, 8192).

%% API.

%% All endpoints that the daemon on this socket knows to be up. The timeout, in milliseconds, is for
%% all of it.
-spec list(string(), non_neg_integer()) -> {ok, [epmd_mdns_proto:endpoint()]} | {error, term()}.
list(Path, Timeout) ->
	Deadline = erlang:monotonic_time(millisecond) + Timeout,
	Options = [binary, {packet, line}, {buffer, 4096}, {send_timeout, Timeout}],
	case epmd_mdns_socket:connect(Path, Options, Timeout) of
		{ok, Socket} ->
			try gen_tcp:send(Socket, epmd_mdns_proto:encode({list, #{}})) of
				ok -> receive_nodes(Socket, Deadline, ?MAX_LINES, []);
				Error -> Error
			after
				ok = gen_tcp:close(Socket)
			end;
		Error ->
			Error
	end.

%% Internal.

receive_nodes(_, _, 0, _) ->
	{error, too_many};
receive_nodes(Socket, Deadline, Lines, Nodes) ->
	%% At the end of the time no line is taken any more, even if one is there: others may follow for ever.
	case max(0, Deadline - erlang:monotonic_time(millisecond)) of
		0 -> {error, timeout};
		Left -> receive_node(gen_tcp:recv(Socket, 0, Left), Socket, Deadline, Lines, Nodes)
	end.

receive_node(Received, Socket, Deadline, Lines, Nodes) ->
	case Received of
		{ok, Line} ->
			case epmd_mdns_proto:receive_line(Line) of
				{node, Node} -> receive_nodes(Socket, Deadline, Lines - 1, [Node|Nodes]);
				{ok, _, _} -> {ok, lists:reverse(Nodes)};
				Other -> {error, Other}
			end;
		Error ->
			Error
	end.
