%% SPDX-License-Identifier: Apache-2.0
%%
%% The nodes that are not to be joined until somebody asks for them, or until they have been started anew: pure.
%% What tells that a node was started anew is that it listens on other ports, or that it says so itself: it is
%% another creation. That its advert went and came back says nothing; its daemon may have been restarted.

-module(epmd_mdns_join_pauses).

%% API.
-export([add/5]).
-export([remove/2]).
-export([is_paused/2]).
-export([seen/3]).
-export([greeted/4]).

-export_type([pauses/0, by/0, reason/0, creation/0]).

-type name() :: epmd_mdns_proto:node_name().
%% Who wants it: the other node, or we, which is more.
-type by() :: us | them.
%% unknown: the other node is older than this message.
-type reason() :: {by(), pause | disconnect_node | unknown}.
-type creation() :: integer() | unknown.
-type pauses() :: #{name() => {by(), epmd_mdns_join_policy:ports() | unknown, creation()}}.

%% API.

%% What both want is our pause. What isn't known now may have been before.
-spec add(name(), by(), epmd_mdns_join_policy:ports() | unknown, creation(), pauses()) -> pauses().
add(Node, By, Ports, Creation, Pauses) ->
	{OldBy, OldPorts, OldCreation} = maps:get(Node, Pauses, {By, Ports, Creation}),
	Pauses#{Node => {max(By, OldBy), newer(Ports, OldPorts), newer(Creation, OldCreation)}}.

-spec remove(name(), pauses()) -> pauses().
remove(Node, Pauses) ->
	maps:remove(Node, Pauses).

-spec is_paused(name(), pauses()) -> boolean().
is_paused(Node, Pauses) ->
	is_map_key(Node, Pauses).

%% The node is advertised with these ports.
-spec seen(name(), epmd_mdns_join_policy:ports(), pauses()) -> pauses().
seen(Node, Ports, Pauses) ->
	case Pauses of
		#{Node := {By, unknown, Creation}} -> Pauses#{Node := {By, Ports, Creation}};
		#{Node := {_, Before, _}} when Before =/= Ports -> remove(Node, Pauses);
		_ -> Pauses
	end.

%% The node has joined us, and says its creation, and whether somebody there has asked for it.
-spec greeted(name(), integer(), IsAsked :: boolean(), pauses()) -> pauses().
greeted(Node, Creation, IsAsked, Pauses) ->
	case Pauses of
		#{Node := {us, _, Before}} when not IsAsked, Before =:= unknown orelse Before =:= Creation -> Pauses;
		_ -> remove(Node, Pauses)
	end.

%% Internal.

newer(unknown, Before) -> Before;
newer(Now, _) -> Now.
