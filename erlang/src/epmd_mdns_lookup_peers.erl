%% SPDX-License-Identifier: Apache-2.0
%%
%% Where a node is, asked of the nodes that this VM is connected to: they may know what the daemon here doesn't, because it
%% is down, or because multicast doesn't get through. It is the clients there that answer; one of an older version ignores
%% the question.
%%
%% Who is asked has our cookie, and may do anything here. All the same the answers are lines of the control protocol, and
%% read as such: whatever version they come from, nothing else gets in. They are used, not kept: the daemon has the last word.

-module(epmd_mdns_lookup_peers).

%% API.
-export([ask/2]).
-export([ask/3]).
-export([answer/2]).

%% So many are asked; in a larger cluster, chance decides which.
-define(MAX, 8).
%% How long we wait for the node itself, in milliseconds.
-define(PASS, 100).

%% API.

%% Asks some of those that are connected. The timeout is in milliseconds.
-spec ask(epmd_mdns_proto:node_name(), timeout()) -> [epmd_mdns_proto:endpoint()].
ask(Node, Timeout) ->
	Shuffled = lists:sort([{rand:uniform(), Name} || Name <- nodes()]),
	ask([Name || {_, Name} <- lists:sublist(Shuffled, ?MAX)], Node, Timeout).

%% The first answer that says anything. It is waited for in a process of its own, which ends in time or with the caller:
%% no answer can come late.
-spec ask([node()], epmd_mdns_proto:node_name(), timeout()) -> [epmd_mdns_proto:endpoint()].
ask([], _, _) ->
	[];
ask(Names, Node, Timeout) ->
	Caller = self(),
	{Pid, Monitor} = spawn_monitor(fun() ->
		_ = monitor(process, Caller),
		_ = erlang:send_after(Timeout, self(), overdue),
		_ = [send({epmd_mdns_client, Name}, {?MODULE, {where, self(), Node}}) || Name <- Names],
		exit({answer, collect(Names, Node)})
	end),
	receive
		{'DOWN', Monitor, process, Pid, {answer, Endpoints}} ->
			Endpoints;
		{'DOWN', Monitor, process, Pid, _} ->
			[]
	after Timeout ->
		true = exit(Pid, kill),
		true = demonitor(Monitor, [flush]),
		[]
	end.

%% In the client that is asked. Never waits. A node that we are connected to may have been started anew, and nothing be certain
%% of it yet but what it says itself.
-spec answer(pid(), epmd_mdns_proto:node_name()) -> ok.
answer(From, Node) ->
	case {known(Node), epmd_mdns_join_names:known(Node)} of
		{[], {ok, Name}} when Name =/= node() ->
			_ = spawn(fun() -> send(From, at([Endpoint || lists:member(Name, nodes(connected)), Endpoint <- ask([Name], Node, ?PASS)])) end),
			ok;
		{Endpoints, _} ->
			send(From, at(Endpoints))
	end.

%% Internal.

at(Endpoints) ->
	{?MODULE, {at, node(), [iolist_to_binary(epmd_mdns_proto:encode({node, Endpoint})) || Endpoint <- Endpoints]}}.

%% Only what is true now: old news is what the other has itself. Of our own node we know without a daemon where it listens.
known(Node) ->
	case atom_to_binary(node()) of
		Node ->
			epmd_mdns_client_lease:endpoints(epmd_mdns_table:get(lease, epmd_mdns_client_lease:new()));
		_ ->
			IsUp = epmd_mdns_table:get(daemon, absent) =:= up orelse epmd_mdns_join_names:is_connected(Node),
			[Endpoint || IsUp, Endpoint=#{source := Source} <- epmd_mdns_table:sure(Node), Source =/= other]
	end.

collect([], _) ->
	[];
collect(Names, Node) ->
	receive
		{?MODULE, {at, Name, Lines}} when is_list(Lines) ->
			case read(Name, Node, Lines) of
				[] -> collect(lists:delete(Name, Names), Node);
				Endpoints -> Endpoints
			end;
		overdue -> [];
		{'DOWN', _, process, _, _} -> []
	end.

read(Name, Node, Lines) ->
	[Endpoint || Endpoint <- lists:flatmap(fun(Line) ->
		case is_binary(Line) andalso epmd_mdns_proto:receive_line(Line) of
			{node, Endpoint=#{node := Node, source := Source}} ->
				case epmd_mdns_proto_source:is_here(Source) of
					true -> [Endpoint#{addr := [Address], source := peer} || Address <- address(Name)];
					false -> [Endpoint#{source := peer}]
				end;
			_ ->
				[]
		end
	end, Lines), not epmd_mdns_choice:is_misplaced(Endpoint)].

%% To the daemon there, its own nodes have a loopback address. Where its host is, our connection to it tells.
address(Name) ->
	case net_kernel:node_info(Name, address) of
		%% A #net_address{}.
		{ok, {net_address, {Ip, _}, _, _, _}} when is_tuple(Ip) -> [unmapped(Ip)];
		_ -> []
	end.

unmapped({0, 0, 0, 0, 0, 16#FFFF, AB, CD}) -> {AB bsr 8, AB band 255, CD bsr 8, CD band 255};
unmapped(Ip) -> Ip.

send(To, Message) ->
	_ = erlang:send(To, Message, [noconnect, nosuspend]),
	ok.
