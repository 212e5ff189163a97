%% SPDX-License-Identifier: Apache-2.0
%%
%% The module for erl -start_epmd false -epmd_module epmd_mdns: OTP asks it where other nodes are, and
%% tells it where its own node listens. What a program may ask stands below that.
%%
%% OTP calls most of this from processes that must not wait and must not die; on OTP 25 and 27
%% address_please/3 runs in net_kernel itself. So no callback raises an exception, or takes more than
%% about a second, whatever the daemon does. Names of nodes and hosts may be atoms, strings or binaries.
%%
%% What the LAN doesn't know, OTP's own erl_epmd may (DNS and epmd), unless -epmd_mdns fallback false.
%%
%% To a program the names of nodes are binaries, in UTF-8: anybody on the LAN may claim any name, and an
%% atom is never freed. Make an atom of those that you mean to connect to.

-module(epmd_mdns).
-compile({no_auto_import, [nodes/0]}).

%% Callbacks.
-export([start_link/0]).
-export([listen_port_please/2]).
-export([register_node/2]).
-export([register_node/3]).
-export([address_please/3]).
-export([port_please/2]).
-export([port_please/3]).
-export([names/0]).
-export([names/1]).
-export([start/0]).
-export([stop/0]).

%% API.
-export([nodes/0]).
-export([lookup/1]).
-export([subscribe/0]).
-export([subscribe/1]).
-export([unsubscribe/0]).
-export([unsubscribe/1]).
-export([info/0]).

-export_type([event/0]).

%% The message to subscribers.
-type event() :: {epmd_mdns, {up | changed | down, epmd_mdns_proto:node_name(), #{
	%% Those that are up now; of a node that is down, the last ones.
	endpoints := [epmd_mdns_proto:endpoint(), ...],
	%% As in docs/protocol.md: present, seen, goodbye, expired, lost, ...
	reason := binary()
}}}.

-type text() :: atom() | string() | binary().
-type host() :: text() | inet:ip_address().

%% What a callback may take, in milliseconds; and the parts of it that are for the answer to a
%% registration and for the daemon's first snapshot.
-define(CALLBACK, 1000).
-define(REGISTER, 600).
-define(SNAPSHOT, 400).

%% The version of the distribution protocol. OTP 25 and later speak no other.
-define(VERSION, 6).

%% Callbacks.

%% The node dies with the process that this returns.
-spec start_link() -> supervisor:startlink_ret().
start_link() ->
	epmd_mdns_sup:start_link().

%% The port to listen on, 0 for any; so the user's -erl_epmd_port goes on working. No later call tells
%% the host part of the node's name, and node() doesn't know it yet: it is noted for register_node.
-spec listen_port_please(text(), host()) -> {ok, inet:port_number()}.
listen_port_please(Name, Host) ->
	ok = epmd_mdns_table:put(listening, {epmd_mdns_host:text(Name), epmd_mdns_host:text(Host)}),
	try
		erl_epmd:listen_port_please(Name, Host)
	catch _:_ ->
		{ok, 0}
	end.

%% For callers that don't know the family, and usually register again what is registered.
-spec register_node(text(), inet:port_number()) ->
	{ok, epmd_mdns_lease:creation()} | {error, duplicate_name | already_registered | badarg}.
register_node(Name, Port) ->
	register_node(Name, Port, any).

%% Registers the node Name of this VM, now if the daemon is there, else as soon as it is. The creation
%% is -1 if the daemon hasn't given one, and OTP draws one then. A daemon that is absent, or hangs, is
%% no error: a node that can't be found yet is better than none.
%%
%% It also waits a little for the first snapshot: a program that connects as soon as it is up should
%% find what the daemon knows.
-spec register_node(text(), inet:port_number(), inet_tcp | inet6_tcp | inet | inet6 | any) ->
	{ok, epmd_mdns_lease:creation()} | {error, duplicate_name | already_registered | badarg}.
register_node(Name, Port, inet_tcp) ->
	register_node(Name, Port, inet);
register_node(Name, Port, inet6_tcp) ->
	register_node(Name, Port, inet6);
register_node(Name, Port, Family) when is_integer(Port), Port > 0, Port =< 65535,
		Family =:= inet orelse Family =:= inet6 orelse Family =:= any ->
	Node = own_node(epmd_mdns_host:text(Name)),
	case epmd_mdns_proto:split_node(Node) of
		{ok, _} ->
			Result = epmd_mdns_client:register(Node, Port, Family, ?REGISTER),
			_ = Result =:= {ok, -1} orelse epmd_mdns_client:sync(?SNAPSHOT),
			Result;
		error ->
			{error, badarg}
	end;
register_node(_, _, _) ->
	{error, badarg}.

%% Where to connect to. The short answer, without a port, is the fallback's: OTP calls port_please/2
%% next.
-spec address_please(text(), host(), inet | inet6) ->
	epmd_mdns_table:answer() | {ok, inet:ip_address()} | {error, term()}.
address_please(Name, Host, Family) ->
	case epmd_mdns_table:address(Name, Host, Family) of
		none -> address_please(epmd_mdns_host:text(Name), Host, Family, deadline());
		Answer -> Answer
	end.

-spec port_please(text(), host()) ->
	{port, inet:port_number(), non_neg_integer()} | noport | closed | {error, term()}.
port_please(Name, Host) ->
	port_please(Name, Host, infinity).

%% The port of a node by its name and host. The timeout, in milliseconds, can shorten the call.
-spec port_please(text(), host(), timeout()) ->
	{port, inet:port_number(), non_neg_integer()} | noport | closed | {error, term()}.
