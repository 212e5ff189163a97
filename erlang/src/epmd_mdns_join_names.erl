%% SPDX-License-Identifier: Apache-2.0
%%
%% Names of nodes as OTP wants them, and what is done by name. An atom is never freed, and anybody on the LAN may claim any name: so atoms are
%% made only of the names of nodes that are about to be connected to, and not of too many.

-module(epmd_mdns_join_names).

%% API.
-export([known/1]).
-export([make/1]).
-export([is_connected/1]).
-export([disconnect/1]).
-export([disconnect_later/1]).
-export([is_pending/1]).
-export([make_way/1]).
-export([has_address/3]).
-export([addresses/2]).
-export([context/1]).
-export([is_conflict/1]).

-define(MAX, 8192).

%% API.

%% The atom that there is already; what is connected has one.
-spec known(epmd_mdns_proto:node_name()) -> {ok, node()} | error.
known(Node) ->
	try
		{ok, binary_to_existing_atom(Node)}
	catch error:_ ->
		error
	end.

-spec make(epmd_mdns_proto:node_name()) -> {ok, node()} | full.
make(Node) ->
	case {known(Node), epmd_mdns_table:get(atoms, 0)} of
		{error, Made} when Made < ?MAX ->
			ok = epmd_mdns_table:put(atoms, Made + 1),
			{ok, binary_to_atom(Node)};
		{error, _} ->
			full;
		{Known, _} ->
			Known
	end.

-spec is_connected(epmd_mdns_proto:node_name()) -> boolean().
is_connected(Node) ->
	case known(Node) of
		{ok, Name} -> lists:member(Name, nodes(connected));
		error -> false
	end.

%% Waits for net_kernel, and so is nothing for a process that must not.
-spec disconnect(epmd_mdns_proto:node_name()) -> ok.
disconnect(Node) ->
	_ = [erlang:disconnect_node(Name) || {ok, Name} <- [known(Node)]],
	ok.

%% For such a process: net_kernel may be busy.
-spec disconnect_later(epmd_mdns_proto:node_name()) -> ok.
disconnect_later(Node) ->
	_ = spawn(fun() -> disconnect(Node) end),
	ok.

%% Whether net_kernel here is trying to connect to it. A connection that the other node has begun doesn't count: it has an address.
-spec is_pending(node()) -> boolean().
is_pending(Name) ->
	attempt(Name) =/= none.

%% A node is turned away as long as net_kernel here tries to connect to it, which is in vain. So end that, as net_kernel does
%% itself when a node with a greater name connects: who waits is told that it has failed.
-spec make_way(epmd_mdns_proto:node_name()) -> ok.
make_way(Node) ->
	_ = [spawn(fun() -> [exit(Owner, kill) || Owner <- [attempt(Name)], Owner =/= none] end) || {ok, Name} <- [known(Node)], node() > Name],
	ok.

-spec has_address(string(), string(), inet | inet6) -> boolean().
has_address(Name, Host, Family) ->
	address(Name, Host, Family) =/= none.

%% Where it is said to listen.
-spec addresses(epmd_mdns_proto:node_name(), [inet | inet6]) -> [{inet | inet6, inet:ip_address(), inet:port_number()}].
addresses(Node, Families) ->
	{ok, {Name, Host}} = epmd_mdns_proto:split_node(Node),
	[{Family, Ip, Port} || Family <- Families, {ok, Ip, Port, _} <- [address(Name, Host, Family)]].

%% What there is to know about a node whose joiner has sent a message.
-spec context(term()) -> #{now := Milliseconds :: integer(), is_conflict := boolean(), address := binary() | unknown}.
context(Node) when is_binary(Node) ->
	#{now => erlang:monotonic_time(millisecond), is_conflict => is_conflict(Node), address => peername(Node)};
context(_) ->
	#{now => erlang:monotonic_time(millisecond), is_conflict => false, address => unknown}.

%% Whether the LAN knows more than one node of that name.
-spec is_conflict(epmd_mdns_proto:node_name()) -> boolean().
is_conflict(Node) ->
	case epmd_mdns_proto:split_node(Node) of
		{ok, Key} -> [x || #{conflict := true} <- epmd_mdns_table:endpoints(Key)] =/= [];
		error -> false
	end.

%% Internal.

%% Of a node that we are parted from, where it was.
address(Name, Host, Family) ->
	case epmd_mdns_table:find(Name, Host, Family) of
		Answer={ok, _, _, _} -> Answer;
		{doubtful, Answer} -> Answer;
		_ -> none
	end.

%% The process that makes it. Without a distribution there is no table to read.
attempt(Name) ->
	try net_kernel:node_info(Name) of
		{ok, Info} ->
			case maps:from_list(Info) of
				#{state := pending, owner := Owner, address := {net_address, undefined, _, _, _}} -> Owner;
				_ -> none
			end;
		{error, _} ->
			none
	catch error:badarg ->
		none
	end.

%% The other end of the connection to it, as text. Of TLS only the process is known.
peername(Node) ->
	Connections = erlang:system_info(dist_ctrl),
	case [Port || {ok, Name} <- [known(Node)], {Other, Port} <- Connections, Other =:= Name, is_port(Port)] of
		[Port] ->
			case inet:peername(Port) of
				{ok, {Ip, _}} -> list_to_binary(inet:ntoa(Ip));
				_ -> unknown
			end;
		_ ->
			unknown
	end.
