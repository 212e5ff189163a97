%% SPDX-License-Identifier: Apache-2.0
%%
%% Keeps the one connection to the daemon. The connection is the lease on the node's registration, and
%% the stream of events that the table is made from; so this process does one thing for as long as the
%% node lives: it connects, says what it wants all at once, and listens. When anything goes wrong it
%% closes and begins anew. There is no other repair.
%%
%%     disconnected --connect--> syncing --EVENT sync--> ready
%%          ^                       |                      |
%%          +-----------------------+----------------------+  closed, silent, or talking nonsense
%%
%% What has to survive a crash of this process stands in the table, as notes: the lease and the
%% subscribers. Memory stays bounded whatever the daemon sends: the socket delivers a limited number of
%% lines ahead, none is kept, and the table has a limit of its own.

-module(epmd_mdns_client).
-behaviour(gen_statem).

%% API.
-export([start_link/0]).
-export([register/3]).
-export([sync/0]).
-export([refresh/0]).
-export([subscribe/1]).
-export([unsubscribe/1]).
-export([notify/1]).
-export([join/0]).
-export([leave/0]).

%% gen_statem.
-export([callback_mode/0]).
-export([init/1]).
-export([handle_event/4]).
-export([terminate/3]).

%% All times are in milliseconds.
-define(CONNECT_TIMEOUT, 200).
-define(SEND_TIMEOUT, 500).
%% How long the daemon may owe us a line.
-define(SILENCE, 5000).
%% A connection that has lasted so long was a good one: the next back-off begins small again.
-define(GOOD, 10000).
-define(MIN_BACKOFF, 100).
-define(MAX_BACKOFF, 1000).
%% How long callers wait for the first snapshot, and who looks for a node for what the daemon knows at that moment.
-define(SNAPSHOT, 400).
-define(REFRESH, 600).
%% At most, between attempts to register what has been refused: for a limit, or for a name that another node held.
-define(REFUSED, 5000).
%% The daemon's own LOOKUP answers for as long.
-define(STALE, 60000).
%% Lines that the socket delivers before it wants to be asked again.
-define(LINES, 100).

-type state() :: disconnected | syncing | ready.

-record(data, {
	config :: epmd_mdns_config:config(),
	lease :: epmd_mdns_client_lease:lease(),
	%% Callers of register/3.
	waiting = [] :: [{epmd_mdns_proto:endpoint_id(), gen_statem:from()}],
	%% The connection: when it was made, and the requests that have no answer yet, oldest first.
	socket :: gen_tcp:socket() | undefined,
	since :: integer() | undefined,
	owed = [] :: [epmd_mdns_proto:request() | {refresh, gen_statem:from()}],
	snapshot = make_ref() :: reference(),
	attempts = 0 :: non_neg_integer(),
	subscribers :: epmd_mdns_client_subscribers:subscribers(),
	log = epmd_mdns_client_log:new() :: epmd_mdns_client_log:log()
}).

%% API.

-spec start_link() -> gen_statem:start_ret().
start_link() ->
	gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Registers the node, now or whenever the daemon can be had, with an endpoint. Waits for the daemon's
%% answer: the creation is -1 if there is none within the timeout.
-spec register(epmd_mdns_proto:node_name(), epmd_mdns_client_lease:listener(), timeout()) ->
	{ok, epmd_mdns_client_lease:creation()} | {error, duplicate_name | already_registered}.
register(Node, Listener, Timeout) ->
	call({register, Node, Listener}, Timeout, {ok, -1}).

%% Waits a little until the first snapshot is in the table, or until there is no hope for it.
-spec sync() -> ok.
sync() ->
	case epmd_mdns_table:get(daemon, down) of
		connecting -> call(sync, ?SNAPSHOT, ok);
		_ -> ok
	end.

%% Waits a little until the table has all that the daemon knows at this moment: somebody else may have been told
%% before us of a node that is asked for now.
-spec refresh() -> ok.
refresh() ->
	case epmd_mdns_table:get(daemon, down) of
		connecting -> call(sync, ?REFRESH, ok);
		up -> call(refresh, ?REFRESH, ok);
		_ -> ok
	end.

-spec subscribe(pid()) -> ok | {error, not_running}.
subscribe(Pid) ->
	call({subscribe, Pid}, 5000, {error, not_running}).

-spec unsubscribe(pid()) -> ok | {error, not_running}.
unsubscribe(Pid) ->
	call({unsubscribe, Pid}, 5000, {error, not_running}).

%% Tells the subscribers something that isn't from the daemon.
-spec notify({atom(), epmd_mdns_proto:node_name(), map()}) -> ok.
notify(Event) ->
	gen_statem:cast(?MODULE, {notify, Event}).

