%% SPDX-License-Identifier: Apache-2.0
%%
%% The registration of this VM's node: what net_kernel wants, what the daemon holds of it on the present
%% connection, and the creation that the node runs with. net_kernel asks once and never again, so this
%% has to survive connections, daemons and the client; the client keeps it in the table.

-module(epmd_mdns_lease).

%% API.
-export([new/0]).
-export([want/5]).
-export([missing/1]).
-export([hold/3]).
-export([lose/1]).
-export([node_name/1]).
-export([creation/1]).
-export([id/1]).

-export_type([lease/0, creation/0]).

%% -1 asks the node to draw one itself.
-type creation() :: -1 | 4..4294967295.

-type endpoints() :: #{epmd_mdns_proto:endpoint_id() => epmd_mdns_proto:registration()}.

-record(lease, {
	node :: epmd_mdns_proto:node_name() | undefined,
	wanted = #{} :: endpoints(),
	held = #{} :: endpoints(),
	creation :: creation() | undefined
}).

-opaque lease() :: #lease{}.

%% API.

-spec new() -> lease().
new() ->
	#lease{}.

%% An endpoint of the node is to be registered. A VM has one node. Wanting the same again changes
%% nothing; family any means an endpoint with that port, if one is wanted already.
-spec want(epmd_mdns_proto:node_name(), inet:port_number(), inet | inet6 | any,
	epmd_mdns_config:config(), lease()) ->
	{ok, epmd_mdns_proto:registration(), lease()} | {error, already_registered}.
want(Node, _, _, _, #lease{node=Other}) when Other =/= undefined, Other =/= Node ->
	{error, already_registered};
want(Node, Port, any, Config, Lease=#lease{wanted=Wanted}) ->
	case [Family || {{_, Family}, #{port := P}} <- maps:to_list(Wanted), P =:= Port] of
		[Family|_] -> want(Node, Port, Family, Config, Lease);
		[] -> want(Node, Port, inet, Config, Lease)
	end;
want(Node, Port, Family, Config, Lease=#lease{wanted=Wanted}) ->
	Registration = epmd_mdns_config:registration(Config, Port, Family),
	{ok, Registration, Lease#lease{node=Node, wanted=Wanted#{id(Registration) => Registration}}}.

%% The requests that are still to be made.
-spec missing(lease()) -> [epmd_mdns_proto:request()].
missing(#lease{node=Node, wanted=Wanted, held=Held}) ->
	[{register, Node, Registration} || {Id, Registration} <- maps:to_list(Wanted),
		maps:find(Id, Held) =/= {ok, Registration}].

%% The daemon has granted a registration. The first creation is the node's, and stays so: a daemon that
%% has been restarted draws another one, which nobody runs with.
-spec hold(epmd_mdns_proto:registration(), creation(), lease()) ->
	{epmd_mdns_proto:endpoint_id(), lease()}.
hold(Registration, Creation, Lease=#lease{held=Held, creation=Old}) ->
	Id = id(Registration),
	First = case Old of
		undefined -> Creation;
		_ -> Old
	end,
	{Id, Lease#lease{held=Held#{Id => Registration}, creation=First}}.

%% The connection is gone, and with it whatever was held. A node that has had no creation by now has
%% drawn one itself.
-spec lose(lease()) -> lease().
lose(Lease=#lease{node=undefined}) ->
	Lease;
lose(Lease) ->
	Lease#lease{held=#{}, creation=creation(Lease)}.

-spec node_name(lease()) -> epmd_mdns_proto:node_name() | undefined.
node_name(#lease{node=Node}) ->
	Node.

-spec creation(lease()) -> creation().
creation(#lease{creation=undefined}) -> -1;
creation(#lease{creation=Creation}) -> Creation.

-spec id(epmd_mdns_proto:registration()) -> epmd_mdns_proto:endpoint_id().
id(#{proto := Proto, family := Family}) ->
	{Proto, Family}.
