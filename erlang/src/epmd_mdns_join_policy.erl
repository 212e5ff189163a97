%% SPDX-License-Identifier: Apache-2.0
%%
%% Which nodes are to be joined, and how soon again. A node is worth an attempt if it is
%% in our cluster and the attempt can succeed. Pure: time, chance and what the table has are arguments.

-module(epmd_mdns_join_policy).

%% API.
-export([self/3]).
-export([is_eligible/4]).
-export([arrival/1]).
-export([arrival/3]).
-export([hold/3]).
-export([end_of/1]).
-export([cause/1]).
-export([failure/1]).
-export([level/4]).
-export([delay/4]).
-export([ports/1]).

-export_type([self/0, failure/0, level/0, ports/0]).

%% What this VM is, as far as it matters to others.
-type self() :: #{
	node := epmd_mdns_proto:node_name(),
	cluster := binary(),
	proto := tcp | tls,
	families := [inet | inet6, ...],
	hidden := boolean() %% Whether hidden nodes are joined, too.
}.

%% unreachable: nobody answers at its address and port. refused: somebody does, and ends the handshake; the
%% usual cause is another cookie.
-type failure() :: unreachable | refused.
-type level() :: warning | info | none.
-type has_address() :: fun((string(), string(), inet | inet6) -> boolean()).
-type ports() :: [{tcp | tls, inet | inet6, inet:port_number()}].

%% In milliseconds.
-define(SOON, 50).
-define(LATER, 200).
%% In seconds.
-define(TOGETHER, 2).
%% As many failures take half a minute at least.
-define(MANY, 12).
%% Refusals of a node that has been connected, in some 20 s, before it is asked no more than any that refuses.
-define(TRUSTED, 5).

%% API.

%% undefined if this VM joins nobody: it has no cluster, or no registered node, or has left.
-spec self(epmd_mdns_config:config(), tcp | tls, epmd_mdns_client_lease:lease()) -> self() | undefined.
self(#{cluster := Cluster, join_hidden := Hidden}, Proto, Lease) ->
	case {epmd_mdns_client_lease:is_present(Lease), epmd_mdns_client_lease:node_name(Lease), epmd_mdns_client_lease:families(Lease)} of
		{true, Node, Families=[_|_]} when is_binary(Node), is_binary(Cluster) ->
			#{node => Node, cluster => Cluster, proto => Proto, families => Families,
				hidden => Hidden};
		_ ->
			undefined
	end.

