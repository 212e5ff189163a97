%% SPDX-License-Identifier: Apache-2.0
%%
%% Connects this node to those of its own cluster, at once to what the daemon knows and then to what appears,
%% and again when a connection is lost, for as long as the other node is advertised.
%%
%% Every attempt is a process of its own, for connecting takes up to net_setuptime. One node has one attempt
%% at a time. net_kernel itself never waits for us: the first attempts are made while it is still starting, and
%% stand in its queue until it is done.
%%
%% Joiners speak to each other, too: hello, and for an answer welcome, or pause; epmd_mdns_join_talk has the other messages.
%%
%% What there is to know stands in epmd_mdns_join_state. What has to survive a crash of this process are the pauses, which
%% stand in the table; all else is there to be seen. The client is told of the pairs of nodes that can't connect.

-module(epmd_mdns_joiner).
-behaviour(gen_server).

%% API. What programs ask for comes through epmd_mdns_join.
-export([start_link/0]).
-export([registered/0]).

%% gen_server.
-export([init/1]).
-export([handle_continue/2]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([code_change/3]).

%% How soon to look again after the client has crashed, in milliseconds.
-define(RETRY, 100).
%% While there are pairs that can't connect: how often to look at them, in milliseconds. By then everybody knows the same.
-define(LOOK, 1000).

-define(VERSION, 2).

%% Its version comes first: after an upgrade of the code, the state is still that of the old one.
-record(state, {
	version = ?VERSION :: pos_integer(),
	%% undefined: this VM joins nobody.
	self :: epmd_mdns_join_policy:self() | undefined,
	peers = nobody() :: epmd_mdns_join_state:peers(),
	talk = epmd_mdns_join_talk:new(<<>>) :: epmd_mdns_join_talk:talk(),
	attempts = epmd_mdns_join_attempts:new() :: epmd_mdns_join_attempts:attempts(),
	%% Nodes that somebody here has asked for; they are sent that with our hello.
	asked = [] :: [epmd_mdns_proto:node_name()],
	%% Programs that wait for so many nodes.
	waiting = epmd_mdns_join_waiting:new([]) :: epmd_mdns_join_waiting:waiting(),
	%% The monitor of the client.
	client :: reference() | undefined,
	%% The timer after which we look at everything anew: the next client may be there, or we have rested after a crash.
	retry :: reference() | undefined,
	%% The timer after which we look at the pairs that can't connect.
	look :: reference() | undefined,
	log = epmd_mdns_join_log:new() :: epmd_mdns_join_log:log()
}).

%% API.

-spec start_link() -> gen_server:start_ret().
start_link() ->
	gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% This VM's node has been registered, or another endpoint of it. Never waits: net_kernel asks.
-spec registered() -> ok.
registered() ->
	gen_server:cast(?MODULE, registered).

%% gen_server.

%% After a crash there is nobody to say that the node is registered. What is connected then was connected before, and is
%% not reported again. What has killed us may still be there: so we don't rush.
-spec init([]) -> {ok, #state{}} | {ok, #state{}, {continue, start}}.
init([]) ->
	%% The attempts are linked, so that they end with us.
	_ = process_flag(trap_exit, true),
	ok = net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason]),
	case epmd_mdns_backoff:rest(?MODULE) of
		0 -> {ok, #state{}, {continue, start}};
		Rest -> {ok, start_later(Rest, before, #state{})}
	end.

-spec handle_continue(start, #state{}) -> {noreply, #state{}}.
handle_continue(start, State) ->
	{noreply, start(before, State)}.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, term(), #state{}} | {noreply, #state{}}.
handle_call(join, _, State) ->
	Result = epmd_mdns_client:join(),
	{reply, Result, start(before, State)};
handle_call(leave, _, State) ->
	Result = epmd_mdns_client:leave(),
	{reply, Result, stop(State)};
handle_call({pause, Node}, _, State=#state{peers=Peers, asked=Asked}) ->
	ok = epmd_mdns_join_message:pause(Node, pause),
	Paused = epmd_mdns_join_state:pause(Node, {us, pause}, unknown, Peers),
	{reply, ok, perform(Paused, State#state{asked=lists:delete(Node, Asked)})};
handle_call({resume, Node}, _, State=#state{peers=Peers, asked=Asked}) ->
	{reply, ok, perform({[], epmd_mdns_join_state:resume(Node, Peers)}, State#state{asked=lists:usort([Node|Asked])})};
handle_call(peers, _, State=#state{peers=Peers, talk=Talk}) ->
	{reply, epmd_mdns_join_talk:statuses(epmd_mdns_join_state:states(Peers), fun epmd_mdns_join_names:is_conflict/1,
		epmd_mdns_join_global:is_calm(), Talk), State};
handle_call({wait, _, _}, _, State=#state{self=undefined, retry=undefined}) ->
	{reply, {error, no_cluster}, State};
handle_call({wait, Count, Deadline}, From, State=#state{waiting=Waiting}) ->
	{noreply, answer(State#state{waiting=epmd_mdns_join_waiting:add(Count, From, Deadline, Waiting)})}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(registered, State=#state{self=undefined, retry=Timer}) when is_reference(Timer) ->
	{noreply, State};
%% Whoever has registered the node may have given up waiting for the client, which has still to come to it, or has
%% crashed, and is asked again. What we ask it now it answers after that.
handle_cast(registered, State=#state{self=undefined}) ->
	case epmd_mdns_client:unsubscribe(self()) =:= ok andalso epmd_mdns_client_lease:node_name(lease()) of
		Node when is_binary(Node) -> {noreply, start(now, State)};
		_ -> {noreply, State#state{retry=erlang:start_timer(?RETRY, self(), registered)}}
	end;
handle_cast(registered, State) ->
	{noreply, start(now, State)};
handle_cast({unanswered, Node}, State=#state{peers=Peers}) ->
	{noreply, State#state{peers=epmd_mdns_join_state:unanswered(Node, Peers)}}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({epmd_mdns, {Kind, Node, #{endpoints := Endpoints, reason := Reason}}}, State)
		when Kind =:= up; Kind =:= changed ->
	{noreply, seen(Node, Endpoints, epmd_mdns_join_policy:arrival(Reason), now, State)};
handle_info({epmd_mdns, {down, Node, #{reason := Reason}}}, State) ->
	{noreply, gone(Node, epmd_mdns_join_policy:end_of(Reason), State)};
handle_info({timeout, _, {again, Node, Generation}}, State=#state{peers=Peers}) ->
	{noreply, perform(epmd_mdns_join_state:again(Node, Generation, Peers), State)};
handle_info({timeout, _, {slow, Monitor}}, State=#state{attempts=Attempts}) ->
	{noreply, fill(State#state{attempts=epmd_mdns_join_attempts:slow(Monitor, Attempts)})};
handle_info({timeout, _, rested}, State=#state{self=#{node := Own}, talk=Talk}) ->
	{noreply, converse(epmd_mdns_join_talk:rested(epmd_mdns_join_names:is_conflict(Own), Talk), State)};
handle_info({timeout, Timer, look}, State=#state{look=Timer, talk=Talk}) ->
	{noreply, converse(epmd_mdns_join_talk:expire(now_ms(), Talk), leave_if_aside(State#state{look=undefined}))};
handle_info({timeout, Timer, {start, IfConnected}}, State=#state{retry=Timer}) ->
	{noreply, start(IfConnected, State#state{retry=undefined})};
handle_info({'DOWN', Client, process, _, _}, State=#state{client=Client}) ->
	{noreply, start_later(?RETRY, now, State)};
handle_info({'DOWN', Monitor, process, _, Result}, State=#state{attempts=Attempts, peers=Peers}) ->
	case epmd_mdns_join_attempts:ended(Monitor, Attempts) of
		{Node, Rest} ->
			Ended = epmd_mdns_join_state:ended(Node, Result, epmd_mdns_join_names:is_connected(Node), now_ms(), Peers),
			{noreply, perform(Ended, State#state{attempts=Rest})};
		error ->
			%% Of a program that waited.
			{noreply, State#state{waiting=epmd_mdns_join_waiting:delete(Monitor, State#state.waiting)}}
	end;
handle_info({nodeup, Name, _}, State) when Name =:= node() ->
	ok = epmd_mdns_join_log:started(atom_to_binary(Name)),
	{noreply, State};
handle_info({nodeup, Name, _}, State=#state{peers=Peers}) ->
	Node = atom_to_binary(Name),
	{noreply, perform(epmd_mdns_join_state:up(Node, Peers), greet(Node, State))};
handle_info({nodedown, Name, Info}, State=#state{peers=Peers, talk=Talk}) ->
	{Node, Reason} = {atom_to_binary(Name), proplists:get_value(nodedown_reason, Info)},
	%% Who comes second to another of its name disconnects without being asked.
	IsCalm = not epmd_mdns_join_talk:is_second(Talk) andalso epmd_mdns_join_global:is_calm(epmd_mdns_join_talk:is_calm(Node, Talk)),
	Lost = epmd_mdns_join_state:down(Node, Reason, IsCalm, now_ms(), Peers),
	{noreply, perform(Lost, State#state{talk=epmd_mdns_join_talk:down(Node, now_ms(), Talk)})};
handle_info({?MODULE, {hello, Node, Creation, IsAsked}}, State=#state{peers=Peers}) ->
	{IsWelcome, Greeted} = epmd_mdns_join_state:greeted(Node, Creation, IsAsked, Peers),
	ok = case IsWelcome of
		true -> epmd_mdns_join_message:welcome(Node);
		false -> epmd_mdns_join_message:pause(Node, epmd_mdns_join_state:reason(Node, Peers))
	end,
	{noreply, perform({[], Greeted}, State)};
handle_info({?MODULE, {welcome, Node, Creation}}, State=#state{peers=Peers}) ->
	{noreply, perform({[], element(2, epmd_mdns_join_state:greeted(Node, Creation, false, Peers))}, State)};
handle_info({?MODULE, {pause, Node, Creation}}, State=#state{peers=Peers, talk=Talk}) ->
	ok = epmd_mdns_join_names:disconnect_later(Node),
	{noreply, perform(epmd_mdns_join_state:pause(Node, {them, epmd_mdns_join_talk:reason(Node, Talk)}, Creation, Peers), State)};
handle_info({?MODULE, Message}, State=#state{self=#{}, talk=Talk}) when is_tuple(Message), tuple_size(Message) > 1 ->
	{noreply, converse(epmd_mdns_join_talk:received(Message, epmd_mdns_join_names:context(element(2, Message)), Talk), State)};
handle_info({timeout, Timer, registered}, State=#state{retry=Timer}) ->
	handle_cast(registered, State#state{retry=undefined});
handle_info(flush, State=#state{log=Log}) ->
	{noreply, State#state{log=epmd_mdns_join_log:flush(Log)}};
handle_info(_, State) -> %% Such as the end of an attempt, which is linked, or of the distribution.
	{noreply, State}.

%% In a living node. What another version knew is looked at anew, as after a crash, but whoever waits goes on waiting.
-spec code_change(term(), #state{} | tuple(), term()) -> {ok, #state{}}.
code_change(_, State=#state{version=?VERSION}, _) ->
	{ok, State};
code_change(_, {state, _, _, _, Asked, Waiting, Client, _, _}, _) ->
	_ = is_reference(Client) andalso demonitor(Client, [flush]),
	{ok, start_later(?RETRY, before, #state{asked=Asked, waiting=epmd_mdns_join_waiting:new(Waiting)})}.

%% Internal: what there is.

%% Everything is looked at anew; what is known already stays. Whether what is connected already was so before is known
%% by who calls.
start(IfConnected, State=#state{self=Before}) ->
	Self = epmd_mdns_join_policy:self(epmd_mdns_lookup_directory:config(), epmd_mdns_config:proto(), lease()),
	case {Self, Before} of
		{undefined, _} ->
			stop(State);
		{#{node := Own}, undefined} ->
			ok = epmd_mdns_join_global:be_patient(),
			ok = epmd_mdns_client:apart([]),
			Peers = epmd_mdns_join_state:new(Own, epmd_mdns_table:get(paused, #{}), fun rand:uniform/1),
			Known = State#state{self=Self, peers=Peers, talk=epmd_mdns_join_talk:new(Own)},
			look(lists:foldl(fun(Name, Acc) -> greet(atom_to_binary(Name), Acc) end, Known, nodes(connected)), IfConnected);
		_ ->
			look(State#state{self=Self}, now)
	end.

look(State0, IfConnected) ->
	State = #state{peers=Peers} = follow(State0),
	Directory = epmd_mdns_table:directory(),
	Gone = epmd_mdns_join_state:others([Node || {Node, _} <- Directory], Peers),
	answer(lists:foldl(fun({Node, Endpoints}, Acc) -> seen(Node, Endpoints, present, IfConnected, Acc) end,
		lists:foldl(fun(Node, Acc) -> gone(Node, silent, Acc) end, State, Gone), Directory)).

%% The client tells us what happens. When it crashes there is something that it doesn't tell.
follow(State=#state{client=Before}) ->
	_ = Before =:= undefined orelse demonitor(Before, [flush]),
	Client = monitor(process, epmd_mdns_client),
	case epmd_mdns_client:subscribe(self()) of
		ok -> State#state{client=Client};
		{error, not_running} -> start_later(?RETRY, now, State#state{client=Client})
	end.

start_later(Delay, IfConnected, State=#state{retry=undefined}) ->
	State#state{retry=erlang:start_timer(Delay, self(), {start, IfConnected})};
start_later(_, _, State) ->
	State.

%% Who waits gets an answer now, even if it came while we rested.
stop(State=#state{self=undefined, waiting=Waiting}) ->
	State#state{waiting=epmd_mdns_join_waiting:refuse(no_cluster, Waiting)};
stop(State=#state{client=Client}) ->
	true = demonitor(Client, [flush]),
	_ = epmd_mdns_client:unsubscribe(self()),
	ok = epmd_mdns_client:apart([]),
	stop(State#state{self=undefined, client=undefined, peers=nobody(), talk=epmd_mdns_join_talk:new(<<>>), asked=[]}).

nobody() ->
	epmd_mdns_join_state:new(<<>>, epmd_mdns_table:get(paused, #{}), fun rand:uniform/1).

seen(_, _, _, _, State=#state{self=undefined}) ->
	State;
seen(Node, Endpoints, When, IfConnected, State0=#state{self=Self, talk=Talk}) ->
	State = #state{peers=Peers} = State0#state{talk=epmd_mdns_join_talk:seen(Node, epmd_mdns_join_names:is_conflict(Node), Talk)},
	case epmd_mdns_join_policy:is_eligible(Node, Endpoints, Self, fun epmd_mdns_join_names:has_address/3) of
		true ->
			Connected = case epmd_mdns_join_names:is_connected(Node) of
				true -> IfConnected;
				false -> no
			end,
			Arrival = epmd_mdns_join_policy:arrival(When, erlang:system_time(second), Endpoints),
			perform(epmd_mdns_join_state:seen(Node, epmd_mdns_join_policy:ports(Endpoints), Arrival, Connected, Peers), State);
		false ->
			gone(Node, ended, State)
	end.

gone(Node, Why, State=#state{peers=Peers, talk=Talk}) ->
	Gone = epmd_mdns_join_state:gone(Node, Why, now_ms(), Peers),
	converse(epmd_mdns_join_talk:gone(Node, Why, Talk), State#state{peers=Gone}).

%% Internal: what to do.

perform({Actions, Peers}, State=#state{peers=Before}) ->
	Pauses = epmd_mdns_join_state:pauses(Peers),
	_ = Pauses =:= epmd_mdns_join_state:pauses(Before) orelse epmd_mdns_table:put(paused, Pauses),
	fill(lists:foldl(fun act/2, State#state{peers=Peers}, Actions)).

act({joined, Node}, State=#state{asked=Asked, log=Log}) ->
	ok = epmd_mdns_client:notify({joined, Node, #{}}),
	ok = epmd_mdns_join_global_names:joined(Node),
	answer(State#state{asked=lists:delete(Node, Asked), log=epmd_mdns_join_log:joined(Node, Log)});
act({failed, Node, Failure, Count, Level}, State=#state{self=#{families := Families}, log=Log, talk=Talk}) ->
	ok = epmd_mdns_client:notify({join_failed, Node, #{reason => epmd_mdns_join_policy:failure(Failure)}}),
	Addresses = epmd_mdns_join_names:addresses(Node, Families),
	Said = State#state{log=epmd_mdns_join_log:failed(Node, Failure, Addresses, Level, Log)},
	discuss(epmd_mdns_join_talk:failed(Node, Failure, Count, now_ms(), Talk), Said);
act({timer, Node, Generation, Delay}, State) ->
	_ = erlang:start_timer(Delay, self(), {again, Node, Generation}),
	State;
act({disconnect, Node}, State) ->
	ok = epmd_mdns_join_names:disconnect_later(Node),
	State;
act({make_way, Node}, State) ->
	ok = epmd_mdns_join_names:make_way(Node),
	State;
act({tell, Node, Message}, State) ->
	ok = epmd_mdns_join_message:tell(Node, Message),
	State;
act({rest, Delay}, State) ->
	_ = erlang:start_timer(Delay, self(), rested),
	State;
act(Event, State=#state{log=Log}) ->
	State#state{log=epmd_mdns_join_log:event(Event, epmd_mdns_join_global:is_calm(), Log)}.

%% What the talk among joiners has come to; and whom to connect to after that.
converse(Result, State) ->
	fill(discuss(Result, State)).

discuss({Actions, Talk}, State=#state{look=Timer}) ->
	ok = epmd_mdns_client:apart(epmd_mdns_join_talk:pairs(Talk)),
	Look = case epmd_mdns_join_talk:has_faults(Talk) of
		true when Timer =:= undefined -> erlang:start_timer(?LOOK, self(), look);
		_ -> Timer
	end,
	lists:foldl(fun act/2, State#state{talk=Talk, look=Look}, Actions).

leave_if_aside(State=#state{talk=Talk, peers=Peers}) ->
	case {epmd_mdns_join_talk:is_aside(epmd_mdns_join_global:is_calm(), Talk), epmd_mdns_join_state:connected(Peers)} of
		{true, Connected=[_|_]} -> lists:foldl(fun act/2, State, [{aside, Connected}|[{disconnect, Node} || Node <- Connected]]);
		_ -> State
	end.

greet(_, State=#state{self=undefined}) ->
	State;
greet(Node, State=#state{talk=Talk}) ->
	discuss(epmd_mdns_join_talk:up(Node, epmd_mdns_join_message:self(epmd_mdns_join_global:is_calm()), now_ms(), Talk), State).

fill(State=#state{self=undefined}) ->
	State;
fill(State=#state{attempts=Attempts, peers=Peers, talk=Talk}) ->
	MayTry = epmd_mdns_join_talk:may_try(epmd_mdns_join_global:is_calm(), Talk),
	{Nodes, Picked} = epmd_mdns_join_state:pick(epmd_mdns_join_attempts:quick(Attempts), epmd_mdns_join_attempts:slow(Attempts),
		MayTry, Peers),
	lists:foldl(fun attempt/2, State#state{peers=Picked}, Nodes).

attempt(Node, State=#state{self=#{families := Families}, attempts=Attempts, asked=Asked, peers=Peers, log=Log}) ->
	case {epmd_mdns_join_names:make(Node), epmd_mdns_join_state:is_suspect(Node, Peers)} of
		{{ok, Name}, IsSuspect} ->
			Hello = epmd_mdns_join_message:hello(lists:member(Node, Asked)),
			State#state{attempts=epmd_mdns_join_attempts:start(Name, Families, IsSuspect, Hello, Attempts)};
		{full, _} ->
			Ended = epmd_mdns_join_state:ended(Node, unreachable, false, now_ms(), Peers),
			perform(Ended, State#state{log=epmd_mdns_join_log:full(Log)})
	end.

%% Everybody who has waited for what is the case now. While we rest, nothing is known.
answer(State=#state{self=undefined}) ->
	State;
answer(State=#state{peers=Peers, waiting=Waiting}) ->
	State#state{waiting=epmd_mdns_join_waiting:answer(epmd_mdns_join_state:count(Peers), Waiting)}.

%% Internal: small things.

lease() ->
	epmd_mdns_table:get(lease, epmd_mdns_client_lease:new()).

now_ms() ->
	erlang:monotonic_time(millisecond).
