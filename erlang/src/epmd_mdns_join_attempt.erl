%% SPDX-License-Identifier: Apache-2.0
%%
%% One attempt to connect to a node, in a process of its own: it may take as long as net_setuptime.

-module(epmd_mdns_join_attempt).

%% API.
-export([start/4]).

-export_type([result/0, failure/0]).

%% refused: somebody answers there, and ends the handshake at once. OTP doesn't say why; the usual cause is another
%% cookie. A handshake that merely takes too long is no refusal.
%% turned_away: somebody answers there, and then nothing comes of it, because the node hangs, or because OTP there is connecting to
%% us: then it has us wait for its own attempt, even if a filter lets nothing pass in that direction.
%% timed_out: the host is up, but nothing comes back from the port, as behind a packet filter.
%% closed: an error comes back from the host, or from a packet filter that rejects.
-type failure() :: refused | turned_away | timed_out | closed | unreachable.
-type result() :: connected | failure().

%% In milliseconds.
-define(QUICK, 3000).
-define(PROBE_TIMEOUT, 1000).
%% A host that is down is an error after 3 s, for nobody has its address on the link. What takes longer is filtered.
-define(FILTERED, 4000).

%% API.

%% The result is the reason with which the process ends; it also ends with the caller. The message is for the joiner
%% there, once the node is connected.
%%
%% While net_kernel tries to connect to a node, for up to 7 s, it turns away what that node begins itself, unless its name is
%% greater. Where a filter lets nothing pass in our direction, the other one is the only good one. So if an attempt at the
%% node has timed out, it is asked first whether anything comes back from it. Any answer will do: a
%% port that is closed may be that of an earlier start, and OTP asks where the node is now.
-spec start(node(), [inet | inet6, ...], IsSuspect :: boolean(), Message :: term()) -> {pid(), reference()}.
start(Node, Families, IsSuspect, Message) ->
	{Pid, Monitor} = spawn_opt(fun() ->
		exit(case IsSuspect andalso is_filtered(Node, Families) of
			true -> timed_out;
			false -> connect(Node, Families, Message)
		end)
	end, [link, monitor]),
	{Pid, Monitor}.

%% Internal.

%% Without a daemon what is known may be old, and nothing follows from it.
is_filtered(Node, Families) ->
	Answers = case epmd_mdns_table:get(daemon, absent) of
		up -> ask(Node, Families, ?FILTERED);
		_ -> []
	end,
	lists:member({error, timeout}, Answers) andalso not lists:member(ok, Answers).

connect(Node, Families, Message) ->
	%% Somebody else's attempt has begun before ours, and ends sooner.
	IsPending = epmd_mdns_join_names:is_pending(Node),
	Start = erlang:monotonic_time(millisecond),
	case net_kernel:connect_node(Node) of
		true ->
			ok = epmd_mdns_join_message:send(Node, Message),
			connected;
		_ ->
			Took = erlang:monotonic_time(millisecond) - Start,
			why(ask(Node, Families, ?PROBE_TIMEOUT), Took, not IsPending andalso Took < ?QUICK)
	end.

why(Answers, Took, IsQuick) ->
	case {lists:member(ok, Answers), lists:member({error, timeout}, Answers)} of
		{true, _} when IsQuick -> refused;
		{true, _} -> turned_away;
		{false, true} when Took >= ?FILTERED -> timed_out;
		{false, true} -> unreachable;
		{false, false} when Answers =:= [] -> unreachable;
		{false, false} -> closed
	end.

%% What the node's ports say to us.
ask(Node, Families, Timeout) ->
	[ask_port(Address, Timeout) || Address <- epmd_mdns_join_names:addresses(atom_to_binary(Node), Families)].

ask_port({Family, Ip, Port}, Timeout) ->
	case gen_tcp:connect(Ip, Port, [Family, {active, false}], Timeout) of
		{ok, Socket} -> gen_tcp:close(Socket);
		Error -> Error
	end.