%% The node is to be registered, as it is from the beginning.
-spec join() -> ok | {error, not_running}.
join() ->
	call(join, 5000, {error, not_running}).

%% The node is not to be registered any more, until join/0.
-spec leave() -> ok | {error, not_running}.
leave() ->
	call(leave, 5000, {error, not_running}).

%% gen_statem.

-spec callback_mode() -> handle_event_function.
callback_mode() ->
	handle_event_function.

%% After a restart nobody waits for us as the boot of the node does, and what has killed us may be in the
%% socket again: so we don't rush.
-spec init([]) -> gen_statem:init_result(state()).
init([]) ->
	_ = process_flag(trap_exit, true), %% or terminate/3 would not be called
	{Config, Problems} = epmd_mdns_config:read(),
	{Daemon, Delay} = case epmd_mdns_backoff:rest(?MODULE) of
		0 -> {connecting, 0};
		Rest -> {down, Rest}
	end,
	_ = Daemon =:= connecting andalso epmd_mdns_client_log:problems(Problems),
	ok = epmd_mdns_table:put(config, Config),
	ok = epmd_mdns_table:put(daemon, Daemon),
	Lease = epmd_mdns_client_lease:lose(epmd_mdns_table:get(lease, epmd_mdns_client_lease:new())),
	{ok, disconnected,
		#data{config=Config, lease=Lease, subscribers=epmd_mdns_client_subscribers:restore()},
		[{state_timeout, Delay, connect}|forget_later(epmd_mdns_table:stale())]}.

