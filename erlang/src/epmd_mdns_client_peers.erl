%% SPDX-License-Identifier: Apache-2.0
%%
%% What this VM is connected to, and what follows for the mirror: a living connection confirms an endpoint better than an
%% advert does. So a node that the daemon has merely stopped hearing stays up as long as it is connected, and is
%% remembered for a while after that: whoever joins it again needs its endpoint, and multicast may still be silent. A
%% goodbye is the node's own word, and counts.
%%
%% The daemon is told of these nodes, so that it doesn't deny them to others. A report is sent when the daemon has said
%% that it doesn't hear the endpoint, and once; at rest nothing is sent. The pairs of nodes that can't connect are reported
%% beside them: the joiner puts these into the table.

-module(epmd_mdns_client_peers).

%% API, for the client only. Connected is what connected/0 returns.
-export([watch/0]).
-export([connected/0]).
-export([new/1]).
-export([upgrade/1]).
-export([restore/1]).
-export([nodeup/2]).
-export([ask/2]).
-export([confirm/3]).
-export([nodedown/2]).
-export([down/5]).
-export([synced/3]).
-export([reports/2]).
-export([lost/1]).

-export_type([peers/0, stale/0]).

-type names() :: #{epmd_mdns_proto:node_name() => []}.

%% What is stale now, and in how many milliseconds it is to be forgotten.
-type stale() :: [{epmd_mdns_table:id(), pos_integer()}].

%% 2: it reports pairs.
-define(VERSION, 2).

-record(peers, {
	version = ?VERSION :: pos_integer(),
	%% Those that this VM has been connected to.
	known :: names(),
	%% What the daemon has been told on this connection to it.
	reported = #{} :: #{{epmd_mdns_proto:node_name(), epmd_mdns_proto:endpoint_id()} => []},
	pairs = #{} :: epmd_mdns_client_pairs:told()
}).

-opaque peers() :: #peers{}.

%% In milliseconds. The daemon's own LOOKUP answers for as long.
-define(STALE, 60000).
%% The joiner tries to reach a lost peer for as long.
-define(KNOWN, 600000).
%% How long a node may take to say where it is.
-define(ANSWER, 1000).
%% OTP doesn't mesh more nodes than this; what comes after them is forgotten as if it had never been connected.
-define(MAX_KNOWN, 1024).

%% API.

%% From now on the caller is sent nodeup and nodedown, for nodes of all types. net_kernel need not be up yet.
-spec watch() -> Connected :: names().
watch() ->
	ok = net_kernel:monitor_nodes(true, [{node_type, all}]),
	connected().

-spec connected() -> names().
connected() ->
	maps:from_list([{atom_to_binary(Node), []} || Node <- nodes(connected)]).

-spec new(Connected :: names()) -> peers().
new(Connected) ->
	#peers{known=Connected}.