%% Nodes with short names and nodes with long names never connect, nor do those without a protocol and an IP
%% version in common. The caller knows whether a node has an address in an IP version.
%%
%% A name that every host takes for itself goes with its like of this host alone: nodes of other hosts, which global would
%% connect to it through those that they have in common, can't find it, and then disconnect them.
-spec is_eligible(epmd_mdns_proto:node_name(), [epmd_mdns_proto:endpoint()], self(), has_address()) -> boolean().
is_eligible(Own, _, #{node := Own}, _) ->
	false;
is_eligible(Node, Endpoints, #{node := Own, cluster := Cluster, proto := Proto, families := Families, hidden := Hidden},
		HasAddress) ->
	{ok, {Name, Host}} = epmd_mdns_proto:split_node(Node),
	{ok, {_, OwnHost}} = epmd_mdns_proto:split_node(Own),
	is_long(Host) =:= is_long(OwnHost)
		andalso epmd_mdns_choice:is_loopback(Host) =:= epmd_mdns_choice:is_loopback(OwnHost)
		andalso not lists:any(fun epmd_mdns_choice:is_misplaced/1, Endpoints)
		andalso lists:any(fun(Endpoint=#{proto := P, type := Type}) ->
			P =:= Proto andalso epmd_mdns_choice:selects(#{cluster => Cluster}, Endpoint)
				andalso (Hidden orelse Type =:= visible)
		end, Endpoints)
		andalso lists:any(fun(Family) -> HasAddress(Name, Host, Family) end, Families).

%% Whether the daemon knew it before we asked.
-spec arrival(Reason :: binary()) -> present | new.
arrival(<<"present">>) -> present;
arrival(_) -> new.

%% Whether it was there before us, or is as new as we are. Of nodes that are started together each finds others there when
%% its own distribution is up, and is found by them. Now is the system time, in seconds.
-spec arrival(present | new, Now :: integer(), [epmd_mdns_proto:endpoint()]) -> present | new.
arrival(present, Now, Endpoints) ->
	Latest = Now - ?TOGETHER,
	case lists:any(fun(Endpoint) -> maps:get(since, Endpoint, Latest) > Latest end, Endpoints) of
		true -> new;
		false -> present
	end;
arrival(new, _, _) ->
	new.

%% What comes to light when a node appears is joined by the end with the greater name, soon; the other end gives it a
%% chance to. A node that has just been started is busy joining all that was there before it, anyway.
-spec hold(Own :: epmd_mdns_proto:node_name(), epmd_mdns_proto:node_name(), epmd_mdns_backoff:random()) -> pos_integer().
hold(Own, Node, Random) when Own > Node -> Random(?SOON);
hold(_, _, Random) -> ?LATER + Random(?LATER div 2).

%% Whether a node that is down, for this reason, has ended: its host says so. Otherwise it may be that we merely don't
%% hear of it.
-spec end_of(Reason :: binary()) -> ended | silent.
end_of(<<"goodbye">>) -> ended;
end_of(<<"unregistered">>) -> ended;
end_of(_) -> silent.

%% A node that is connected when its attempt has succeeded, and then is not, is unreachable.
-spec cause(epmd_mdns_join_attempt:result() | term()) -> epmd_mdns_join_attempt:failure().
cause(Failure) when Failure =:= refused; Failure =:= turned_away; Failure =:= timed_out; Failure =:= closed -> Failure;
cause(_) -> unreachable.

%% The same in fewer words, for programs.
-spec failure(epmd_mdns_join_attempt:failure()) -> failure().
failure(refused) -> refused;
failure(_) -> unreachable.

%% The log level of a failure, after so many in a row, the time-outs among the last ones, and the one before it. A refusal
%% is somebody's mistake. So is a port that doesn't answer although its host is up; the first time, that may be chance. In
%% the long run, so is an advert of what can't be reached.
-spec level(epmd_mdns_join_attempt:failure(), pos_integer(), non_neg_integer(), epmd_mdns_join_attempt:failure() | undefined) ->
	level().
level(refused, _, _, LastFailure) when LastFailure =/= refused -> warning;
level(refused, _, _, _) -> none;
level(timed_out, _, 2, _) -> warning;
level(_, 1, _, _) -> info;
level(timed_out, _, _, _) -> none;
level(_, ?MANY, _, _) -> warning;
level(_, _, _, _) -> none.

%% How long to wait after so many failures in a row, the last one of this kind. A node that has been connected to us has our
%% cookie, as a rule: what refuses us then is global, which is trying to connect the other way.
-spec delay(epmd_mdns_join_attempt:failure(), pos_integer(), WasConnected :: boolean(), epmd_mdns_backoff:random()) ->
	pos_integer().
delay(refused, Failures, true, Random) when Failures =< ?TRUSTED -> epmd_mdns_backoff:delay(unreachable, Failures + 2, Random);
delay(refused, _, _, Random) -> epmd_mdns_backoff:delay(refused, 0, Random);
delay(Failure, Failures, _, Random) when Failure =:= timed_out; Failure =:= turned_away ->
	epmd_mdns_backoff:delay(timed_out, Failures - 1, Random);
delay(_, Failures, _, Random) -> epmd_mdns_backoff:delay(unreachable, Failures - 1, Random).

%% What tells whether the node has been started anew, as far as its adverts can.
-spec ports([epmd_mdns_proto:endpoint()]) -> ports().
ports(Endpoints) ->
	lists:sort([{Proto, Family, Port} || #{proto := Proto, family := Family, port := Port} <- Endpoints]).

%% Internal.

%% As net_kernel sees it.
is_long(Host) ->
	lists:member($., Host) orelse lists:member($:, Host).
