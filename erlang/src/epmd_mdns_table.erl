%% SPDX-License-Identifier: Apache-2.0
%%
%% The read model of the directory: what the daemon has told, in the shape in which OTP asks for it.
%%
%% The supervisor owns the table, so that it survives the client. Only the client writes; everybody
%% reads, without a message. One row is one node. Its key is the name as OTP hands it over, and the
%% answers to address_please/3 stand in the row ready-made: a lookup is one hash and one copy.
%%
%% An endpoint that the daemon doesn't hear any more is as good as before while this VM is connected to its
%% node, and says so by heard => false. Any other that goes away is kept as stale for a while (the client's
%% timers say how long): a lost packet or a restarted daemon must not make a living node unreachable. A stale
%% endpoint still answers address/3, after all others, and is seen nowhere else.
%%
%% Rows with an atom as key are notes: what a restarted client, or a caller, has to know. One of them is the version of
%% all rows and notes: the table outlives an upgrade of the code.

-module(epmd_mdns_table).
-compile({no_auto_import, [put/2]}).

%% Readers.
-export([address/3]).
-export([find/3]).
-export([directory/0]).
-export([endpoints/0]).
-export([endpoints/1]).
-export([get/2]).

%% Writers.
-export([new/1]).
-export([put/2]).
-export([up/2]).
-export([down/2]).
-export([disconnected/1]).
-export([unheard/0]).
-export([sweep/2]).
-export([forget/1]).
-export([stale/0]).

-export_type([answer/0, id/0, change/0]).

-type answer() :: epmd_mdns_choice:answer().
-type id() :: {epmd_mdns_proto:key(), epmd_mdns_proto:endpoint_id()}.
%% What became of a node, with its endpoints; of those it had, if it is down.
-type change() ::
	{up | changed | down, epmd_mdns_proto:node_name(), [epmd_mdns_proto:endpoint()]} | none.

-record(entry, {
	id :: epmd_mdns_proto:endpoint_id(),
	endpoint :: epmd_mdns_proto:endpoint(),
	%% The snapshot, or the stream after it, that has last mentioned the endpoint.
	snapshot :: reference(),
	%% connected: the daemon has lost it, but this VM is connected to its node.
	state = heard :: heard | connected | stale
}).

