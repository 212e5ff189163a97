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
-export([join/0]).
-export([leave/0]).
-export([pause/1]).
-export([resume/1]).
-export([peers/0]).
-export([wait/2]).

-export_type([event/0]).

%% The messages to subscribers.
-type event() :: {epmd_mdns, {up | changed | down, epmd_mdns_proto:node_name(), #{
	%% Those that are up now; of a node that is down, the last ones.
	endpoints := [epmd_mdns_proto:endpoint(), ...],
	%% As in docs/protocol.md: present, seen, goodbye, expired, lost, ...
	reason := binary()
}}} | {epmd_mdns, {joined, epmd_mdns_proto:node_name(), #{}}}
	| {epmd_mdns, {join_failed, epmd_mdns_proto:node_name(), #{reason := epmd_mdns_join_policy:failure()}}}.

-type text() :: atom() | string() | binary().
-type host() :: text() | inet:ip_address().

%% What a callback may wait, in milliseconds, so that it takes less than a second on a busy machine too; and
%% of register_node/3 the part that is for the answer to the registration: the rest is for the first snapshot.
-define(CALLBACK, 900).
-define(REGISTER, 500).

%% Callbacks.

%% The node dies with the process that this returns.
-spec start_link() -> supervisor:startlink_ret().
start_link() ->
	epmd_mdns_sup:start_link().

%% The port to listen on, 0 for any; so the user's -erl_epmd_port goes on working. No later call tells
%% the host part of the node's name, and node() doesn't know it yet, nor which protocol it is that
%% listens: that is noted for register_node.
-spec listen_port_please(text(), host()) -> {ok, inet:port_number()}.
listen_port_please(Name, Host) ->
	Nth = case epmd_mdns_table:get(listening, none) of
		none -> 1;
		{_, _, Last} -> Last + 1
	end,
	ok = epmd_mdns_table:put(listening, {epmd_mdns_lookup_host:text(Name), epmd_mdns_lookup_host:text(Host), Nth}),
	try
		erl_epmd:listen_port_please(Name, Host)
	catch _:_ ->
		{ok, 0}
	end.

%% For callers that don't know the family, and usually register again what is registered.
-spec register_node(text(), inet:port_number()) ->
	{ok, 4..4294967295} | {error, duplicate_name | already_registered | badarg}.
register_node(Name, Port) ->
	register_node(Name, Port, any).

%% Registers the node Name of this VM, now if the daemon is there, else as soon as it is. If the daemon
%% hasn't given a creation, one is drawn. A daemon that is absent, or hangs, is no error: a node that
%% can't be found yet is better than none.
%%
%% It also waits a little for the first snapshot: a program that connects as soon as it is up should
%% find what the daemon knows.
-spec register_node(text(), inet:port_number(), inet_tcp | inet6_tcp | inet | inet6 | any) ->
	{ok, 4..4294967295} | {error, duplicate_name | already_registered | badarg}.
register_node(Name, Port, inet_tcp) ->
	register_node(Name, Port, inet);
register_node(Name, Port, inet6_tcp) ->
	register_node(Name, Port, inet6);
register_node(Name, Port, Family) when is_integer(Port), Port > 0, Port =< 65535,
		Family =:= inet orelse Family =:= inet6 orelse Family =:= any ->
	{Node, Proto} = own_node(epmd_mdns_lookup_host:text(Name)),
	case epmd_mdns_proto:split_node(Node) of
		{ok, _} ->
			case epmd_mdns_client:register(Node, {Port, Proto, Family}, ?REGISTER) of
				{ok, -1} ->
					ok = epmd_mdns_joiner:registered(),
					{ok, own_creation()};
				Result ->
					ok = epmd_mdns_client:sync(),
					ok = epmd_mdns_joiner:registered(),
					Result
			end;
		error ->
			{error, badarg}
	end;
register_node(_, _, _) ->
	{error, badarg}.

%% Where to connect to. The short answer, without a port, is the fallback's: OTP calls port_please/2
%% next. A node that is on the LAN, but speaks another protocol or IP version, is an error at once.
-spec address_please(text(), host(), inet | inet6) ->
	epmd_mdns_table:answer() | {ok, inet:ip_address()} | {error, term()}.
address_please(Name, Host, Family) ->
	case epmd_mdns_table:get(daemon, absent) =:= up andalso epmd_mdns_table:address(Name, Host, Family) of
		Answer={ok, _, _, _} -> Answer;
		_ -> epmd_mdns_lookup:address(epmd_mdns_lookup_host:text(Name), Host, Family, deadline())
	end.

-spec port_please(text(), host()) ->
	{port, inet:port_number(), non_neg_integer()} | noport | closed | {error, term()}.
port_please(Name, Host) ->
	port_please(Name, Host, infinity).

%% The port of a node by its name and host. The timeout, in milliseconds, can shorten the call.
%%
%% With a tuple for a host the caller is OTP, for a node that address_please/3 hasn't found on the LAN: the
%% node's namesake there, if it has one, is another node at the same address. So its epmd knows better.
-spec port_please(text(), host(), timeout()) ->
	{port, inet:port_number(), non_neg_integer()} | noport | closed | {error, term()}.
port_please(Name, Host, Timeout) ->
	epmd_mdns_lookup:port(epmd_mdns_lookup_host:text(Name), Host, shorter(Timeout, deadline())).

-spec names() -> {ok, [{string(), inet:port_number()}]} | {error, address}.
names() ->
	names(localhost).

%% The nodes of a host. For this host, it is what is registered with the daemon. For a host of which nothing
%% is known on the LAN it is what that host's own epmd says. Never an error while the daemon is up: tools
%% start an epmd otherwise.
-spec names(host()) -> {ok, [{string(), inet:port_number()}]} | {error, address}.
names(Host) ->
	epmd_mdns_lookup:names(Host, deadline()).

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
	{_, Endpoints} = epmd_mdns_lookup_directory:read(),
	lists:usort([Node || #{node := Node} <- Endpoints]).

%% The endpoints of a node; none, if it is unknown. Those marked stale have gone less than 60 s ago.
-spec lookup(text()) -> [epmd_mdns_proto:endpoint()].
lookup(Node) ->
	epmd_mdns_lookup_directory:lookup(node_name(Node)).

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
	join_hidden := boolean(),
	node := epmd_mdns_proto:node_name() | undefined,
	nodes := non_neg_integer()
}.
info() ->
	(epmd_mdns_lookup_directory:config())#{
		daemon => epmd_mdns_table:get(daemon, absent),
		server => epmd_mdns_table:get(server, undefined),
		node => epmd_mdns_client_lease:node_name(epmd_mdns_table:get(lease, epmd_mdns_client_lease:new())),
		nodes => length(epmd_mdns_table:directory())
	}.

%% This node is to be found by others, and joins the nodes of its cluster; as it does from the beginning.
-spec join() -> ok | {error, not_running}.
join() ->
	epmd_mdns_join:join().

%% Nobody finds this node any more, and it joins nobody. It stays up, and so do its connections.
-spec leave() -> ok | {error, not_running}.
leave() ->
	epmd_mdns_join:leave().

%% Disconnects from a node of the cluster. Neither joins the other again until one is told to resume, or is
%% started anew. Programs may still connect them.
-spec pause(text()) -> ok | {error, not_running}.
pause(Node) ->
	epmd_mdns_join:pause(node_name(Node)).

-spec resume(text()) -> ok | {error, not_running}.
resume(Node) ->
	epmd_mdns_join:resume(node_name(Node)).

%% How it is with each node that is to be joined.
-spec peers() -> #{epmd_mdns_proto:node_name() => epmd_mdns_join_talk:status()} | {error, not_running}.
peers() ->
	epmd_mdns_join:peers().

%% Waits until this many nodes of the cluster are connected, this one included; in milliseconds.
-spec wait(pos_integer(), timeout()) -> ok | {error, timeout | no_cluster | not_running}.
wait(Count, Timeout) when is_integer(Count), Count > 0, Timeout =:= infinity orelse is_integer(Timeout), Timeout >= 0 ->
	epmd_mdns_join:wait(Count, Timeout).

%% Internal.

node_name(Node) ->
	unicode:characters_to_binary(epmd_mdns_lookup_host:text(Node)).

%% The name of this VM's node, and the protocol. Its host is what listen_port_please/2 was told of late, or
%% stands in node(); without either it is what -sname would make of it.
own_node(Name) ->
	Listening = epmd_mdns_table:get(listening, none),
	{Host, Nth} = case {Listening, epmd_mdns_proto:split_node(atom_to_binary(node()))} of
		{{Name, Noted, Number}, _} -> {Noted, Number};
		{_, {ok, {Name, Own}}} -> {Own, 1};
		_ -> {element(2, inet:gethostname()), 1}
	end,
	{unicode:characters_to_binary([Name, $@, Host]), epmd_mdns_config:proto(Nth)}.

%% The one that the node runs with, or a new one. OTP would draw one itself, if asked by -1, but loads crypto
%% for it: that takes as long as all the rest of us.
own_creation() ->
	case is_alive() of
		true -> erlang:system_info(creation);
		false -> 3 + element(1, rand:uniform_s(16#FFFFFFFF - 3, rand:seed_s(exsss)))
	end.

%% In monotonic time, in milliseconds.
deadline() ->
	erlang:monotonic_time(millisecond) + ?CALLBACK.

shorter(Timeout, Deadline) when is_integer(Timeout), Timeout >= 0 ->
	min(erlang:monotonic_time(millisecond) + Timeout, Deadline);
shorter(_, Deadline) ->
	Deadline.
