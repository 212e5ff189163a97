%% SPDX-License-Identifier: Apache-2.0
%%
%% Decides which connections are to be checked, and when: those that may be dead without a sign, because an address of
%% the other host or of this one has changed, because the other's advert is gone, or because this machine was suspended. It
%% is about connections to nodes that are or were advertised, whether the joiner has made them or not.
%%
%% One check at a time for a node, and not too many in all. Each is a process of its own.

-module(epmd_mdns_prober).
-behaviour(gen_server).

%% API.
-export([start_link/0]).

%% gen_server.
-export([init/1]).
-export([handle_continue/2]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([code_change/3]).

%% How soon to try again to subscribe, in milliseconds.
-define(RETRY, 100).
%% Checks at the same time. Each is two small messages; a node that does not answer takes 3 s.
-define(AT_ONCE, 64).

%% What happens to the network doesn't happen to them.
-define(LOOPBACK, [{127, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 0, 1}]).

-define(VERSION, 1).

%% Its version comes first: after an upgrade of the code, the state is still that of the old one.
-record(state, {
	version = ?VERSION :: pos_integer(),
	running = #{} :: #{reference() => node()},
	%% What the next check of a node is to know: the addresses at which it should be connected, and why it is checked.
	waiting = #{} :: #{node() => {[inet:ip_address()], Why :: binary()}}
}).

%% API.

-spec start_link() -> gen_server:start_ret().
start_link() ->
	gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% gen_server.

-spec init([]) -> {ok, #state{}, {continue, subscribe}}.
init([]) ->
	{ok, #state{}, {continue, subscribe}}.

-spec handle_continue(subscribe, #state{}) -> {noreply, #state{}}.
handle_continue(subscribe, State) ->
	{noreply, subscribe(State)}.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, ignored, #state{}}.
handle_call(_, _, State) ->
	{reply, ignored, State}.

%% From the client: the daemon has reported that something happened to this host.
-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({network, Why}, State) ->
	Nodes = [Name || Name <- nodes(connected), is_on_lan(Name)],
	{noreply, fill(lists:foldl(fun(Name, Acc) -> want(Name, [], Why, Acc) end, State, Nodes))};
handle_cast(_, State) ->
	{noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({epmd_mdns, {Kind, Node, #{endpoints := Endpoints, reason := Why}}}, State)
		when Kind =:= up; Kind =:= changed; Kind =:= down ->
	%% What is not heard any more is up because of the connection that may be dead.
	Addresses = case Kind of
		down -> [];
		_ -> lists:append([Addresses || Endpoint=#{addr := Addresses} <- Endpoints, maps:get(heard, Endpoint, true)])
	end,
	case epmd_mdns_join_names:is_connected(Node) of
		true -> {noreply, fill(want(binary_to_existing_atom(Node), Addresses, Why, State))};
		false -> {noreply, State}
	end;
handle_info({'DOWN', Monitor, process, _, _}, State=#state{running=Running}) ->
	{noreply, fill(State#state{running=maps:remove(Monitor, Running)})};
handle_info({timeout, _, subscribe}, State) ->
	{noreply, subscribe(State)};
handle_info(_, State) ->
	{noreply, State}.

-spec code_change(term(), #state{}, term()) -> {ok, #state{}}.
code_change(_, State=#state{version=?VERSION}, _) ->
	{ok, State}.

%% Internal.

%% A client that is started again finds its subscribers.
subscribe(State) ->
	case epmd_mdns_client:subscribe(self()) of
		ok -> ok;
		{error, not_running} -> _ = erlang:start_timer(?RETRY, self(), subscribe), ok
	end,
	State.

%% Also of nodes whose advert has gone a moment ago.
is_on_lan(Name) ->
	case epmd_mdns_proto:split_node(atom_to_binary(Name)) of
		{ok, Key} -> epmd_mdns_table:endpoints(Key) =/= [];
		error -> false
	end.

%% Of the addresses the newest count; but who is to be checked at whatever address is.
want(Name, Addresses, Why, State=#state{waiting=Waiting}) ->
	case Waiting of
		#{Name := {[], _}} -> State;
		_ -> State#state{waiting=Waiting#{Name => {Addresses, Why}}}
	end.

fill(State=#state{running=Running, waiting=Waiting}) ->
	Ready = maps:keys(maps:without(maps:values(Running), Waiting)),
	lists:foldl(fun start/2, State, lists:sublist(Ready, max(0, ?AT_ONCE - map_size(Running)))).

start(Name, State=#state{running=Running, waiting=Waiting}) ->
	{{Addresses, Why}, Rest} = maps:take(Name, Waiting),
	{_, Monitor} = epmd_mdns_join_probe:start(Name, ?LOOPBACK ++ Addresses, Why),
	State#state{running=Running#{Monitor => Name}, waiting=Rest}.
