%% SPDX-License-Identifier: Apache-2.0
%%
%% The read model of the directory: what the daemon has told, in the shape in which OTP asks for it.
%%
%% The supervisor owns the table, so that it survives the client. Only the client writes; everybody
%% reads, without a message. One row is one node. Its key is the name as OTP hands it over, and the
%% answers to address_please/3 stand in the row ready-made: a lookup is one hash and one copy.
%%
%% An endpoint that goes away is kept as stale for a while (the client's timers say how long): a lost
%% packet or a restarted daemon must not make a living node unreachable. A stale endpoint still answers
%% address/3, after all others, and is seen nowhere else.
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
-export([sweep/1]).
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
	stale = false :: boolean()
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

%% 2: the notes epmd_mdns_client and epmd_mdns_joiner are no more. 1, which says no version, is that of 0.1.0.
-define(VERSION, 2).

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
	[case Stale of
		true -> Endpoint#{stale => true};
		false -> Endpoint
	end || #entry{endpoint=Endpoint, stale=Stale} <- element_of(Key, #row.entries, [])].

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
			Entry = #entry{id=id(Endpoint), snapshot=Snapshot,
				endpoint=epmd_mdns_proto:dated(Endpoint, erlang:system_time(second))},
			write(Row, lists:keystore(Entry#entry.id, #entry.id, Entries, Entry));
		false ->
			full
	end.

%% An endpoint is gone: either stale from now on, or forgotten at once.
-spec down(epmd_mdns_proto:endpoint(), stale | forgotten) -> {change(), [Stale :: id()]}.
down(Endpoint=#{node := Node}, Fate) ->
	Row = #row{key=Key, entries=Entries} = row(Node),
	case {lists:keytake(id(Endpoint), #entry.id, Entries), Fate} of
		{{value, Entry=#entry{id=Id, stale=false}, Rest}, stale} ->
			{write(Row, [Entry#entry{stale=true}|Rest]), [{Key, Id}]};
		{{value, _, Rest}, forgotten} ->
			{write(Row, Rest), []};
		_ ->
			{none, []}
	end.

%% A snapshot is complete. What it hasn't mentioned is gone, but nobody has said for good: a daemon
%% that has just started knows little. So all of that becomes stale.
-spec sweep(reference()) -> {[change()], [Stale :: id()]}.
sweep(Snapshot) ->
	IsGone = fun(#entry{stale=Stale, snapshot=Last}) -> not Stale andalso Last =/= Snapshot end,
	Rows = fold(fun(Row=#row{entries=Entries}, Acc) ->
		case lists:any(IsGone, Entries) of
			true -> [Row|Acc];
			false -> Acc
		end
	end, []),
	Changes = [write(Row, [Entry#entry{stale=Entry#entry.stale orelse IsGone(Entry)}
		|| Entry <- Entries]) || Row=#row{entries=Entries} <- Rows],
	{Changes, [{Key, Entry#entry.id} || #row{key=Key, entries=Entries} <- Rows,
		Entry <- Entries, IsGone(Entry)]}.

%% A stale endpoint has been stale for long enough. One that is up again stays.
-spec forget(id()) -> ok.
forget({Key, Id}) ->
	case ets:lookup(?MODULE, Key) of
		[Row=#row{entries=Entries}] ->
			none = write(Row, [Entry || Entry <- Entries,
				not (Entry#entry.stale andalso Entry#entry.id =:= Id)]),
			ok;
		[] ->
			ok
	end.

%% What is waiting to be forgotten.
-spec stale() -> [id()].
stale() ->
	fold(fun(#row{key=Key, entries=Entries}, Acc) ->
		[{Key, Id} || #entry{id=Id, stale=true} <- Entries] ++ Acc
	end, []).

%% Internal.

upgrade(1) ->
	_ = [ets:delete(?MODULE, Note) || Note <- [epmd_mdns_client, epmd_mdns_joiner]],
	upgrade(2);
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

write(#row{key=Key, entries=Before}, []) ->
	true = ets:delete(?MODULE, Key),
	change(live(Before), []);
write(#row{key=Key, entries=Before}, Unsorted) ->
	After = lists:keysort(#entry.id, Unsorted),
	true = ets:insert(?MODULE, #row{key=Key, inet=answer(inet, After), inet6=answer(inet6, After),
		entries=After}),
	change(live(Before), live(After)).

live(Entries) ->
	[Endpoint || #entry{endpoint=Endpoint, stale=false} <- Entries].

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
	Endpoints = [{Endpoint, Stale} || #entry{endpoint=Endpoint, stale=Stale} <- Entries],
	case epmd_mdns_choice:addresses(Family, get(proto, tcp), Endpoints) of
		[Answer|_] -> Answer;
		[] -> none
	end.
