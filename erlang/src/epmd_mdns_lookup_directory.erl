%% SPDX-License-Identifier: Apache-2.0
%%
%% Who is there, for callers with time: read from the table, or, in a VM that isn't distributed and has
%% none, asked of the daemon.

-module(epmd_mdns_lookup_directory).

%% API.
-export([config/0]).
-export([read/0]).
-export([at/1]).
-export([lookup/1]).
-export([names_and_ports/1]).

%% How long to wait for the answer to a question, in milliseconds.
-define(QUESTION, 500).

%% API.

-spec config() -> epmd_mdns_config:config().
config() ->
	case epmd_mdns_table:get(config, none) of
		none -> element(1, epmd_mdns_config:read());
		Config -> Config
	end.

%% All endpoints that are up, and whether the daemon is. If it isn't, they are what it knew last.
-spec read() -> {up | down, [epmd_mdns_proto:endpoint()]}.
read() ->
	ok = epmd_mdns_client:sync(),
	case epmd_mdns_table:get(daemon, absent) of
		absent -> ask();
		up -> {up, epmd_mdns_table:endpoints()};
		_ -> {down, epmd_mdns_table:endpoints()}
	end.

%% Those that run on a host.
-spec at(epmd_mdns_lookup_host:host()) -> {up | down, [epmd_mdns_proto:endpoint()]}.
at(Host) ->
	{Daemon, Endpoints} = read(),
	{Daemon, [Endpoint || Endpoint <- Endpoints, epmd_mdns_lookup_host:is_at(Endpoint, Host)]}.

%% Those of a node, the stale ones included.
-spec lookup(epmd_mdns_proto:node_name()) -> [epmd_mdns_proto:endpoint()].
lookup(Node) ->
	ok = epmd_mdns_client:sync(),
	case {epmd_mdns_table:get(daemon, absent), epmd_mdns_proto:split_node(Node)} of
		{_, error} ->
			[];
		{absent, _} ->
			{_, Endpoints} = ask(),
			[Endpoint || Endpoint=#{node := Name} <- Endpoints, Name =:= Node];
		{_, {ok, Key}} ->
			epmd_mdns_table:endpoints(Key)
	end.

%% The nodes as epmd would list them: the first part of the name, and one port, of the endpoint that
%% this VM is likeliest to be able to talk to.
-spec names_and_ports([epmd_mdns_proto:endpoint()]) -> [{string(), inet:port_number()}].
names_and_ports(Endpoints) ->
	Nodes = maps:groups_from_list(fun(#{node := Node}) -> Node end, Endpoints),
	[{name(Node), best_port(Own)} || {Node, Own} <- maps:to_list(Nodes)].

%% Internal.

ask() ->
	#{socket := Path} = config(),
	case epmd_mdns_lookup_query:list(Path, ?QUESTION) of
		{ok, Endpoints} ->
			Now = erlang:system_time(second),
			{up, [epmd_mdns_proto:dated(Endpoint, Now) || Endpoint <- Endpoints, not epmd_mdns_choice:is_misplaced(Endpoint)]};
		{error, _} -> {down, []}
	end.

name(Node) ->
	{ok, {Name, _}} = epmd_mdns_proto:split_node(Node),
	Name.

best_port(Endpoints) ->
	Proto = epmd_mdns_config:proto(),
	{_, _, Port} = lists:min([{Other =/= Proto, Family, Port}
		|| #{proto := Other, family := Family, port := Port} <- Endpoints]),
	Port.