port_please(Name0, Host, Timeout) ->
	Deadline = deadline(),
	Name = epmd_mdns_host:text(Name0),
	{_, Found} = epmd_mdns_directory:at(epmd_mdns_host:parse(Host)),
	case {lists:keyfind(Name, 1, epmd_mdns_directory:names_and_ports(Found)), fallback()} of
		{{Name, Port}, _} -> {port, Port, ?VERSION};
		{false, true} -> epmd_mdns_stock:port(Name, plain(Host), shorter(Timeout, left(Deadline)));
		{false, false} -> noport
	end.

-spec names() -> {ok, [{string(), inet:port_number()}]} | {error, address}.
names() ->
	names(localhost).

%% The nodes of a host. For this host, it is what is registered with the daemon, and never an error while
%% the daemon is up: tools start an epmd otherwise. For a host of which nothing is known on the LAN it is
%% what that host's own epmd says.
-spec names(host()) -> {ok, [{string(), inet:port_number()}]} | {error, address}.
names(Host) ->
	Deadline = deadline(),
	Parsed = epmd_mdns_host:parse(Host),
	case {epmd_mdns_directory:at(Parsed), Parsed} of
		{{up, []}, own} -> {ok, []};
		{{Daemon, []}, _} -> stock_names(Host, Daemon, Deadline);
		{{_, Found}, _} -> {ok, epmd_mdns_directory:names_and_ports(Found)}
	end.

%% Part of the interface of erl_epmd, though OTP never calls it on another module.
-spec start() -> ignore.
start() ->
	ignore.

%% As start/0.
-spec stop() -> ok.
stop() ->
	ok.

%% API.

%% The nodes that are up, of this host and of the LAN, this node included.
-spec nodes() -> [epmd_mdns_proto:node_name()].
nodes() ->
	{_, Endpoints} = epmd_mdns_directory:read(),
	lists:usort([Node || #{node := Node} <- Endpoints]).

%% The endpoints of a node; none, if it is unknown. Those marked stale have gone less than 60 s ago.
-spec lookup(text()) -> [epmd_mdns_proto:endpoint()].
lookup(Node) ->
	epmd_mdns_directory:lookup(unicode:characters_to_binary(epmd_mdns_host:text(Node))).

-spec subscribe() -> ok | {error, not_running}.
subscribe() ->
	subscribe(self()).

%% Sends event() messages to the process: up for each node that is there already, then the changes. An
%% error if this VM isn't distributed, for then nobody listens to the daemon.
-spec subscribe(pid()) -> ok | {error, not_running}.
subscribe(Pid) when is_pid(Pid) ->
	epmd_mdns_client:subscribe(Pid).

-spec unsubscribe() -> ok | {error, not_running}.
unsubscribe() ->
	unsubscribe(self()).

-spec unsubscribe(pid()) -> ok | {error, not_running}.
unsubscribe(Pid) when is_pid(Pid) ->
	epmd_mdns_client:unsubscribe(Pid).

%% How things stand, for people. The daemon is absent if this VM isn't distributed.
-spec info() -> #{
	daemon := up | down | connecting | absent,
	server := binary() | undefined,
	socket := string(),
	cluster := binary() | undefined,
	fallback := boolean(),
	node := epmd_mdns_proto:node_name() | undefined,
	nodes := non_neg_integer()
}.
info() ->
	(epmd_mdns_directory:config())#{
		daemon => epmd_mdns_table:get(daemon, absent),
		server => epmd_mdns_table:get(server, undefined),
		node => epmd_mdns_lease:node_name(epmd_mdns_table:get(lease, epmd_mdns_lease:new())),
		nodes => length(epmd_mdns_table:directory())
	}.

%% Internal.

address_please(Name, Host, Family, Deadline) ->
	ok = epmd_mdns_client:sync(?SNAPSHOT),
	case epmd_mdns_table:address(Name, epmd_mdns_host:text(Host), Family) of
		none -> stock_address(Name, Host, Family, Deadline);
		Answer -> Answer
	end.

stock_address(Name, Host, Family, Deadline) ->
	case fallback() of
		true -> epmd_mdns_stock:address(Name, plain(Host), Family, left(Deadline));
		false -> {error, nxdomain}
	end.

stock_names(Host, Daemon, Deadline) ->
	case fallback() andalso epmd_mdns_stock:names(plain(Host), left(Deadline)) of
		{ok, Names} -> {ok, Names};
		false when Daemon =:= up -> {ok, []};
		_ -> {error, address}
	end.

%% The name of this VM's node. Its host is what listen_port_please/2 was told of late, or stands in
%% node(); without either it is what -sname would make of it.
own_node(Name) ->
	Host = case {epmd_mdns_table:get(listening, none), epmd_mdns_proto:split_node(atom_to_binary(node()))} of
		{{Name, Noted}, _} -> Noted;
		{_, {ok, {Name, Own}}} -> Own;
		_ -> element(2, inet:gethostname())
	end,
	unicode:characters_to_binary([Name, $@, Host]).

fallback() ->
	maps:get(fallback, epmd_mdns_directory:config()).

%% erl_epmd takes an address as a tuple, and no binary.
plain(Host) when is_tuple(Host) -> Host;
plain(Host) -> epmd_mdns_host:text(Host).

deadline() ->
	erlang:monotonic_time(millisecond) + ?CALLBACK.

left(Deadline) ->
	max(0, Deadline - erlang:monotonic_time(millisecond)).

shorter(Timeout, Left) when is_integer(Timeout), Timeout >= 0 -> min(Timeout, Left);
shorter(_, Left) -> Left.
