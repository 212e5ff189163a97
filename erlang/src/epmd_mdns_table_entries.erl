%% SPDX-License-Identifier: Apache-2.0
%%
%% The endpoints of one node in the table, and how far each can be relied on: pure.
%%
%%     heard --the daemon has lost it, and--> connected --disconnected--> stale
%%     |||     there is a connection              ^                         |
%%     |||                                        +-------connected---------+
%%     ||+--the same without one--> stale
%%     |+---goodbye---------------> gone
%%     +----disconnected----------> parted --heard anew, or connected to it again--> heard
%%
%% Those that are heard, parted or connected are up. Those that are stale still answer, after all others, until they are
%% forgotten. Gone are those whose node has said so itself: no connection revives them. Parted are those whose node may have
%% been started anew, at another port, before its goodbye is here. Both are doubtful, and answer last.

-module(epmd_mdns_table_entries).

%% API.
-export([up/3]).
-export([confirm/3]).
-export([down/3]).
-export([connected/1]).
-export([disconnected/1]).
-export([sweep/3]).
-export([forget/2]).
-export([is_heard/1]).
-export([live/1]).
-export([all/1]).
-export([sure/1]).
-export([stale/1]).
-export([unheard/1]).
-export([answer/3]).
-export([doubtful_answer/3]).
-export([upgrade/1]).

-export_type([entries/0, fate/0]).

-record(entry, {
	id :: epmd_mdns_proto:endpoint_id(),
	endpoint :: epmd_mdns_proto:endpoint(),
	%% The snapshot, or the stream after it, that has last mentioned the endpoint.
	snapshot :: reference(),
	state = heard :: state()
}).

