%% SPDX-License-Identifier: Apache-2.0
%%
%% What the client knows of its connection, and what follows from each thing that happens: pure. The client
%% reports what has happened, and carries out the effects in their order.
%%
%%     disconnected --connect--> syncing --EVENT sync--> ready
%%          ^                       |                      |
%%          +-----------------------+----------------------+  closed, silent, or talking nonsense
%%
%% Replies come in the order of the requests, so the oldest request without an answer is what a reply is about.

-module(epmd_mdns_client_state).

%% API.
-export([new/1]).
-export([upgrade/1]).
-export([phase/1]).
-export([connected/1]).
-export([hear/2]).
-export([lost/3]).
-export([register/5]).
-export([register_again/1]).
-export([refresh/2]).
-export([may_report/1]).
-export([report/2]).
-export([join/2]).
-export([leave/2]).

-export_type([state/0, phase/0, effect/0]).

-type phase() :: disconnected | syncing | ready.

%% A refresh is a request of its own: what the daemon knows before it answers comes before the answer.
-type request() :: epmd_mdns_proto:request() | {refresh, gen_statem:from()}.

%% What the client has to do. The topics of log are functions of epmd_mdns_client_log.
-type effect() ::
	{send, [epmd_mdns_proto:request()]} |
	%% How long the daemon may be silent from now on.
	{silence, limited | infinity} |
	{reply, gen_statem:from(), ok | {ok, epmd_mdns_client_lease:creation()} | {error, term()}} |
	{keep, lease, epmd_mdns_client_lease:lease()} | {keep, server, binary()} |
	{up, epmd_mdns_proto:endpoint(), Reason :: binary()} |
	{down, epmd_mdns_proto:endpoint(), stale | forgotten, Reason :: binary()} |
	synced |
	{network, Reason :: binary()} |
	%% To be followed by register_again/1, some time later.
	refused |
	{log, granted} | {log, forgive} | {log, {refused, epmd_mdns_proto:node_name(), binary(), binary()}} |
	{log, {lost, Reason :: term()}} |
	{connect, Attempts :: non_neg_integer()} |
	%% The connection is of no use any more: to be closed, and followed by lost/3.
	{lose, Reason :: term()}.

%% How an endpoint is described to the daemon; the client asks epmd_mdns_config.
-type describe() :: epmd_mdns_client_lease:describe().

%% Its version comes first: after an upgrade of the code, the state is still that of the old one.
-define(VERSION, 1).

-record(state, {
	version = ?VERSION :: pos_integer(),
	phase = disconnected :: phase(),
	lease :: epmd_mdns_client_lease:lease(),
	%% Callers of register/5.
	waiting = [] :: [{epmd_mdns_proto:endpoint_id(), gen_statem:from()}],
	%% The requests that have no answer yet, oldest first.
	owed = [] :: [request()],
	%% Connections that were lost in a row, each before it had lasted well.
	attempts = 0 :: non_neg_integer()
}).

-opaque state() :: #state{}.

%% API.

-spec new(epmd_mdns_client_lease:lease()) -> state().
new(Lease) ->
	#state{lease=Lease}.

