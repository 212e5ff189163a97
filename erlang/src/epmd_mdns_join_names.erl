%% SPDX-License-Identifier: Apache-2.0
%%
%% Names of nodes as OTP wants them. An atom is never freed, and anybody on the LAN may claim any name: so atoms are
%% made only of the names of nodes that are about to be connected to, and not of too many.

-module(epmd_mdns_join_names).

%% API.
-export([known/1]).
-export([make/1]).
-export([is_connected/1]).
-export([disconnect/1]).

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