-record(row, {
	key :: epmd_mdns_proto:key(),
	inet = none :: answer() | none,
	inet6 = none :: answer() | none,
	entries = [] :: [#entry{}]
}).

-record(note, {
	key :: atom(),
	value :: term()
}).

%% 3: entries have states; before, they were stale or not. 2: the notes epmd_mdns_client and epmd_mdns_joiner are no
%% more. 1, which says no version, is that of 0.1.0.
-define(VERSION, 3).

%% A LAN with more nodes than this is beyond mDNS; the limit is there for a LAN that lies. A row takes
%% about 1 KB, so that the table stays below 10 MB; with the longest lines there can be it is some 15 KB.
-define(MAX_NODES, 8192).

%% Readers. All of them are right, if empty-handed, when there is no table: the distribution may be
%% started and stopped at any time.

%% The answer to address_please/3, or none. Only strings find anything.
-spec address(term(), term(), inet | inet6) -> answer() | none.
address(Name, Host, inet) -> element_of({Name, Host}, #row.inet, none);
address(Name, Host, inet6) -> element_of({Name, Host}, #row.inet6, none);
address(_, _, _) -> none.

%% As address/3, but says whether a node without an answer is up all the same, with another protocol or IP version.
%% That is one read: between two of them the node may appear, and be taken for one that can't be reached.
-spec find(term(), term(), inet | inet6) -> answer() | unreachable | unknown.
find(Name, Host, Family) ->
	case {lookup({Name, Host}), Family} of
		{[#row{inet=Answer={ok, _, _, _}}], inet} -> Answer;
		{[#row{inet6=Answer={ok, _, _, _}}], inet6} -> Answer;
		{[#row{entries=Entries}], _} ->
			case live(Entries) of
				[] -> unknown;
				_ -> unreachable
			end;
		{[], _} -> unknown
	end.

%% All nodes that are up, with those of their endpoints that are.
-spec directory() -> [{epmd_mdns_proto:node_name(), [epmd_mdns_proto:endpoint(), ...]}].
directory() ->
	fold(fun(#row{entries=Entries}, Acc) ->
		case live(Entries) of
			[] -> Acc;
			Endpoints=[#{node := Node}|_] -> [{Node, Endpoints}|Acc]
		end
	end, []).

%% All endpoints that are up.
-spec endpoints() -> [epmd_mdns_proto:endpoint()].
endpoints() ->
	[Endpoint || {_, Endpoints} <- directory(), Endpoint <- Endpoints].

%% The endpoints of one node; those that are stale say so.
-spec endpoints(epmd_mdns_proto:key()) -> [epmd_mdns_proto:endpoint()].
endpoints(Key) ->
	[shown(Entry) || Entry <- element_of(Key, #row.entries, [])].

-spec get(atom(), Default) -> term() | Default.
get(Key, Default) ->
	element_of(Key, #note.value, Default).

%% Writers.

%% The owner is whoever calls this; the protocol is the one that this VM's distribution speaks. After an upgrade of the
%% code there is a table, which is made what the new code takes it for.
-spec new(tcp | tls) -> ok.
new(Proto) ->
	_ = case ets:info(?MODULE, size) of
		undefined -> ets:new(?MODULE, [named_table, public, {keypos, #row.key}, {read_concurrency, true}]);
		_ -> upgrade(get(version, 1))
	end,
	ok = put(version, ?VERSION),
	put(proto, Proto).

%% Takes no note if there is no table.
-spec put(atom(), term()) -> ok.
put(Key, Value) ->
	try
		true = ets:insert(?MODULE, #note{key=Key, value=Value}),
		ok
	catch error:badarg ->
		ok
	end.

%% An endpoint has appeared, or has other attributes than before. Says full, and forgets it, if it
%% would be one node too many.
-spec up(epmd_mdns_proto:endpoint(), reference()) -> change() | full.
up(Endpoint=#{node := Node}, Snapshot) ->
	Row = #row{entries=Entries} = row(Node),
	case Entries =/= [] orelse ets:info(?MODULE, size) < ?MAX_NODES of
		true ->
			Entry = entry(lists:keyfind(id(Endpoint), #entry.id, Entries), Endpoint, Snapshot),
			write(Row, lists:keystore(Entry#entry.id, #entry.id, Entries, Entry));
		false ->
			full
	end.

%% The daemon has an endpoint no more: it is held up by a connection, or stale from now on, or forgotten at once.
-spec down(epmd_mdns_proto:endpoint(), connected | stale | forgotten) -> {change(), [Stale :: id()]}.
down(Endpoint=#{node := Node}, Fate) ->
	Row = #row{key=Key, entries=Entries} = row(Node),
	case {lists:keytake(id(Endpoint), #entry.id, Entries), Fate} of
		{{value, _, Rest}, forgotten} ->
			{write(Row, Rest), []};
		{{value, #entry{state=stale}, _}, _} ->
			{none, []};
		{{value, Entry=#entry{id=Id}, Rest}, _} ->
			{write(Row, [Entry#entry{state=Fate}|Rest]), [{Key, Id} || Fate =:= stale]};
		_ ->
			{none, []}
	end.

%% This VM isn't connected to the node any more: what was held up by that is stale.
-spec disconnected(epmd_mdns_proto:node_name()) -> {change(), [Stale :: id()]}.
disconnected(Node) ->
	case epmd_mdns_proto:split_node(Node) of
		{ok, _} -> let_go(row(Node));
		error -> {none, []}
	end.

%% The endpoints that only connections hold up.
-spec unheard() -> [epmd_mdns_proto:endpoint()].
unheard() ->
	fold(fun(#row{entries=Entries}, Acc) ->
		[Endpoint || #entry{endpoint=Endpoint, state=connected} <- Entries] ++ Acc
	end, []).

%% A snapshot is complete. What it hasn't mentioned is gone, but nobody has said for good: a daemon
%% that has just started knows little. So all of that becomes stale, but for the nodes that this VM is
%% connected to.
-spec sweep(reference(), Connected :: #{epmd_mdns_proto:node_name() => term()}) -> {[change()], [Stale :: id()]}.
sweep(Snapshot, Connected) ->
	IsGone = fun(#entry{state=State, snapshot=Last}) -> State =/= stale andalso Last =/= Snapshot end,
	Rows = fold(fun(Row=#row{entries=Entries}, Acc) ->
		case lists:any(IsGone, Entries) of
			true -> [Row|Acc];
			false -> Acc
		end
	end, []),
	Swept = [{Row, case is_map_key(epmd_mdns_proto:join_node(Key), Connected) of
		true -> connected;
		false -> stale
	end} || Row=#row{key=Key} <- Rows],
	Changes = [write(Row, [case IsGone(Entry) of
		true -> Entry#entry{state=Fate};
		false -> Entry
	end || Entry <- Entries]) || {Row=#row{entries=Entries}, Fate} <- Swept],
	{Changes, [{Key, Entry#entry.id} || {#row{key=Key, entries=Entries}, stale} <- Swept,
		Entry <- Entries, IsGone(Entry)]}.

%% A stale endpoint has been stale for long enough. One that is up again stays.
-spec forget(id()) -> ok.
forget({Key, Id}) ->
	case ets:lookup(?MODULE, Key) of
		[Row=#row{entries=Entries}] ->
			none = write(Row, [Entry || Entry <- Entries,
				not (Entry#entry.state =:= stale andalso Entry#entry.id =:= Id)]),
			ok;
		[] ->
			ok
	end.

%% What is waiting to be forgotten.
-spec stale() -> [id()].
stale() ->
	fold(fun(#row{key=Key, entries=Entries}, Acc) ->
		[{Key, Id} || #entry{id=Id, state=stale} <- Entries] ++ Acc
	end, []).

%% Internal.

upgrade(1) ->
	_ = [ets:delete(?MODULE, Note) || Note <- [epmd_mdns_client, epmd_mdns_joiner]],
	upgrade(2);
upgrade(2) ->
	lists:foreach(fun(Row=#row{entries=Entries}) ->
		true = ets:insert(?MODULE, Row#row{entries=[case IsStale of
			true -> #entry{id=Id, endpoint=Endpoint, snapshot=Snapshot, state=stale};
			false -> #entry{id=Id, endpoint=Endpoint, snapshot=Snapshot}
		end || {entry, Id, Endpoint, Snapshot, IsStale} <- Entries]})
	end, fold(fun(Row, Acc) -> [Row|Acc] end, []));
upgrade(?VERSION) ->
	ok.

element_of(Key, Position, Default) ->
	try
		ets:lookup_element(?MODULE, Key, Position)
	catch error:badarg ->
		Default
	end.

lookup(Key) ->
	try
		ets:lookup(?MODULE, Key)
	catch error:badarg ->
		[]
	end.

fold(Fun, Acc0) ->
	try
		ets:foldl(fun
			(Row=#row{}, Acc) -> Fun(Row, Acc);
			(#note{}, Acc) -> Acc
		end, Acc0, ?MODULE)
	catch error:badarg ->
		Acc0
	end.

row(Node) ->
	{ok, Key} = epmd_mdns_proto:split_node(Node),
	case lookup(Key) of
		[Row] -> Row;
		[] -> #row{key=Key}
	end.

id(#{proto := Proto, family := Family}) ->
	{Proto, Family}.

%% Our own connection counts before what the daemon has from a connection of somebody else, or from us.
entry(Known=#entry{state=connected}, #{source := peer}, Snapshot) ->
	Known#entry{snapshot=Snapshot};
entry(_, Endpoint, Snapshot) ->
	#entry{id=id(Endpoint), snapshot=Snapshot, endpoint=epmd_mdns_proto:dated(Endpoint, erlang:system_time(second))}.

let_go(Row=#row{key=Key, entries=Entries}) ->
	{write(Row, [case State of
		connected -> Entry#entry{state=stale};
		_ -> Entry
	end || Entry=#entry{state=State} <- Entries]), [{Key, Id} || #entry{id=Id, state=connected} <- Entries]}.

write(#row{key=Key, entries=Before}, []) ->
	true = ets:delete(?MODULE, Key),
	change(live(Before), []);
write(#row{key=Key, entries=Before}, Unsorted) ->
	After = lists:keysort(#entry.id, Unsorted),
	true = ets:insert(?MODULE, #row{key=Key, inet=answer(inet, After), inet6=answer(inet6, After),
		entries=After}),
	change(live(Before), live(After)).

live(Entries) ->
	[shown(Entry) || Entry=#entry{state=State} <- Entries, State =/= stale].

shown(#entry{endpoint=Endpoint, state=stale}) -> Endpoint#{stale => true};
shown(#entry{endpoint=Endpoint, state=connected}) -> Endpoint#{heard => false};
shown(#entry{endpoint=Endpoint=#{source := peer}}) -> Endpoint#{heard => false};
shown(#entry{endpoint=Endpoint}) -> Endpoint.

change([], []) ->
	none;
change([], After=[#{node := Node}|_]) ->
	{up, Node, After};
change(Before=[#{node := Node}|_], []) ->
	{down, Node, Before};
change(Before, After=[#{node := Node}|_]) ->
	case timeless(Before) =:= timeless(After) of
		true -> none;
		false -> {changed, Node, After}
	end.

timeless(Endpoints) ->
	[maps:remove(since, Endpoint) || Endpoint <- Endpoints].

%% The best address for a connection from this VM.
answer(Family, Entries) ->
	Endpoints = [{Endpoint, State =:= stale} || #entry{endpoint=Endpoint, state=State} <- Entries],
	case epmd_mdns_choice:addresses(Family, get(proto, tcp), Endpoints) of
		[Answer|_] -> Answer;
		[] -> none
	end.
