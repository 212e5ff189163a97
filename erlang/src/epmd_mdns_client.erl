%% SPDX-License-Identifier: Apache-2.0
%%
%% Keeps the one connection to the daemon. The connection is the lease on the node's registration, and
%% the stream of events that the table is made from; so this process does one thing for as long as the
%% node lives: it connects, says what it wants all at once, and listens. When anything goes wrong it
%% closes and begins anew. There is no other repair.
%%
%% What a line of the daemon means, and what follows from all else that happens, stands in epmd_mdns_client_state;
%% this process carries that out.
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
-export([apart/1]).
-export([join/0]).
-export([leave/0]).

%% gen_statem.
-export([callback_mode/0]).
-export([init/1]).
-export([handle_event/4]).
-export([terminate/3]).
-export([code_change/4]).

%% All times are in milliseconds.
-define(CONNECT_TIMEOUT, 200).
-define(SEND_TIMEOUT, 500).
%% How long the daemon may owe us a line.
-define(SILENCE, 5000).
%% A connection that has lasted so long was a good one: the next back-off begins small again.
-define(GOOD, 10000).
%% How long callers wait for the first snapshot, and who looks for a node for what the daemon knows at that moment.
-define(SNAPSHOT, 400).
-define(REFRESH, 600).
%% When the daemon is told of what we are connected to and it doesn't hear: soon, or once it has had time to hear it.
-define(REPORT, 100).
-define(REPORT_ALL, 1000).
%% Lines that the socket delivers before it wants to be asked again.
-define(LINES, 100).

%% 2: it knows what is connected.
-define(VERSION, 2).

%% Its version comes first: after an upgrade of the code, the data is still that of the old one.
-record(data, {
	version = ?VERSION :: pos_integer(),
	config :: epmd_mdns_config:config(),
	state :: epmd_mdns_client_state:state(),
	%% The connection, and when it was made.
	socket :: gen_tcp:socket() | undefined,
	since :: integer() | undefined,
	snapshot = make_ref() :: reference(),
	subscribers :: epmd_mdns_client_subscribers:subscribers(),
	peers :: epmd_mdns_client_peers:peers(),
	log = epmd_mdns_client_log:new() :: epmd_mdns_client_log:log()
}).

%% API.

-spec start_link() -> gen_statem:start_ret().
start_link() ->
	gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Registers the node, now or whenever the daemon can be had, with an endpoint. Waits for the daemon's
%% answer: the creation is -1 if there is none within the timeout. net_kernel asks once and never again, so a client
%% that dies before it has come to the request is no end of it: the next one is asked.
-spec register(epmd_mdns_proto:node_name(), epmd_mdns_client_lease:listener(), timeout()) ->
	{ok, epmd_mdns_client_lease:creation()} | {error, duplicate_name | already_registered}.
register(Node, Listener, Timeout) ->
	epmd_mdns_client_call:insist({register, Node, Listener}, Timeout, {ok, -1}).

%% Waits a little until the first snapshot is in the table, or until there is no hope for it.
-spec sync() -> ok.
sync() ->
	case epmd_mdns_table:get(daemon, down) of
		connecting -> epmd_mdns_client_call:call(sync, ?SNAPSHOT, ok);
		_ -> ok
	end.

%% Waits a little until the table has all that the daemon knows at this moment: somebody else may have been told
%% before us of a node that is asked for now.
-spec refresh() -> ok.
refresh() ->
	case epmd_mdns_table:get(daemon, down) of
		connecting -> epmd_mdns_client_call:call(sync, ?REFRESH, ok);
		up -> epmd_mdns_client_call:call(refresh, ?REFRESH, ok);
		_ -> ok
	end.

-spec subscribe(pid()) -> ok | {error, not_running}.
subscribe(Pid) ->
	epmd_mdns_client_call:call({subscribe, Pid}, 5000, {error, not_running}).

-spec unsubscribe(pid()) -> ok | {error, not_running}.
unsubscribe(Pid) ->
	epmd_mdns_client_call:call({unsubscribe, Pid}, 5000, {error, not_running}).

%% Tells the subscribers something that isn't from the daemon.
-spec notify({atom(), epmd_mdns_proto:node_name(), map()}) -> ok.
notify(Event) ->
	gen_statem:cast(?MODULE, {notify, Event}).

%% These pairs of nodes can't connect, and no others: the daemon is told of what is new.
-spec apart([{From :: epmd_mdns_proto:node_name(), To :: epmd_mdns_proto:node_name(), epmd_mdns_proto:reason()}]) -> ok.
apart(Pairs) ->
	case epmd_mdns_table:get(faults, []) of
		Pairs -> ok;
		_ -> ok = epmd_mdns_table:put(faults, Pairs), gen_statem:cast(?MODULE, report)
	end.

