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
-export([connected/1]).
-export([sure/1]).
-export([confirm/1]).
-export([is_heard/1]).
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

-record(row, {
	key :: epmd_mdns_proto:key(),
	inet = none :: answer() | none,
	inet6 = none :: answer() | none,
	entries = [] :: epmd_mdns_table_entries:entries()
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

%% As address/3, but of a node without an answer it has the doubtful one, or says whether it is up all the same, with another
%% protocol or IP version. That is one read: between two of them the node may appear, and be taken for one that can't be reached.
-spec find(term(), term(), inet | inet6) -> answer() | {doubtful, answer()} | unreachable | unknown.
find(Name, Host, Family) ->
	case {lookup({Name, Host}), Family} of
		{[#row{inet=Answer={ok, _, _, _}}], inet} -> Answer;
		{[#row{inet6=Answer={ok, _, _, _}}], inet6} -> Answer;
		{[#row{entries=Entries}], _} ->
			case {epmd_mdns_table_entries:live(Entries), epmd_mdns_table_entries:doubtful_answer(Family, get(proto, tcp), Entries)} of
				{[], none} -> unknown;
				{_, none} -> unreachable;
				{_, Answer} -> {doubtful, Answer}
			end;
		{[], _} -> unknown
	end.

%% All nodes that are up, with those of their endpoints that are.
-spec directory() -> [{epmd_mdns_proto:node_name(), [epmd_mdns_proto:endpoint(), ...]}].
directory() ->
	fold(fun(#row{entries=Entries}, Acc) ->
		case epmd_mdns_table_entries:live(Entries) of
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
	epmd_mdns_table_entries:all(element_of(Key, #row.entries, [])).

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
up(Endpoint, Snapshot) ->
	add(Endpoint, fun(Dated, Entries) -> epmd_mdns_table_entries:up(Dated, Snapshot, Entries) end).

%% The node, which this VM is connected to, says itself where it is.
-spec confirm(epmd_mdns_proto:endpoint()) -> change() | full.
confirm(Endpoint) ->
	add(Endpoint, fun(Dated, Entries) -> epmd_mdns_table_entries:confirm(Dated, make_ref(), Entries) end).

%% The daemon has an endpoint no more.
-spec down(epmd_mdns_proto:endpoint(), epmd_mdns_table_entries:fate()) -> {change(), [Stale :: id()]}.
down(Endpoint=#{node := Node}, Fate) ->
	become(row(Node), fun(Entries) -> epmd_mdns_table_entries:down(Endpoint, Fate, Entries) end).

%% This VM is connected to the node, of which nothing was certain any more: it is up as it was.
-spec connected(epmd_mdns_proto:node_name()) -> change().
connected(Node) ->
	Row = #row{entries=Entries} = row(Node),
	write(Row, epmd_mdns_table_entries:connected(Entries)).

%% This VM isn't connected to the node any more: what was held up by that is stale, and what is heard is in doubt.
-spec disconnected(epmd_mdns_proto:node_name()) -> {change(), [Stale :: id()]}.
disconnected(Node) ->
	become(row(Node), fun epmd_mdns_table_entries:disconnected/1).

%% The endpoints of the node that are certain.
-spec sure(epmd_mdns_proto:node_name()) -> [epmd_mdns_proto:endpoint()].
sure(Node) ->
	#row{entries=Entries} = row(Node),
	epmd_mdns_table_entries:sure(Entries).

%% Whether the daemon hears any endpoint of the node, for certain.
-spec is_heard(epmd_mdns_proto:node_name()) -> boolean().
is_heard(Node) ->
	#row{entries=Entries} = row(Node),
	epmd_mdns_table_entries:is_heard(Entries).

%% The endpoints that only connections hold up.
-spec unheard() -> [epmd_mdns_proto:endpoint()].
unheard() ->
	fold(fun(#row{entries=Entries}, Acc) -> epmd_mdns_table_entries:unheard(Entries) ++ Acc end, []).

%% A snapshot is complete. What it hasn't mentioned is gone, but nobody has said for good: a daemon
%% that has just started knows little. So all of that becomes stale, but for the nodes that this VM is
%% connected to.
-spec sweep(reference(), Connected :: #{epmd_mdns_proto:node_name() => term()}) -> {[change()], [Stale :: id()]}.
sweep(Snapshot, Connected) ->
	Swept = [become(Row, fun(Entries) ->
		Fate = case is_map_key(epmd_mdns_proto:join_node(Key), Connected) of
			true -> connected;
			false -> stale
		end,
		epmd_mdns_table_entries:sweep(Snapshot, Fate, Entries)
	end) || Row=#row{key=Key} <- fold(fun(Row, Acc) -> [Row|Acc] end, [])],
	{[Change || {Change, _} <- Swept, Change =/= none], [Id || {_, Ids} <- Swept, Id <- Ids]}.

%% A stale endpoint has been stale for long enough. One that is up again stays.
-spec forget(id()) -> ok.
forget({Key, Id}) ->
	case ets:lookup(?MODULE, Key) of
		[Row=#row{entries=Entries}] ->
			none = write(Row, epmd_mdns_table_entries:forget(Id, Entries)),
			ok;
		[] ->
			ok
	end.

%% What is waiting to be forgotten.
-spec stale() -> [id()].
stale() ->
	fold(fun(#row{key=Key, entries=Entries}, Acc) ->
		[{Key, Id} || Id <- epmd_mdns_table_entries:stale(Entries)] ++ Acc
	end, []).

%% Internal.

add(Endpoint=#{node := Node}, Add) ->
	Row = #row{entries=Entries} = row(Node),
	case Entries =/= [] orelse ets:info(?MODULE, size) < ?MAX_NODES of
		true -> write(Row, Add(epmd_mdns_proto:dated(Endpoint, erlang:system_time(second)), Entries));
		false -> full
	end.

%% What a change of its entries makes of a row, and which of them are stale now.
become(Row=#row{key=Key, entries=Entries}, Change) ->
	case Change(Entries) of
		{Entries, []} -> {none, []};
		{After, Stale} -> {write(Row, After), [{Key, Id} || Id <- Stale]}
	end.

upgrade(1) ->
	_ = [ets:delete(?MODULE, Note) || Note <- [epmd_mdns_client, epmd_mdns_joiner]],
	upgrade(2);
upgrade(2) ->
	lists:foreach(fun(Row=#row{entries=Entries}) ->
		true = ets:insert(?MODULE, Row#row{entries=epmd_mdns_table_entries:upgrade(Entries)})
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

%% Not all that is connected has a name that the daemon would take.
row(Node) ->
	Key = case epmd_mdns_proto:split_node(Node) of
		{ok, Valid} -> Valid;
		error -> {"", ""}
	end,
	case lookup(Key) of
		[Row] -> Row;
		[] -> #row{key=Key}
	end.

%% There is nothing to write of a node that wasn't there.
write(#row{entries=[]}, []) ->
	none;
write(#row{key=Key, entries=Before}, []) ->
	true = ets:delete(?MODULE, Key),
	change(epmd_mdns_table_entries:live(Before), []);
write(#row{key=Key, entries=Before}, Unsorted) ->
	After = lists:sort(Unsorted),
	Proto = get(proto, tcp),
	true = ets:insert(?MODULE, #row{key=Key, entries=After, inet=epmd_mdns_table_entries:answer(inet, Proto, After),
		inet6=epmd_mdns_table_entries:answer(inet6, Proto, After)}),
	change(epmd_mdns_table_entries:live(Before), epmd_mdns_table_entries:live(After)).

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