%% While an older version of the code is replaced, readers meet entries of its table: they say whether they are stale.
-type state() :: heard | parted | connected | stale | gone | (IsStale :: boolean()).
-type entries() :: [#entry{}].
-type ids() :: [epmd_mdns_proto:endpoint_id()].
-type fate() :: connected | stale | gone | forgotten.

-define(IS_LIVE(State), (State =:= heard orelse State =:= parted orelse State =:= connected orelse State =:= false)).
-define(IS_DOUBTFUL(State), (State =:= parted orelse State =:= gone)).

%% API.

%% The daemon has the endpoint. What it has from the connection of somebody else doesn't count before our own.
-spec up(epmd_mdns_proto:endpoint(), reference(), entries()) -> entries().
up(Endpoint=#{source := Source}, Snapshot, Entries) ->
	case lists:keyfind(id(Endpoint), #entry.id, Entries) of
		Own=#entry{state=connected} when Source =:= peer -> store(Own#entry{snapshot=Snapshot}, Entries);
		_ -> store(#entry{id=id(Endpoint), endpoint=Endpoint, snapshot=Snapshot}, Entries)
	end.

%% The node, which this VM is connected to, says itself that it listens there. The daemon knows better.
-spec confirm(epmd_mdns_proto:endpoint(), reference(), entries()) -> entries().
confirm(Endpoint=#{port := Port}, Snapshot, Entries) ->
	case lists:keyfind(id(Endpoint), #entry.id, Entries) of
		#entry{state=heard} -> Entries;
		Heard=#entry{state=parted, endpoint=#{port := Port}} -> store(Heard#entry{state=heard}, Entries);
		_ -> store(#entry{id=id(Endpoint), endpoint=Endpoint, snapshot=Snapshot, state=connected}, Entries)
	end.

%% The daemon has the endpoint no more. Also returns what is to be forgotten some time later.
-spec down(epmd_mdns_proto:endpoint(), fate(), entries()) -> {entries(), ids()}.
down(Endpoint, Fate, Entries) ->
	case {lists:keytake(id(Endpoint), #entry.id, Entries), Fate} of
		{{value, _, Rest}, forgotten} ->
			{Rest, []};
		{{value, Entry=#entry{id=Id, state=State}, Rest}, _} when ?IS_LIVE(State) ->
			{[Entry#entry{state=Fate}|Rest], [Id || Fate =/= connected]};
		_ ->
			{Entries, []}
	end.

-spec connected(entries()) -> entries().
connected(Entries) ->
	change(parted, heard, change(stale, connected, Entries)).

-spec disconnected(entries()) -> {entries(), ids()}.
disconnected(Entries) ->
	{change(heard, parted, change(connected, stale, Entries)), [Id || #entry{id=Id, state=connected} <- Entries]}.

%% What a complete snapshot hasn't mentioned.
-spec sweep(reference(), fate(), entries()) -> {entries(), ids()}.
sweep(Snapshot, Fate, Entries) ->
	IsGone = fun(#entry{state=State, snapshot=Last}) -> ?IS_LIVE(State) andalso Last =/= Snapshot end,
	{Gone, Others} = lists:partition(IsGone, Entries),
	{[Entry#entry{state=Fate} || Entry <- Gone] ++ Others, [Id || #entry{id=Id} <- Gone, Fate =/= connected]}.

%% It has been stale or gone for long enough; if it is up again, it stays.
-spec forget(epmd_mdns_proto:endpoint_id(), entries()) -> entries().
forget(Id, Entries) ->
	[Entry || Entry=#entry{id=Other, state=State} <- Entries, ?IS_LIVE(State) orelse Other =/= Id].

-spec is_heard(entries()) -> boolean().
is_heard(Entries) ->
	lists:keymember(heard, #entry.state, Entries).

%% The endpoints that are up.
-spec live(entries()) -> [epmd_mdns_proto:endpoint()].
live(Entries) ->
	[shown(Entry) || Entry=#entry{state=State} <- Entries, ?IS_LIVE(State)].

%% All endpoints; those that are not up say that they are stale.
-spec all(entries()) -> [epmd_mdns_proto:endpoint()].
all(Entries) ->
	[shown(Entry) || Entry <- Entries].

%% Those that are up for certain.
-spec sure(entries()) -> [epmd_mdns_proto:endpoint()].
sure(Entries) ->
	[shown(Entry) || Entry=#entry{state=State} <- Entries, ?IS_LIVE(State), not ?IS_DOUBTFUL(State)].

-spec stale(entries()) -> ids().
stale(Entries) ->
	[Id || #entry{id=Id, state=State} <- Entries, not ?IS_LIVE(State)].

%% The endpoints that only a connection holds up.
-spec unheard(entries()) -> [epmd_mdns_proto:endpoint()].
unheard(Entries) ->
	[Endpoint || #entry{endpoint=Endpoint, state=connected} <- Entries].

%% The best address for a connection from this VM, of those that are not doubtful.
-spec answer(inet | inet6, tcp | tls, entries()) -> epmd_mdns_choice:answer() | none.
answer(Family, Proto, Entries) ->
	best(Family, Proto, [Entry || Entry=#entry{state=State} <- Entries, not ?IS_DOUBTFUL(State)]).

%% The best one of those.
-spec doubtful_answer(inet | inet6, tcp | tls, entries()) -> epmd_mdns_choice:answer() | none.
doubtful_answer(Family, Proto, Entries) ->
	best(Family, Proto, [Entry || Entry=#entry{state=State} <- Entries, ?IS_DOUBTFUL(State)]).

%% From the second version of the table, in which an entry was stale or not.
-spec upgrade([tuple()]) -> entries().
upgrade(Old) ->
	[#entry{id=Id, endpoint=Endpoint, snapshot=Snapshot, state=case IsStale of
		true -> stale;
		false -> heard
	end} || {entry, Id, Endpoint, Snapshot, IsStale} <- Old].

%% Internal.

id(#{proto := Proto, family := Family}) ->
	{Proto, Family}.

best(Family, Proto, Entries) ->
	Endpoints = [{Endpoint, not ?IS_LIVE(State)} || #entry{endpoint=Endpoint, state=State} <- Entries],
	case epmd_mdns_choice:addresses(Family, Proto, Endpoints) of
		[Answer|_] -> Answer;
		[] -> none
	end.

store(Entry=#entry{id=Id}, Entries) ->
	lists:keystore(Id, #entry.id, Entries, Entry).

change(From, To, Entries) ->
	[case State of
		From -> Entry#entry{state=To};
		_ -> Entry
	end || Entry=#entry{state=State} <- Entries].

shown(#entry{endpoint=Endpoint, state=State}) when not ?IS_LIVE(State) -> Endpoint#{stale => true};
shown(#entry{endpoint=Endpoint, state=connected}) -> Endpoint#{heard => false};
shown(#entry{endpoint=Endpoint=#{source := peer}}) -> Endpoint#{heard => false};
shown(#entry{endpoint=Endpoint}) -> Endpoint.
