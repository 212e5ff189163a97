%% SPDX-License-Identifier: Apache-2.0
%%
%% Connects this node to those of its own cluster, at once to what the daemon knows and then to what appears,
%% and again when a connection is lost, for as long as the other node is advertised.
%%
%% Every attempt is a process of its own, for connecting takes up to net_setuptime. One node has one attempt
%% at a time. net_kernel itself never waits for us: the first attempts are made while it is still starting, and
%% stand in its queue until it is done.
%%
%% Joiners speak to each other, too. Who has connected says hello; the answer is welcome, or pause if it is not wanted.
%%
%% What there is to know stands in epmd_mdns_join_state. What has to survive a crash of this process are the pauses, which
%% stand in the table; all else is there to be seen.

-module(epmd_mdns_joiner).
-behaviour(gen_server).

%% API. What programs ask for comes through epmd_mdns_join.
-export([start_link/0]).
-export([registered/0]).
-export([unanswered/1]).

%% gen_server.
-export([init/1]).
-export([handle_continue/2]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([code_change/3]).

%% How soon to look again after the client has crashed, in milliseconds.
-define(RETRY, 100).
%% An attempt that takes longer, in milliseconds, makes room for another one.
-define(SLOW, 3000).

-define(VERSION, 1).

%% Its version comes first: after an upgrade of the code, the state is still that of the old one.
-record(state, {
	version = ?VERSION :: pos_integer(),
	%% undefined: this VM joins nobody.
	self :: epmd_mdns_join_policy:self() | undefined,
	peers = nobody() :: epmd_mdns_join_state:peers(),
	attempts = #{} :: #{reference() => {epmd_mdns_proto:node_name(), quick | slow}},
	%% Nodes that somebody here has asked for; they are sent that with our hello.
	asked = [] :: [epmd_mdns_proto:node_name()],
	%% Programs that wait for so many nodes.
	waiting = [] :: [{pos_integer(), gen_server:from(), integer() | infinity, Caller :: reference()}],
	%% The monitor of the client.
	client :: reference() | undefined,
	%% The timer after which we look at everything anew: the next client may be there, or we have rested after a crash.
	retry :: reference() | undefined,
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

%% A connection is about to be ended, for nobody answers there any more: not because somebody here wants that. Never waits.
-spec unanswered(epmd_mdns_proto:node_name()) -> ok.
unanswered(Node) ->
	gen_server:cast(?MODULE, {unanswered, Node}).

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
	ok = tell(Node, {pause, own(), creation()}),
	{reply, ok, perform(epmd_mdns_join_state:pause(Node, us, unknown, Peers), State#state{asked=lists:delete(Node, Asked)})};
handle_call({resume, Node}, _, State=#state{peers=Peers, asked=Asked}) ->
	{reply, ok, perform({[], epmd_mdns_join_state:resume(Node, Peers)}, State#state{asked=lists:usort([Node|Asked])})};
handle_call(peers, _, State=#state{peers=Peers}) ->
	{reply, epmd_mdns_join_state:states(Peers), State};
handle_call({wait, _, _}, _, State=#state{self=undefined, retry=undefined}) ->
	{reply, {error, no_cluster}, State};
handle_call({wait, Count, Deadline}, From={Caller, _}, State=#state{waiting=Waiting}) ->
	Now = now_ms(),
	{Current, Overdue} = lists:partition(fun({_, _, End, _}) -> End > Now end, Waiting),
	_ = [demonitor(Monitor, [flush]) || {_, _, _, Monitor} <- Overdue],
	{noreply, answer(State#state{waiting=[{Count, From, Deadline, monitor(process, Caller)}|Current]})}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(registered, State=#state{self=undefined, retry=Timer}) when is_reference(Timer) ->
	{noreply, State};
%% Whoever has registered the node may have given up waiting for the client, which has still to come to it, or has
%% crashed, and is asked again. What we ask it now it answers after that.
handle_cast(registered, State=#state{self=undefined}) ->
	case epmd_mdns_client:unsubscribe(self()) =:= ok andalso is_registered() of
		true -> {noreply, start(now, State)};
		false -> {noreply, State#state{retry=erlang:start_timer(?RETRY, self(), registered)}}
	end;
handle_cast(registered, State) ->
	{noreply, start(now, State)};
handle_cast({unanswered, Node}, State=#state{peers=Peers}) ->
	{noreply, State#state{peers=epmd_mdns_join_state:unanswered(Node, Peers)}}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({epmd_mdns, {Kind, Node, #{endpoints := Endpoints, reason := Reason}}}, State)
		when Kind =:= up; Kind =:= changed ->
	When = case Reason of
		<<"present">> -> present;
		_ -> new
	end,
	{noreply, seen(Node, Endpoints, When, now, State)};
handle_info({epmd_mdns, {down, Node, _}}, State=#state{peers=Peers}) ->
	{noreply, State#state{peers=epmd_mdns_join_state:gone(Node, Peers)}};
handle_info({timeout, _, {again, Node, Generation}}, State=#state{peers=Peers}) ->
	{noreply, perform(epmd_mdns_join_state:again(Node, Generation, Peers), State)};
handle_info({timeout, _, {slow, Monitor}}, State=#state{attempts=Attempts}) when is_map_key(Monitor, Attempts) ->
	#{Monitor := {Node, quick}} = Attempts,
	{noreply, fill(State#state{attempts=Attempts#{Monitor := {Node, slow}}})};
handle_info({timeout, Timer, {start, IfConnected}}, State=#state{retry=Timer}) ->
	{noreply, start(IfConnected, State#state{retry=undefined})};
handle_info({'DOWN', Client, process, _, _}, State=#state{client=Client}) ->
	{noreply, start_later(?RETRY, now, State)};
handle_info({'DOWN', Monitor, process, _, Result}, State=#state{attempts=Attempts, peers=Peers}) ->
	case maps:take(Monitor, Attempts) of
		{{Node, _}, Rest} ->
			IsConnected = epmd_mdns_join_names:is_connected(Node),
			{noreply, perform(epmd_mdns_join_state:ended(Node, Result, IsConnected, Peers), State#state{attempts=Rest})};
		error ->
			%% Of a program that waited.
			{noreply, State#state{waiting=lists:keydelete(Monitor, 4, State#state.waiting)}}
	end;
handle_info({nodeup, Name, _}, State) when Name =:= node() ->
	ok = epmd_mdns_join_log:started(atom_to_binary(Name)),
	{noreply, State};
handle_info({nodeup, Name, Info}, State=#state{peers=Peers}) ->
	{noreply, perform(epmd_mdns_join_state:up(atom_to_binary(Name), proplists:get_value(node_type, Info), Peers), State)};
handle_info({nodedown, Name, Info}, State=#state{peers=Peers}) ->
	Reason = proplists:get_value(nodedown_reason, Info),
	{noreply, perform(epmd_mdns_join_state:down(atom_to_binary(Name), Reason, epmd_mdns_join_global:is_calm(), Peers), State)};
handle_info({?MODULE, {hello, Node, Creation, IsAsked}}, State=#state{peers=Peers}) ->
	{IsWelcome, Greeted} = epmd_mdns_join_state:greeted(Node, Creation, IsAsked, Peers),
	Answer = case IsWelcome of
		true -> welcome;
		false -> pause
	end,
	ok = tell(Node, {Answer, own(), creation()}),
	{noreply, perform({[], Greeted}, State)};
handle_info({?MODULE, {welcome, Node, Creation}}, State=#state{peers=Peers}) ->
	{_, Greeted} = epmd_mdns_join_state:greeted(Node, Creation, false, Peers),
	{noreply, perform({[], Greeted}, State)};
handle_info({?MODULE, {pause, Node, Creation}}, State=#state{peers=Peers}) ->
	ok = disconnect_later(Node),
	{noreply, perform(epmd_mdns_join_state:pause(Node, them, Creation, Peers), State)};
handle_info({timeout, Timer, registered}, State=#state{retry=Timer}) ->
	handle_cast(registered, State#state{retry=undefined});
handle_info(flush, State=#state{log=Log}) ->
	{noreply, State#state{log=epmd_mdns_join_log:flush(Log)}};
handle_info(_, State) -> %% Such as the end of an attempt, which is linked, or of the distribution.
	{noreply, State}.

%% In a living node. What 0.1.0 knew is looked at anew, as after a crash, but whoever waits goes on waiting.
-spec code_change(term(), #state{} | tuple(), term()) -> {ok, #state{}}.
code_change(_, State=#state{version=?VERSION}, _) ->
	{ok, State};
code_change(_, {state, _, _, _, Asked, Waiting, Client, _, _}, _) ->
	_ = is_reference(Client) andalso demonitor(Client, [flush]),
	{ok, start_later(?RETRY, before, #state{asked=Asked,
		waiting=[{Count, From, Deadline, monitor(process, Caller)} || {Count, From={Caller, _}, Deadline} <- Waiting]})}.

%% Internal: what there is.

%% Everything is looked at anew; what is known already stays. Whether what is connected already was so before is known
%% by who calls.
start(IfConnected, State=#state{self=Before}) ->
	Self = epmd_mdns_join_policy:self(epmd_mdns_lookup_directory:config(), epmd_mdns_config:proto(),
		epmd_mdns_table:get(lease, epmd_mdns_client_lease:new())),
	case {Self, Before} of
		{undefined, _} ->
			stop(State);
		{#{node := Own}, undefined} ->
			ok = epmd_mdns_join_global:be_patient(),
			Visible = [atom_to_binary(Name) || Name <- nodes()],
			Peers = epmd_mdns_join_state:new(Own, epmd_mdns_table:get(paused, #{}), Visible, fun rand:uniform/1),
			look(State#state{self=Self, peers=Peers}, IfConnected);
		_ ->
			look(State#state{self=Self}, now)
	end.

look(State0, IfConnected) ->
	State = #state{peers=Peers} = follow(State0),
	Directory = epmd_mdns_table:directory(),
	Gone = epmd_mdns_join_state:others([Node || {Node, _} <- Directory], Peers),
	answer(lists:foldl(fun({Node, Endpoints}, Acc) -> seen(Node, Endpoints, present, IfConnected, Acc) end,
		State#state{peers=lists:foldl(fun epmd_mdns_join_state:gone/2, Peers, Gone)}, Directory)).

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
	ok = reply({error, no_cluster}, Waiting),
	State#state{waiting=[]};
stop(State=#state{client=Client}) ->
	true = demonitor(Client, [flush]),
	_ = epmd_mdns_client:unsubscribe(self()),
	stop(State#state{self=undefined, client=undefined, peers=nobody(), asked=[]}).

nobody() ->
	epmd_mdns_join_state:new(<<>>, epmd_mdns_table:get(paused, #{}), [], fun rand:uniform/1).

seen(_, _, _, _, State=#state{self=undefined}) ->
	State;
seen(Node, Endpoints, When, IfConnected, State=#state{self=Self, peers=Peers}) ->
	case epmd_mdns_join_policy:is_eligible(Node, Endpoints, Self, fun has_address/3) of
		true ->
			Connected = case epmd_mdns_join_names:is_connected(Node) of
				true -> IfConnected;
				false -> no
			end,
			Arrival = epmd_mdns_join_policy:arrival(When, erlang:system_time(second), Endpoints),
			perform(epmd_mdns_join_state:seen(Node, epmd_mdns_join_policy:ports(Endpoints), Arrival, Connected, Peers), State);
		false ->
			State#state{peers=epmd_mdns_join_state:gone(Node, Peers)}
	end.

has_address(Name, Host, Family) ->
	epmd_mdns_table:address(Name, Host, Family) =/= none.

%% Internal: what to do.

perform({Actions, Peers}, State=#state{peers=Before}) ->
	Pauses = epmd_mdns_join_state:pauses(Peers),
	_ = Pauses =:= epmd_mdns_join_state:pauses(Before) orelse epmd_mdns_table:put(paused, Pauses),
	fill(lists:foldl(fun act/2, State#state{peers=Peers}, Actions)).

act({joined, Node}, State=#state{asked=Asked, log=Log}) ->
	ok = epmd_mdns_client:notify({joined, Node, #{}}),
	answer(State#state{asked=lists:delete(Node, Asked), log=epmd_mdns_join_log:joined(Node, Log)});
act({lost, Node, Reason}, State=#state{log=Log}) ->
	State#state{log=epmd_mdns_join_log:lost(Node, Reason, Log)};
act({failed, Node, Failure, Level}, State=#state{log=Log}) ->
	ok = epmd_mdns_client:notify({join_failed, Node, #{reason => Failure}}),
	State#state{log=epmd_mdns_join_log:failed(Node, Failure, Level, Log)};
act({timer, Node, Generation, Delay}, State) ->
	_ = erlang:start_timer(Delay, self(), {again, Node, Generation}),
	State;
act({disconnect, Node}, State) ->
	ok = disconnect_later(Node),
	State.

fill(State=#state{self=undefined}) ->
	State;
fill(State=#state{attempts=Attempts, peers=Peers}) ->
	{Quick, Slow} = lists:partition(fun({_, Pace}) -> Pace =:= quick end, maps:values(Attempts)),
	{Nodes, Picked} = epmd_mdns_join_state:pick([Node || {Node, _} <- Quick], [Node || {Node, _} <- Slow], Peers),
	lists:foldl(fun attempt/2, State#state{peers=Picked}, Nodes).

attempt(Node, State=#state{self=Self, attempts=Attempts, asked=Asked, peers=Peers, log=Log}) ->
	#{node := Own, families := Families} = Self,
	case epmd_mdns_join_names:make(Node) of
		{ok, Name} ->
			Hello = {?MODULE, {hello, Own, creation(), lists:member(Node, Asked)}},
			{_, Monitor} = epmd_mdns_join_attempt:start(Name, Families, Hello),
			_ = erlang:start_timer(?SLOW, self(), {slow, Monitor}),
			State#state{attempts=Attempts#{Monitor => {Node, quick}}};
		full ->
			perform(epmd_mdns_join_state:ended(Node, unreachable, false, Peers), State#state{log=epmd_mdns_join_log:full(Log)})
	end.

%% It is a call to net_kernel, which may be busy.
disconnect_later(Node) ->
	_ = spawn(fun() -> epmd_mdns_join_names:disconnect(Node) end),
	ok.

%% Everybody who has waited for what is the case now. While we rest, nothing is known.
answer(State=#state{self=undefined}) ->
	State;
answer(State=#state{peers=Peers, waiting=Waiting}) ->
	Connected = epmd_mdns_join_state:count(Peers),
	{Done, Rest} = lists:partition(fun({Count, _, _, _}) -> Count =< Connected end, Waiting),
	ok = reply(ok, Done),
	State#state{waiting=Rest}.

reply(Answer, Waiting) ->
	lists:foreach(fun({_, From, _, Monitor}) ->
		true = demonitor(Monitor, [flush]),
		gen_server:reply(From, Answer)
	end, Waiting).

%% Internal: small things.

is_registered() ->
	epmd_mdns_client_lease:node_name(epmd_mdns_table:get(lease, epmd_mdns_client_lease:new())) =/= undefined.

%% Only what is connected has a name already.
tell(Node, Message) ->
	_ = [epmd_mdns_join_attempt:tell(Name, {?MODULE, Message}) || {ok, Name} <- [epmd_mdns_join_names:known(Node)]],
	ok.

own() ->
	atom_to_binary(node()).

creation() ->
	erlang:system_info(creation).

now_ms() ->
	erlang:monotonic_time(millisecond).