%% What older code has left.
-spec upgrade(peers() | tuple()) -> peers().
upgrade(Peers=#peers{version=?VERSION}) ->
	Peers;
upgrade({peers, 1, Known, Reported}) ->
	#peers{known=Known, reported=Reported}.

%% After a crash of the client. Connections may have ended without its notice.
-spec restore(Connected :: names()) -> {[epmd_mdns_table:change()], stale(), peers()}.
restore(Connected) ->
	Stale = epmd_mdns_table:stale(),
	Peers = new(Connected),
	Gone = [nodedown(Node, new(#{Node => []})) || Node <- lists:usort([Node || #{node := Node} <- epmd_mdns_table:unheard(),
		not is_map_key(Node, Connected)])],
	{[Change || {Change, _} <- Gone], lists:append([[{Id, ?STALE} || Id <- Stale]|[Ids || {_, Ids} <- Gone]]), Peers}.

-spec nodeup(epmd_mdns_proto:node_name(), peers()) -> peers().
nodeup(Node, Peers=#peers{known=Known}) when map_size(Known) < ?MAX_KNOWN ->
	Peers#peers{known=Known#{Node => []}};
nodeup(_, Peers) ->
	Peers.

%% There is a connection, and the daemon still doesn't hear the node: it is asked where it is, by a process that tells
%% the client. Multicast may be silent, and the node have been started anew. One that is hidden may speak no Erlang.
-spec ask(node(), visible | hidden) -> ok.
ask(Name, Type) ->
	Node = atom_to_binary(Name),
	_ = case epmd_mdns_proto:split_node(Node) =/= error andalso not epmd_mdns_table:is_heard(Node) of
		true ->
			Asked = [Name || Type =:= visible],
			Client = self(),
			spawn(fun() -> gen_statem:cast(Client, {confirm, Node, epmd_mdns_lookup_peers:ask(Asked, Node, ?ANSWER)}) end);
		false ->
			none
	end,
	ok.

%% What it has answered, if it has.
-spec confirm(epmd_mdns_proto:node_name(), [epmd_mdns_proto:endpoint()], Connected :: names()) -> [epmd_mdns_table:change()].
confirm(Node, _, Connected) when not is_map_key(Node, Connected) ->
	[];
confirm(Node, [], _) ->
	[epmd_mdns_table:connected(Node)];
confirm(_, Endpoints, _) ->
	[epmd_mdns_table:confirm(Endpoint) || Endpoint <- Endpoints].

%% What only the connection has held up goes.
-spec nodedown(epmd_mdns_proto:node_name(), peers()) -> {epmd_mdns_table:change(), stale()}.
nodedown(Node, Peers) ->
	{Change, Stale} = epmd_mdns_table:disconnected(Node),
	{Change, [{Id, lifetime(Node, Peers)} || Id <- Stale]}.

%% The daemon says that an endpoint is down. If it was our own report that has ended, there will be another.
-spec down(epmd_mdns_proto:endpoint(), stale | forgotten, Reason :: binary(), Connected :: names(), peers()) ->
	{epmd_mdns_table:change(), stale(), peers()}.
down(Endpoint=#{node := Node, proto := Proto, family := Family}, Fate, Reason, Connected,
		Peers0=#peers{known=Known, reported=Reported}) ->
	IsGoodbye = Fate =:= forgotten orelse Reason =:= <<"goodbye">>,
	Peers = Peers0#peers{reported=maps:remove({Node, {Proto, Family}}, Reported), known=case IsGoodbye of
		true when not is_map_key(Node, Connected) -> maps:remove(Node, Known);
		_ -> Known
	end},
	{Change, Stale} = epmd_mdns_table:down(Endpoint, case is_map_key(Node, Connected) of
		true when not IsGoodbye -> connected;
		_ when IsGoodbye, Fate =:= stale -> gone;
		_ -> Fate
	end),
	Lifetime = case IsGoodbye of
		true -> ?STALE;
		false -> lifetime(Node, Peers)
	end,
	{Change, [{Id, Lifetime} || Id <- Stale], Peers}.

%% A snapshot is complete.
-spec synced(reference(), Connected :: names(), peers()) -> {[epmd_mdns_table:change()], stale()}.
synced(Snapshot, Connected, Peers) ->
	{Changes, Stale} = epmd_mdns_table:sweep(Snapshot, Connected),
	{Changes, [{Id, lifetime(epmd_mdns_proto:join_node(Key), Peers)} || Id={Key, _} <- Stale]}.

%% What the daemon is to be told, if it takes reports now, so that it knows of all that is connected and not heard, and of all
%% pairs that can't connect.
-spec reports(IsTaken :: boolean(), peers()) -> {[epmd_mdns_proto:request()], peers()}.
reports(false, Peers) ->
	{[], Peers};
reports(true, Peers=#peers{reported=Before, pairs=Told}) ->
	%% A loopback address means nothing to anybody else, and the daemon hears of its own nodes by other ways.
	Unheard = [Endpoint || Endpoint=#{source := Source} <- epmd_mdns_table:unheard(),
		not epmd_mdns_proto_source:is_here(Source)],
	Now = maps:from_list([{key(Endpoint), Endpoint} || Endpoint <- Unheard]),
	Nodes = [Node || {Node, _} <- maps:keys(Now)],
	Ended = lists:usort([Node || {Node, _} <- maps:keys(Before)]) -- Nodes,
	{Pairs, NowTold} = epmd_mdns_client_pairs:reports(epmd_mdns_table:get(faults, []), Told),
	{[{disconnected, Node} || Node <- Ended]
		++ [{connected, Node, report(Endpoint)}
			|| {{Node, _}, Endpoint} <- maps:to_list(maps:without(maps:keys(Before), Now))]
		++ Pairs,
		Peers#peers{reported=maps:map(fun(_, _) -> [] end, Now), pairs=NowTold}}.

%% The connection to the daemon is lost, and all that it was told on it.
-spec lost(peers()) -> peers().
lost(Peers) ->
	Peers#peers{reported=#{}, pairs=#{}}.

%% Internal.

lifetime(Node, #peers{known=Known}) when is_map_key(Node, Known) -> ?KNOWN;
lifetime(_, _) -> ?STALE.

key(#{node := Node, proto := Proto, family := Family}) ->
	{Node, {Proto, Family}}.

report(Endpoint=#{addr := [Address|_]}) ->
	Endpoint#{addr := Address}.