-spec handle_event(gen_statem:event_type(), term(), state(), #data{}) ->
	gen_statem:event_handler_result(state()).
handle_event(state_timeout, connect, disconnected, Data) ->
	connect(Data);
handle_event({timeout, silence}, overdue, _, Data) ->
	lost({fault, silent}, Data);
handle_event(info, {tcp, Socket, Line}, State, Data=#data{socket=Socket}) ->
	hear(epmd_mdns_proto:receive_line(Line), State, Data);
handle_event(info, {tcp_passive, Socket}, _, Data=#data{socket=Socket}) ->
	case inet:setopts(Socket, [{active, ?LINES}]) of
		ok -> keep_state_and_data;
		{error, Reason} -> lost(Reason, Data)
	end;
handle_event(info, {tcp_closed, Socket}, _, Data=#data{socket=Socket}) ->
	lost(closed, Data);
handle_event({timeout, {stale, Id}}, forget, _, _) ->
	ok = epmd_mdns_table:forget(Id),
	keep_state_and_data;
handle_event({call, _}, sync, syncing, _) ->
	{keep_state_and_data, postpone};
handle_event({call, From}, sync, _, _) ->
	{keep_state_and_data, {reply, From, ok}};
%% What the daemon has told before it answers has come before the answer.
handle_event({call, From}, refresh, ready, Data) ->
	request([{refresh, From}], ready, Data);
handle_event({call, From}, refresh, _, _) ->
	{keep_state_and_data, {reply, From, ok}};
handle_event({call, From}, {register, Node, Listener}, State, Data) ->
	register(From, Node, Listener, State, Data);
handle_event({timeout, refused}, again, State, Data=#data{lease=Lease}) when State =/= disconnected ->
	request(epmd_mdns_client_lease:missing(Lease), State, Data);
handle_event({call, From}, {subscribe, Pid}, _, Data=#data{subscribers=Old}) ->
	{keep_state, Data#data{subscribers=epmd_mdns_client_subscribers:add(Pid, Old)}, {reply, From, ok}};
handle_event({call, From}, {unsubscribe, Pid}, _, Data=#data{subscribers=Old}) ->
	{keep_state, Data#data{subscribers=epmd_mdns_client_subscribers:remove(Pid, Old)}, {reply, From, ok}};
handle_event(cast, {notify, Event}, _, #data{subscribers=Subscribers}) ->
	ok = epmd_mdns_client_subscribers:tell(Event, Subscribers),
	keep_state_and_data;
handle_event({call, From}, join, State, Data=#data{lease=Lease}) ->
	replied(From, ok, joined(State, keep_lease(epmd_mdns_client_lease:join(Lease), Data)));
%% Closing the connection is what withdraws a node.
handle_event({call, From}, leave, State, Data=#data{lease=Lease}) ->
	replied(From, ok, left(State, keep_lease(epmd_mdns_client_lease:leave(Lease), Data)));
handle_event(info, {'DOWN', _, process, Pid, _}, _, Data=#data{subscribers=Old}) ->
	{keep_state, Data#data{subscribers=epmd_mdns_client_subscribers:remove(Pid, Old)}};
handle_event(_, _, _, _) -> %% Such as what a socket that was given up has left in the mailbox.
	keep_state_and_data.

%% net_kernel:stop() returns when we are gone, and a start may follow at once, with the same name: the
%% daemon must have seen the end of this connection by then. A socket that is left to its owner's end is
%% closed some time later.
-spec terminate(term(), state(), #data{}) -> ok.
terminate(_, _, #data{socket=undefined}) ->
	ok;
terminate(_, _, #data{socket=Socket}) ->
	_ = gen_tcp:shutdown(Socket, read_write),
	gen_tcp:close(Socket).

%% Internal: the connection.

connect(Data=#data{config=#{socket := Path}, lease=Lease}) ->
	Options = [local, binary, {packet, line}, {buffer, 4096}, {active, ?LINES},
		{send_timeout, ?SEND_TIMEOUT}, {send_timeout_close, true}],
	case gen_tcp:connect({local, Path}, 0, Options, ?CONNECT_TIMEOUT) of
		{ok, Socket} ->
			Connected = Data#data{socket=Socket, since=now_ms(), snapshot=make_ref()},
			request([{hello, 1}|epmd_mdns_client_lease:missing(Lease)] ++ [subscribe], syncing, Connected);
		{error, Reason} ->
			lost(Reason, Data)
	end.

request(Requests, State, Data=#data{socket=Socket, owed=Owed}) ->
	case gen_tcp:send(Socket, [encode(Request) || Request <- Requests]) of
		ok when Owed =:= [] -> listen(State, Data#data{owed=Requests}, []);
		ok -> {keep_state, Data#data{owed=Owed ++ Requests}};
		{error, Reason} -> lost(Reason, Data)
	end.

%% The request that costs the daemon least.
encode({refresh, _}) -> epmd_mdns_proto:encode({hello, 1});
encode(Request) -> epmd_mdns_proto:encode(Request).

%% Listens on, and not for ever as long as the daemon owes us something.
listen(State, Data=#data{owed=Owed}, Actions) ->
	Timeout = case {State, Owed} of
		{ready, []} -> infinity;
		_ -> ?SILENCE
	end,
	{next_state, State, Data, [{{timeout, silence}, Timeout, overdue}|Actions]}.

%% There is no connection any more, or there never was. The table stays as it is: an old picture is
%% better than none.
lost(Reason, Data0) ->
	Data = #data{config=#{socket := Path}, socket=Socket, since=Since, lease=Lease, waiting=Waiting,
		owed=Owed, attempts=Attempts, log=Log} = forgive(Data0),
	_ = Socket =:= undefined orelse gen_tcp:close(Socket),
	ok = epmd_mdns_table:put(daemon, down),
	{next_state, disconnected,
		keep_lease(epmd_mdns_client_lease:lose(Lease), Data#data{socket=undefined, owed=[], waiting=[],
			attempts=Attempts + 1, log=epmd_mdns_client_log:lost(Reason, Since =:= undefined, Path, Log)}),
		[{state_timeout, epmd_mdns_backoff:delay(Attempts, ?MIN_BACKOFF, ?MAX_BACKOFF), connect}, {{timeout, silence}, infinity, overdue}
			|[{reply, From, {ok, -1}} || {_, From} <- Waiting]
			++ [{reply, From, ok} || {refresh, From} <- Owed]]}.

%% A connection that has lasted well wipes out what was before it. One that breaks at once doesn't, or
%% a daemon that dies of us, or talks nonsense, would be called ten times a second, and into the log.
forgive(Data=#data{socket=Socket, since=Since, log=Log}) ->
	case Socket =/= undefined andalso now_ms() - Since >= ?GOOD of
		true -> Data#data{attempts=0, log=epmd_mdns_client_log:forgive(Log)};
		false -> Data
	end.

%% Internal: what the daemon says.

hear({ok, _, Attributes}, State,
		Data=#data{owed=[{register, _, Registration}|Owed], lease=Lease0, log=Log}) ->
	case epmd_mdns_proto:creation(Attributes) of
		{ok, Creation} ->
			{Id, Lease} = epmd_mdns_client_lease:hold(Registration, Creation, Lease0),
			settle(Id, {ok, epmd_mdns_client_lease:creation(Lease)}, State,
				keep_lease(Lease, Data#data{owed=Owed, log=epmd_mdns_client_log:granted(Log)}), []);
		malformed ->
			lost({fault, Attributes}, Data)
	end;
hear({ok, _, _}, State, Data=#data{owed=[{refresh, From}|Owed]}) ->
	listen(State, Data#data{owed=Owed}, [{reply, From, ok}]);
hear({ok, Words, _}, State, Data=#data{owed=[Request|Owed]}) ->
	_ = case {Request, Words} of
		{{hello, _}, [_, Server|_]} -> epmd_mdns_table:put(server, Server);
		_ -> ok
	end,
	listen(State, Data#data{owed=Owed}, []);
hear({error, Token, Text}, State,
		Data=#data{owed=[{register, Node, Registration}|Owed], log=Log}) ->
	%% At the boot of the node a duplicate name stops it. Later there is nobody to be told: the node
	%% goes on, unregistered, and tries again from time to time.
	Answer = case Token of
		<<"duplicate-name">> -> {error, duplicate_name};
		_ -> {ok, -1}
	end,
	settle(epmd_mdns_client_lease:id(Registration), Answer, State,
		Data#data{owed=Owed, log=epmd_mdns_client_log:refused(Node, Token, Text, Log)},
		[{{timeout, refused}, epmd_mdns_backoff:delay(0, ?REFUSED, ?REFUSED), again}]);
hear({event, sync}, _, Data=#data{snapshot=Snapshot, subscribers=Subscribers, log=Log}) ->
	{Changes, Stale} = epmd_mdns_table:sweep(Snapshot),
	ok = epmd_mdns_table:put(daemon, up),
	ok = epmd_mdns_client_subscribers:notify(Changes, <<"lost">>, Subscribers),
	listen(ready, Data#data{log=epmd_mdns_client_log:found(Log)}, forget_later(Stale));
hear({event, down, Endpoint, Reason}, State, Data=#data{subscribers=Subscribers}) ->
	Fate = case Reason of
		<<"unregistered">> -> forgotten;
		_ -> stale
	end,
	{Change, Stale} = epmd_mdns_table:down(Endpoint, Fate),
	ok = epmd_mdns_client_subscribers:notify([Change], Reason, Subscribers),
	listen(State, Data, forget_later(Stale));
hear({event, _, Endpoint, Reason}, State,
		Data=#data{snapshot=Snapshot, subscribers=Subscribers, log=Log}) ->
	case epmd_mdns_table:up(Endpoint, Snapshot) of
		full ->
			listen(State, Data#data{log=epmd_mdns_client_log:full(Log)}, []);
		Change ->
			ok = epmd_mdns_client_subscribers:notify([Change], Reason, Subscribers),
			listen(State, Data, [])
	end;
hear(ignored, State, Data) ->
	listen(State, Data, []);
hear(Other, _, Data) ->
	lost({fault, Other}, Data).

%% Internal: the registration.

%% Asking for what is held already changes nothing, so it is simply asked for again.
register(From, Node, Listener, State, Data=#data{config=Config, lease=Lease0, waiting=Waiting}) ->
	case epmd_mdns_client_lease:want(Node, Listener, Config, Lease0) of
		{ok, _, Lease} when State =:= disconnected ->
			Lost = epmd_mdns_client_lease:lose(Lease),
			{keep_state, keep_lease(Lost, Data), {reply, From, {ok, epmd_mdns_client_lease:creation(Lost)}}};
		{ok, Registration, Lease} ->
			request([{register, Node, Registration}], State, keep_lease(Lease,
				Data#data{waiting=[{epmd_mdns_client_lease:id(Registration), From}|Waiting]}));
		Error ->
			{keep_state_and_data, {reply, From, Error}}
	end.

joined(disconnected, Data) ->
	{keep_state, Data};
joined(State, Data=#data{lease=Lease}) ->
	request(epmd_mdns_client_lease:missing(Lease), State, Data).

left(disconnected, Data) ->
	{keep_state, Data};
left(_, Data) ->
	lost(left, Data).

settle(Id, Answer, State, Data=#data{waiting=Waiting}, Actions) ->
	{Mine, Others} = lists:partition(fun({WaitingId, _}) -> WaitingId =:= Id end, Waiting),
	listen(State, Data#data{waiting=Others}, [{reply, From, Answer} || {_, From} <- Mine] ++ Actions).

keep_lease(Lease, Data) ->
	ok = epmd_mdns_table:put(lease, Lease),
	Data#data{lease=Lease}.

%% Internal: small things.

replied(From, Answer, Result) ->
	ok = gen_statem:reply(From, Answer),
	Result.

%% A timer for each; one that runs is set anew, if the endpoint has come and gone once more.
forget_later(Ids) ->
	[{{timeout, {stale, Id}}, ?STALE, forget} || Id <- Ids].

now_ms() ->
	erlang:monotonic_time(millisecond).

%% Whatever goes wrong with a call is the daemon's fault, or will be over soon.
call(Request, Timeout, Default) ->
	try
		gen_statem:call(?MODULE, Request, Timeout)
	catch exit:_ ->
		Default
	end.