%% The node is to be registered, as it is from the beginning.
-spec join() -> ok | {error, not_running}.
join() ->
	epmd_mdns_client_call:call(join, 5000, {error, not_running}).

%% The node is not to be registered any more, until join/0.
-spec leave() -> ok | {error, not_running}.
leave() ->
	epmd_mdns_client_call:call(leave, 5000, {error, not_running}).

%% gen_statem.

-spec callback_mode() -> handle_event_function.
callback_mode() ->
	handle_event_function.

%% After a restart nobody waits for us as the boot of the node does, and what has killed us may be in the
%% socket again: so we don't rush.
-spec init([]) -> gen_statem:init_result(epmd_mdns_client_state:phase()).
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
	Subscribers = epmd_mdns_client_subscribers:restore(),
	{Changes, Stale, Peers} = epmd_mdns_client_peers:restore(epmd_mdns_client_peers:watch()),
	ok = epmd_mdns_client_subscribers:notify(Changes, <<"disconnected">>, Subscribers),
	{ok, disconnected,
		#data{config=Config, state=epmd_mdns_client_state:new(Lease), subscribers=Subscribers, peers=Peers},
		[{state_timeout, Delay, connect}|forget_later(Stale)]}.

-spec handle_event(gen_statem:event_type(), term(), epmd_mdns_client_state:phase(), #data{}) ->
	gen_statem:event_handler_result(epmd_mdns_client_state:phase()).
handle_event(state_timeout, connect, disconnected, Data) ->
	connect(Data);
handle_event({timeout, silence}, overdue, _, Data) ->
	lose({fault, silent}, Data, []);
handle_event(info, {tcp, Socket, Line}, _, Data=#data{socket=Socket, state=State}) ->
	perform(epmd_mdns_client_state:hear(epmd_mdns_proto:receive_line(Line), State), Data);
handle_event(info, {tcp_passive, Socket}, _, Data=#data{socket=Socket}) ->
	case inet:setopts(Socket, [{active, ?LINES}]) of
		ok -> keep_state_and_data;
		{error, Reason} -> lose(Reason, Data, [])
	end;
handle_event(info, {tcp_closed, Socket}, _, Data=#data{socket=Socket}) ->
	lose(closed, Data, []);
handle_event({timeout, {stale, Id}}, forget, _, _) ->
	ok = epmd_mdns_table:forget(Id),
	keep_state_and_data;
handle_event(info, {nodeup, Node, Info}, _, Data=#data{peers=Peers}) ->
	{keep_state, Data#data{peers=epmd_mdns_client_peers:nodeup(atom_to_binary(Node), Peers)},
		{{timeout, {connected, Node}}, ?REPORT_ALL, proplists:get_value(node_type, Info, hidden)}};
handle_event({timeout, {connected, Node}}, Type, _, _) ->
	ok = epmd_mdns_client_peers:ask(Node, Type),
	keep_state_and_data;
handle_event(cast, {confirm, Node, Endpoints}, _, #data{subscribers=Subscribers}) ->
	Changes = epmd_mdns_client_peers:confirm(Node, Endpoints, epmd_mdns_client_peers:connected()),
	ok = epmd_mdns_client_subscribers:notify(Changes, <<"connected">>, Subscribers),
	{keep_state_and_data, report_later(?REPORT)};
handle_event(info, {epmd_mdns_lookup_peers, {where, From, Node}}, _, _) when is_pid(From), is_binary(Node) ->
	ok = epmd_mdns_lookup_peers:answer(From, Node),
	keep_state_and_data;
handle_event(info, {nodedown, Node, _}, _, #data{peers=Peers, subscribers=Subscribers}) ->
	{Change, Stale} = epmd_mdns_client_peers:nodedown(atom_to_binary(Node), Peers),
	ok = epmd_mdns_client_subscribers:notify([Change], <<"disconnected">>, Subscribers),
	{keep_state_and_data, [report_later(?REPORT)|forget_later(Stale)]};
handle_event(cast, report, _, _) ->
	{keep_state_and_data, report_later(?REPORT)};
handle_event({timeout, report}, now, _, Data=#data{state=State, peers=Peers}) ->
	{Requests, Reported} = epmd_mdns_client_peers:reports(epmd_mdns_client_state:may_report(State), Peers),
	perform(epmd_mdns_client_state:report(Requests, State), Data#data{peers=Reported});
handle_event({call, _}, sync, syncing, _) ->
	{keep_state_and_data, postpone};
handle_event({call, From}, sync, _, _) ->
	{keep_state_and_data, {reply, From, ok}};
handle_event({call, From}, refresh, _, Data=#data{state=State}) ->
	perform(epmd_mdns_client_state:refresh(From, State), Data);
handle_event({call, From}, {register, Node, Listener}, _, Data=#data{state=State, config=Config}) ->
	Describe = fun(Port, Proto, Family) -> epmd_mdns_config:registration(Config, Port, Proto, Family) end,
	perform(epmd_mdns_client_state:register(From, Node, Listener, Describe, State), Data);
handle_event({timeout, refused}, again, _, Data=#data{state=State}) ->
	perform(epmd_mdns_client_state:register_again(State), Data);
handle_event({call, From}, {subscribe, Pid}, _, Data=#data{subscribers=Old}) ->
	{keep_state, Data#data{subscribers=epmd_mdns_client_subscribers:add(Pid, Old)}, {reply, From, ok}};
handle_event({call, From}, {unsubscribe, Pid}, _, Data=#data{subscribers=Old}) ->
	{keep_state, Data#data{subscribers=epmd_mdns_client_subscribers:remove(Pid, Old)}, {reply, From, ok}};
handle_event(cast, {notify, Event}, _, #data{subscribers=Subscribers}) ->
	ok = epmd_mdns_client_subscribers:tell(Event, Subscribers),
	keep_state_and_data;
handle_event({call, From}, join, _, Data=#data{state=State}) ->
	perform(epmd_mdns_client_state:join(From, State), Data);
handle_event({call, From}, leave, _, Data=#data{state=State}) ->
	perform(epmd_mdns_client_state:leave(From, State), Data);
handle_event(info, {'DOWN', _, process, Pid, _}, _, Data=#data{subscribers=Old}) ->
	{keep_state, Data#data{subscribers=epmd_mdns_client_subscribers:remove(Pid, Old)}};
handle_event(_, _, _, _) -> %% Such as what a socket that was given up has left in the mailbox.
	keep_state_and_data.

%% net_kernel:stop() returns when we are gone, and a start may follow at once, with the same name: the
%% daemon must have seen the end of this connection by then. A socket that is left to its owner's end is
%% closed some time later.
-spec terminate(term(), epmd_mdns_client_state:phase(), #data{}) -> ok.
terminate(_, _, #data{socket=undefined}) ->
	ok;
terminate(_, _, #data{socket=Socket}) ->
	_ = gen_tcp:shutdown(Socket, read_write),
	gen_tcp:close(Socket).

%% In a living node, with the connection. 0.1.0 had no versions.
-spec code_change(term(), epmd_mdns_client_state:phase(), #data{} | tuple(), term()) ->
	{ok, epmd_mdns_client_state:phase(), #data{}}.
code_change(_, Phase, Data=#data{version=?VERSION, state=State, peers=Peers}, _) ->
	{ok, Phase, Data#data{state=epmd_mdns_client_state:upgrade(State), peers=epmd_mdns_client_peers:upgrade(Peers)}};
code_change(_, Phase, {data, 1, Config, State, Socket, Since, Snapshot, Subscribers, Log}, _) ->
	{ok, Phase, #data{config=Config, state=epmd_mdns_client_state:upgrade(State), socket=Socket, since=Since, log=Log,
		snapshot=Snapshot, subscribers=Subscribers, peers=epmd_mdns_client_peers:new(epmd_mdns_client_peers:watch())}};
code_change(Old, Phase, {data, Config, Lease, Waiting, Socket, Since, Owed, Snapshot, Attempts, Subscribers, Log}, Extra) ->
	State = epmd_mdns_client_state:upgrade({Phase, Lease, Waiting, Owed, Attempts}),
	code_change(Old, Phase, {data, 1, Config, State, Socket, Since, Snapshot, Subscribers, Log}, Extra).

%% Internal: the connection.

connect(Data=#data{config=#{socket := Path}}) ->
	Options = [binary, {packet, line}, {buffer, 4096},
		{send_timeout, ?SEND_TIMEOUT}, {send_timeout_close, true}],
	case epmd_mdns_socket:connect(Path, Options, ?CONNECT_TIMEOUT) of
		{ok, Socket} -> connected(inet:setopts(Socket, [{active, ?LINES}]), Data#data{socket=Socket, since=now_ms()});
		{error, Reason} -> lose(Reason, Data, [])
	end.

connected(ok, Data=#data{state=State}) ->
	perform(epmd_mdns_client_state:connected(State), Data#data{snapshot=make_ref()});
connected({error, Reason}, Data) ->
	lose(Reason, Data, []).

%% There is no connection any more, or there never was. The table stays as it is: an old picture is
%% better than none.
lose(Reason, Data=#data{socket=Socket, since=Since, state=State, peers=Peers}, Actions) ->
	HasLasted = Socket =/= undefined andalso now_ms() - Since >= ?GOOD,
	_ = Socket =:= undefined orelse gen_tcp:close(Socket),
	ok = epmd_mdns_table:put(daemon, down),
	{Lost, Effects} = epmd_mdns_client_state:lost(Reason, HasLasted, State),
	perform(Effects, Data#data{socket=undefined, state=Lost, peers=epmd_mdns_client_peers:lost(Peers)}, Actions).

%% Internal: effects.

perform({State, Effects}, Data) ->
	perform(Effects, Data#data{state=State}, []).

%% Actions are gen_statem's, the newest first. Replies are among them: they go out when all else is done.
perform([], Data=#data{state=State}, Actions) ->
	{next_state, epmd_mdns_client_state:phase(State), Data, lists:reverse(Actions)};
%% What was meant for this connection has no meaning after it.
perform([{lose, Reason}|_], Data, Actions) ->
	lose(Reason, Data, Actions);
perform([{send, Requests}|Rest], Data=#data{socket=Socket}, Actions) ->
	case gen_tcp:send(Socket, [epmd_mdns_proto:encode(Request) || Request <- Requests]) of
		ok -> perform(Rest, Data, Actions);
		{error, Reason} -> lose(Reason, Data, Actions)
	end;
perform([Effect|Rest], Data0, Actions) ->
	{Data, More} = perform_one(Effect, Data0),
	perform(Rest, Data, lists:reverse(More, Actions)).

perform_one({silence, limited}, Data) ->
	{Data, [{{timeout, silence}, ?SILENCE, overdue}]};
perform_one({silence, infinity}, Data) ->
	{Data, [{{timeout, silence}, infinity, overdue}]};
perform_one(Reply={reply, _, _}, Data) ->
	{Data, [Reply]};
%% Reports are taken from those who are registered.
perform_one({keep, lease, Lease}, Data) ->
	ok = epmd_mdns_table:put(lease, Lease),
	{Data, [report_later(?REPORT_ALL)]};
perform_one({keep, Key, Value}, Data) ->
	ok = epmd_mdns_table:put(Key, Value),
	{Data, []};
perform_one({up, Endpoint, Reason}, Data=#data{snapshot=Snapshot, subscribers=Subscribers, log=Log}) ->
	case epmd_mdns_table:up(Endpoint, Snapshot) of
		full ->
			{Data#data{log=epmd_mdns_client_log:full(Log)}, []};
		Change ->
			ok = epmd_mdns_client_subscribers:notify([Change], Reason, Subscribers),
			{Data, []}
	end;
perform_one({down, Endpoint, Fate, Reason}, Data=#data{subscribers=Subscribers, peers=Before}) ->
	{Change, Stale, Peers} = epmd_mdns_client_peers:down(Endpoint, Fate, Reason, epmd_mdns_client_peers:connected(), Before),
	ok = epmd_mdns_client_subscribers:notify([Change], Reason, Subscribers),
	{Data#data{peers=Peers}, [report_later(?REPORT)|forget_later(Stale)]};
perform_one(synced, Data=#data{snapshot=Snapshot, subscribers=Subscribers, peers=Peers, log=Log}) ->
	{Changes, Stale} = epmd_mdns_client_peers:synced(Snapshot, epmd_mdns_client_peers:connected(), Peers),
	ok = epmd_mdns_table:put(daemon, up),
	ok = epmd_mdns_client_subscribers:notify(Changes, <<"lost">>, Subscribers),
	{Data#data{log=epmd_mdns_client_log:found(Log)}, [report_later(?REPORT_ALL)|forget_later(Stale)]};
perform_one({network, Reason}, Data) ->
	ok = gen_server:cast(epmd_mdns_prober, {network, Reason}),
	{Data, []};
perform_one({connect, Attempts}, Data) ->
	{Data, [{state_timeout, epmd_mdns_backoff:delay(connection, Attempts), connect}]};
perform_one(refused, Data) ->
	{Data, [{{timeout, refused}, epmd_mdns_backoff:delay(registration, 0), again}]};
perform_one({log, granted}, Data=#data{log=Log}) ->
	{Data#data{log=epmd_mdns_client_log:granted(Log)}, []};
perform_one({log, forgive}, Data=#data{log=Log}) ->
	{Data#data{log=epmd_mdns_client_log:forgive(Log)}, []};
perform_one({log, {refused, Node, Token, Text}}, Data=#data{log=Log}) ->
	{Data#data{log=epmd_mdns_client_log:refused(Node, Token, Text, Log)}, []};
perform_one({log, {lost, Reason}}, Data=#data{config=#{socket := Path}, since=Since, log=Log}) ->
	{Data#data{log=epmd_mdns_client_log:lost(Reason, Since =:= undefined, Path, Log)}, []}.

%% A timer for each; one that runs is set anew, if the endpoint has come and gone once more.
forget_later(Stale) ->
	[{{timeout, {stale, Id}}, Lifetime, forget} || {Id, Lifetime} <- Stale].

report_later(Delay) ->
	{{timeout, report}, Delay, now}.

%% Internal: small things.

now_ms() ->
	erlang:monotonic_time(millisecond).
