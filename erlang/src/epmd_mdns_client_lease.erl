%% SPDX-License-Identifier: Apache-2.0
%%
%% The registration of this VM's node: what net_kernel wants, what the daemon holds of it on the present
%% connection, and the creation that the node runs with. net_kernel asks once and never again, so this
%% has to survive connections, daemons and the client; the client keeps it in the table. Pure.

-module(epmd_mdns_client_lease).

%% API.
-export([new/0]).
-export([join/1]).
-export([leave/1]).
-export([is_present/1]).
-export([is_held/1]).
-export([want/4]).
-export([missing/1]).
-export([hold/3]).
-export([lose/1]).
-export([node_name/1]).
-export([families/1]).
-export([creation/1]).
-export([port/3]).
-export([endpoints/1]).
-export([id/1]).

-export_type([lease/0, creation/0, listener/0, describe/0]).

%% -1 asks the node to draw one itself.
-type creation() :: -1 | 4..4294967295.

%% What is known of a listener when it is to be registered; the family any if it isn't.
-type listener() :: {inet:port_number(), tcp | tls, inet | inet6 | any}.

%% What the daemon is told of an endpoint: epmd_mdns_config knows.
-type describe() :: fun((inet:port_number(), tcp | tls, inet | inet6) -> epmd_mdns_proto:registration()).

-type endpoints() :: #{epmd_mdns_proto:endpoint_id() => epmd_mdns_proto:registration()}.

-record(lease, {
	node :: epmd_mdns_proto:node_name() | undefined,
	%% Whether the node is to be found: it may have left.
	present = true :: boolean(),
	wanted = #{} :: endpoints(),
	held = #{} :: endpoints(),
	creation :: creation() | undefined
}).

-opaque lease() :: #lease{}.

%% API.

-spec new() -> lease().
new() ->
	#lease{}.

%% What is wanted stays; what is held is the connection's affair.
-spec leave(lease()) -> lease().
leave(Lease) ->
	Lease#lease{present=false}.

-spec join(lease()) -> lease().
join(Lease) ->
	Lease#lease{present=true}.

-spec is_present(lease()) -> boolean().
is_present(#lease{present=Present}) ->
	Present.

%% Whether the daemon has granted any of it.
-spec is_held(lease()) -> boolean().
is_held(#lease{held=Held}) ->
	map_size(Held) > 0.

%% An endpoint of the node is to be registered. A VM has one node. Wanting the same again changes nothing.
-spec want(epmd_mdns_proto:node_name(), listener(), describe(), lease()) ->
	{ok, epmd_mdns_proto:registration(), lease()} | {error, already_registered}.
want(Node, _, _, #lease{node=Other}) when Other =/= undefined, Other =/= Node ->
	{error, already_registered};
want(Node, Listener={Port, _, _}, Describe, Lease=#lease{wanted=Wanted}) ->
	{Proto, Family} = listener_id(Listener, Wanted),
	Registration = Describe(Port, Proto, Family),
	{ok, Registration, Lease#lease{node=Node, wanted=Wanted#{id(Registration) => Registration}}}.

%% The requests that are still to be made.
-spec missing(lease()) -> [epmd_mdns_proto:request()].
missing(#lease{present=false}) ->
	[];
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

%% The IP versions in which the node listens.
-spec families(lease()) -> [inet | inet6].
families(#lease{wanted=Wanted}) ->
	lists:usort([Family || {_, Family} <- maps:keys(Wanted)]).

-spec creation(lease()) -> creation().
creation(#lease{creation=undefined}) -> -1;
creation(#lease{creation=Creation}) -> Creation.

%% The port of our own node, if that is its name: of the endpoint with this protocol, or any other.
-spec port(string(), tcp | tls, lease()) -> {ok, inet:port_number()} | error.
port(_, _, #lease{node=undefined}) ->
	error;
port(Name, Proto, #lease{node=Node, wanted=Wanted}) ->
	case epmd_mdns_proto:split_node(Node) of
		{ok, {Name, _}} ->
			{_, _, Port} = lists:min([{Other =/= Proto, Family, Port}
				|| {{Other, Family}, #{port := Port}} <- maps:to_list(Wanted)]),
			{ok, Port};
		_ ->
			error
	end.

%% Where this VM's node listens, whether or not the daemon knows it, unless it has left. The address is the loopback address.
-spec endpoints(lease()) -> [epmd_mdns_proto:endpoint()].
endpoints(#lease{node=undefined}) ->
	[];
endpoints(#lease{present=false}) ->
	[];
endpoints(#lease{node=Node, wanted=Wanted}) ->
	[Registration#{node => Node, source => local, addr => [loopback(Family)]} || Registration=#{family := Family} <- maps:values(Wanted)].

-spec id(epmd_mdns_proto:registration()) -> epmd_mdns_proto:endpoint_id().
id(#{proto := Proto, family := Family}) ->
	{Proto, Family}.

%% Internal.

loopback(inet) -> {127, 0, 0, 1};
loopback(inet6) -> {0, 0, 0, 0, 0, 0, 0, 1}.

%% Whoever registers again may not know all that net_kernel knew: the port tells.
listener_id({Port, Proto, Family}, Wanted) ->
	Known = [Id || {Id={_, KnownFamily}, #{port := P}} <- maps:to_list(Wanted), P =:= Port,
		Family =:= any orelse Family =:= KnownFamily],
	case {Known, Family} of
		{[Id|_], _} -> Id;
		{[], any} -> {Proto, inet};
		{[], _} -> {Proto, Family}
	end.