%% The state as older code has left it. 0.1.0 had no such module: the client takes it apart.
-spec upgrade(state() | {phase(), epmd_mdns_client_lease:lease(), list(), list(), non_neg_integer()}) -> state().
upgrade(State=#state{version=?VERSION}) ->
	State;
upgrade({Phase, Lease, Waiting, Owed, Attempts}) ->
	#state{phase=Phase, lease=Lease, waiting=Waiting, owed=Owed, attempts=Attempts}.

-spec phase(state()) -> phase().
phase(#state{phase=Phase}) ->
	Phase.

%% There is a connection. All requests are sent at once.
-spec connected(state()) -> {state(), [effect()]}.
connected(State=#state{lease=Lease}) ->
	request([{hello, 1}|epmd_mdns_client_lease:missing(Lease)] ++ [subscribe], State#state{phase=syncing}).

%% The daemon has sent a line.
-spec hear(epmd_mdns_proto:message(), state()) -> {state(), [effect()]}.
hear({ok, _, Attributes}, State=#state{owed=[{register, _, Registration}|Owed], lease=Lease0}) ->
	case epmd_mdns_proto:creation(Attributes) of
		{ok, Creation} ->
			{Id, Lease} = epmd_mdns_client_lease:hold(Registration, Creation, Lease0),
			settle(Id, {ok, epmd_mdns_client_lease:creation(Lease)}, State#state{owed=Owed, lease=Lease},
				[{keep, lease, Lease}, {log, granted}]);
		malformed ->
			{State, [{lose, {fault, Attributes}}]}
	end;
hear({ok, _, _}, State=#state{owed=[{refresh, From}|Owed]}) ->
	listen(State#state{owed=Owed}, [{reply, From, ok}]);
hear({ok, [_, Server|_], _}, State=#state{owed=[{hello, _}|Owed]}) ->
	listen(State#state{owed=Owed}, [{keep, server, Server}]);
hear({ok, _, _}, State=#state{owed=[_|Owed]}) ->
	listen(State#state{owed=Owed}, []);
%% At the boot of the node a duplicate name stops it. Later there is nobody to be told: the node goes on,
%% unregistered, and tries again from time to time.
hear({error, Token, Text}, State=#state{owed=[{register, Node, Registration}|Owed]}) ->
	Answer = case Token of
		<<"duplicate-name">> -> {error, duplicate_name};
		_ -> {ok, -1}
	end,
	settle(epmd_mdns_client_lease:id(Registration), Answer, State#state{owed=Owed},
		[{log, {refused, Node, Token, Text}}, refused]);
%% An older daemon knows no reports, and any may refuse one: then others don't hear of that node, or of that pair.
hear({error, _, _}, State=#state{owed=[Request|Owed]}) when element(1, Request) =:= connected; element(1, Request) =:= disconnected;
		element(1, Request) =:= apart; element(1, Request) =:= together ->
	listen(State#state{owed=Owed}, []);
hear({event, sync}, State) ->
	listen(State#state{phase=ready}, [synced]);
hear({event, network, Reason}, State) ->
	listen(State, [{network, Reason}]);
hear({event, down, Endpoint, Reason = <<"unregistered">>}, State) ->
	listen(State, [{down, Endpoint, forgotten, Reason}]);
hear({event, down, Endpoint, Reason}, State) ->
	listen(State, [{down, Endpoint, stale, Reason}]);
%% The name may have been that of a node of this host until now.
hear({event, _, Endpoint, Reason}, State) ->
	case epmd_mdns_choice:is_misplaced(Endpoint) of
		false -> listen(State, [{up, Endpoint, Reason}]);
		true -> listen(State, [{down, Endpoint, forgotten, <<"unregistered">>}])
	end;
hear(ignored, State) ->
	listen(State, []);
hear(Other, State) ->
	{State, [{lose, {fault, Other}}]}.

%% There is no connection any more, or there never was. One that has lasted well wipes out what was before it. One that
%% breaks at once doesn't, or a daemon that dies of us, or talks nonsense, would be called ten times a second, and into
%% the log.
-spec lost(Reason :: term(), HasLasted :: boolean(), state()) -> {state(), [effect()]}.
lost(Reason, HasLasted, State=#state{lease=Lease0, waiting=Waiting, owed=Owed, attempts=Before}) ->
	Lease = epmd_mdns_client_lease:lose(Lease0),
	{Attempts, Forgive} = case HasLasted of
		true -> {0, [{log, forgive}]};
		false -> {Before, []}
	end,
	{State#state{phase=disconnected, lease=Lease, waiting=[], owed=[], attempts=Attempts + 1},
		Forgive ++ [{keep, lease, Lease}, {log, {lost, Reason}}, {connect, Attempts}, {silence, infinity}]
			++ [{reply, From, {ok, -1}} || {_, From} <- Waiting]
			++ [{reply, From, ok} || {refresh, From} <- Owed]}.

%% The node is to be registered with an endpoint. Asking for what is held already changes nothing, so it is
%% simply asked for again.
-spec register(gen_statem:from(), epmd_mdns_proto:node_name(), epmd_mdns_client_lease:listener(), describe(), state()) ->
	{state(), [effect()]}.
register(From, Node, Listener, Describe, State=#state{phase=Phase, lease=Lease0, waiting=Waiting}) ->
	case epmd_mdns_client_lease:want(Node, Listener, Describe, Lease0) of
		{ok, _, Lease} when Phase =:= disconnected ->
			Lost = epmd_mdns_client_lease:lose(Lease),
			{State#state{lease=Lost}, [{keep, lease, Lost}, {reply, From, {ok, epmd_mdns_client_lease:creation(Lost)}}]};
		{ok, Registration, Lease} ->
			request([{register, Node, Registration}], State#state{lease=Lease,
				waiting=[{epmd_mdns_client_lease:id(Registration), From}|Waiting]}, [{keep, lease, Lease}]);
		Error ->
			{State, [{reply, From, Error}]}
	end.

%% Time for another attempt at what was refused. Without a connection, the next one will be that.
-spec register_again(state()) -> {state(), [effect()]}.
register_again(State=#state{phase=disconnected}) ->
	{State, []};
register_again(State=#state{lease=Lease}) ->
	request(epmd_mdns_client_lease:missing(Lease), State).

%% The request that costs the daemon least.
-spec refresh(gen_statem:from(), state()) -> {state(), [effect()]}.
refresh(From, State=#state{phase=ready, owed=Owed}) ->
	{State#state{owed=Owed ++ [{refresh, From}]}, [{send, [{hello, 1}]}|begin_listening(Owed)]};
refresh(From, State) ->
	{State, [{reply, From, ok}]}.

%% Whether the daemon takes reports of nodes that we are connected to: from those that it knows itself.
-spec may_report(state()) -> boolean().
may_report(#state{phase=Phase, lease=Lease}) ->
	Phase =:= ready andalso epmd_mdns_client_lease:is_held(Lease).

-spec report([epmd_mdns_proto:request()], state()) -> {state(), [effect()]}.
report(Requests, State) ->
	request(Requests, State).

-spec join(gen_statem:from(), state()) -> {state(), [effect()]}.
join(From, State=#state{lease=Lease0}) ->
	Lease = epmd_mdns_client_lease:join(Lease0),
	{Joined, Effects} = register_again(State#state{lease=Lease}),
	{Joined, [{keep, lease, Lease}, {reply, From, ok}|Effects]}.

%% Closing the connection is what withdraws a node.
-spec leave(gen_statem:from(), state()) -> {state(), [effect()]}.
leave(From, State=#state{phase=Phase, lease=Lease0}) ->
	Lease = epmd_mdns_client_lease:leave(Lease0),
	{State#state{lease=Lease}, [{keep, lease, Lease}, {reply, From, ok}|[{lose, left} || Phase =/= disconnected]]}.

%% Internal.

request(Requests, State) ->
	request(Requests, State, []).

request([], State, Effects) ->
	{State, Effects};
request(Requests, State=#state{owed=Owed}, Effects) ->
	{State#state{owed=Owed ++ Requests}, Effects ++ [{send, Requests}|begin_listening(Owed)]}.

%% The first request starts the clock; more of them don't give the daemon more time.
begin_listening([]) -> [{silence, limited}];
begin_listening(_) -> [].

%% Listens on, and not for ever as long as the daemon owes us something.
listen(State=#state{phase=ready, owed=[]}, Effects) ->
	{State, Effects ++ [{silence, infinity}]};
listen(State, Effects) ->
	{State, Effects ++ [{silence, limited}]}.

settle(Id, Answer, State=#state{waiting=Waiting}, Effects) ->
	{Mine, Others} = lists:partition(fun({WaitingId, _}) -> WaitingId =:= Id end, Waiting),
	listen(State#state{waiting=Others}, Effects ++ [{reply, From, Answer} || {_, From} <- Mine]).
