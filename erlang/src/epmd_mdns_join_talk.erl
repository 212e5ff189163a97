%% SPDX-License-Identifier: Apache-2.0
%%
%% What joiners tell each other about themselves and others: pure. When two nodes are connected, each says about, a map that
%% may have more keys one day. The other messages are claims and mended, about pairs that can't connect, and conflict, to a
%% node whose name another has. A joiner that doesn't know a message ignores it; hello, welcome and pause are older.

-module(epmd_mdns_join_talk).

%% API.
-export([new/1]).
-export([up/4]).
-export([down/3]).
-export([failed/5]).
-export([seen/3]).
-export([gone/3]).
-export([expire/2]).
-export([received/3]).
-export([rested/2]).
-export([may_try/2]).
-export([is_aside/2]).
-export([is_second/1]).
-export([is_calm/2]).
-export([reason/2]).
-export([pairs/1]).
-export([has_faults/1]).
-export([statuses/4]).

-export_type([talk/0, action/0, self/0, status/0]).

-type name() :: epmd_mdns_proto:node_name().

%% What the joiner has to do.
-type action() :: {tell, name() | all, term()} | {disconnect, name()} | {make_way, name()} | {rest, Milliseconds :: pos_integer()}
	| {fault, name(), name(), epmd_mdns_join_faults:reason()} | {mended, name(), name()}
	| {conflict, name(), First :: binary() | unknown, Second :: binary() | unknown} | {second, First :: binary() | unknown}.

%% What there is to say about this node.
-type self() :: #{creation := integer(), age := non_neg_integer(), is_calm := boolean()}.

%% What else there is to know when a message comes.
-type context() :: #{now := integer(), is_conflict := boolean(), address := binary() | unknown}.

%% A healthy node's is an atom.
-type status() :: epmd_mdns_join_state:status() | aside | conflict
	| {epmd_mdns_join_state:status() | aside, [conflict | {unreachable_from, [name()]}]}.

-record(talk, {
	own :: name(),
	%% Of the nodes that are connected.
	about = #{} :: #{name() => map()},
	faults :: epmd_mdns_join_faults:faults(),
	instances = epmd_mdns_join_instances:new() :: epmd_mdns_join_instances:instances(),
	%% The names whose conflict has been logged.
	warned = [] :: [name()],
	%% Whether another node of our name was there first. Then we connect to nobody, for we would end its connections.
	is_second = false :: boolean()
}).

-opaque talk() :: #talk{}.

%% In milliseconds. After that we look whether the other one is still there.
-define(REST, 180000).

%% API.

-spec new(name()) -> talk().
new(Own) ->
	#talk{own=Own, faults=epmd_mdns_join_faults:new(Own)}.

%% A node is connected, whether we would join it or not.
-spec up(name(), self(), Now :: integer(), talk()) -> {[action()], talk()}.
up(Node, Self, Now, Talk=#talk{own=Own, faults=Faults}) ->
	Mended = [{tell, all, {mended, Own, Node}} || epmd_mdns_join_faults:is_claimed({Own, Node}, Faults)],
	Left = epmd_mdns_join_faults:connected(Node, Faults),
	About = {tell, Node, {about, Own, Self#{claims => epmd_mdns_join_faults:claims(Now, Left)}}},
	changed(Talk, {[About|Mended], Talk#talk{faults=Left}}).

-spec down(name(), Now :: integer(), talk()) -> talk().
down(Node, Now, Talk=#talk{about=About, instances=Instances}) ->
	Talk#talk{about=maps:remove(Node, About), instances=epmd_mdns_join_instances:down(Node, Now, Instances)}.

%% An attempt of ours has failed.
-spec failed(name(), epmd_mdns_join_attempt:failure(), pos_integer(), Now :: integer(), talk()) -> {[action()], talk()}.
failed(Node, Reason, Count, Now, Talk=#talk{own=Own, faults=Faults}) ->
	Failed = epmd_mdns_join_faults:failed(Node, Reason, Count, Now, epmd_mdns_join_faults:expire(Now, Faults)),
	Ours = [Claim || Claim={From, To, _, 0} <- epmd_mdns_join_faults:claims(Now, Failed), From =:= Own, To =:= Node],
	changed(Talk, {[{tell, all, {claims, Own, Ours}} || Ours =/= []], Talk#talk{faults=Failed}}).

%% A node is advertised, perhaps by two hosts. Our own, too.
-spec seen(name(), IsConflict :: boolean(), talk()) -> talk().
seen(_, true, Talk) ->
	Talk;
seen(Node, false, Talk=#talk{own=Node}) ->
	Talk#talk{is_second=false};
seen(Node, false, Talk=#talk{instances=Instances, warned=Warned}) ->
	Talk#talk{instances=epmd_mdns_join_instances:single(Node, Instances), warned=lists:delete(Node, Warned)}.

%% It is not advertised any more.
-spec gone(name(), ended | silent, talk()) -> {[action()], talk()}.
gone(Node, Why, Talk=#talk{faults=Faults, instances=Instances}) ->
	changed(Talk, {[], Talk#talk{faults=epmd_mdns_join_faults:gone(Node, Faults), instances=case Why of
		ended -> epmd_mdns_join_instances:gone(Node, Instances);
		silent -> Instances
	end}}).

%% Time has passed.
-spec expire(Now :: integer(), talk()) -> {[action()], talk()}.
expire(Now, Talk=#talk{faults=Faults}) ->
	Left = epmd_mdns_join_faults:expire(Now, Faults),
	changed(Talk, {[{make_way, Node} || Node <- epmd_mdns_join_faults:turned_away(Left)], Talk#talk{faults=Left}}).

%% What is not as it should be is from a joiner that is newer than we.
-spec received(term(), context(), talk()) -> {[action()], talk()}.
received({about, Node, About}, Context, Talk) when is_binary(Node), is_map(About) ->
	about(Node, About, Context, Talk);
received({claims, Node, Claims}, #{now := Now}, Talk) when is_binary(Node), is_list(Claims) ->
	heard(Claims, live, Now, Talk);
received({mended, One, Other}, _, Talk=#talk{faults=Faults}) when is_binary(One), is_binary(Other) ->
	changed(Talk, {[], Talk#talk{faults=epmd_mdns_join_faults:mended(One, Other, Faults)}});
received({conflict, Node, #{address := First}}, _, Talk=#talk{is_second=WasSecond}) when is_binary(Node) ->
	{[{disconnect, Node}|[Action || not WasSecond, Action <- [{second, First}, {rest, ?REST}]]], Talk#talk{is_second=true}};
received(_, _, Talk) ->
	{[], Talk}.

%% It is time to try again, if nobody else has our name now.
-spec rested(IsConflict :: boolean(), talk()) -> {[action()], talk()}.
rested(true, Talk) ->
	{[{rest, ?REST}], Talk};
rested(false, Talk) ->
	{[], Talk#talk{is_second=false}}.

%% Whether to connect to a node now. Where global never disconnects anybody nobody has to stand aside.
-spec may_try(IsCalm :: boolean(), talk()) -> fun((name()) -> boolean()).
may_try(IsCalm, #talk{faults=Faults, is_second=IsSecond}) ->
	fun(Node) -> not IsSecond andalso (IsCalm orelse epmd_mdns_join_faults:may_try(Node, Faults)) end.

%% Whether to leave those that we are connected to.
-spec is_aside(IsCalm :: boolean(), talk()) -> boolean().
is_aside(IsCalm, #talk{faults=Faults}) ->
	not IsCalm andalso epmd_mdns_join_faults:is_aside(Faults).

-spec is_second(talk()) -> boolean().
is_second(#talk{is_second=IsSecond}) ->
	IsSecond.

%% Whether its global never disconnects anybody, as far as we know.
-spec is_calm(name(), talk()) -> boolean().
is_calm(Node, #talk{about=About}) ->
	case About of
		#{Node := #{is_calm := IsCalm}} -> IsCalm =:= true;
		_ -> false
	end.

%% Why it doesn't want to be connected.
-spec reason(name(), talk()) -> pause | disconnect_node | unknown.
reason(Node, #talk{about=About}) ->
	case About of
		#{Node := #{pause := Reason}} when Reason =:= pause; Reason =:= disconnect_node -> Reason;
		_ -> unknown
	end.

-spec pairs(talk()) -> [{From :: name(), To :: name(), epmd_mdns_join_faults:reason()}].
pairs(#talk{faults=Faults}) ->
	epmd_mdns_join_faults:pairs(Faults).

%% Whether to look again in a moment.
-spec has_faults(talk()) -> boolean().
has_faults(#talk{faults=Faults}) ->
	epmd_mdns_join_faults:is_any(Faults).

%% For people: how it is with each node, and what is wrong with it. The caller knows which names are in conflict.
-spec statuses(#{name() => epmd_mdns_join_state:status()}, fun((name()) -> boolean()), IsCalm :: boolean(), talk()) ->
	#{name() => status()}.
statuses(States, IsInConflict, IsCalm, Talk) ->
	maps:map(fun(Node, Status) -> status(Node, Status, IsInConflict(Node), IsCalm, Talk) end, States).

%% Internal.

status(Node, Status, IsInConflict, IsCalm, Talk=#talk{faults=Faults, instances=Instances, is_second=IsSecond}) ->
	IsConflict = IsInConflict orelse epmd_mdns_join_instances:is_conflict(Node, Instances),
	case {Status, epmd_mdns_join_faults:unreachable_from(Node, Faults)} of
		{paused, _} -> paused;
		{connected, []} when IsConflict -> {connected, [conflict]};
		{_, []} when IsConflict; IsSecond, Status =/= connected -> conflict;
		{ready, From} when From =/= [] -> {aside(Node, Status, IsCalm, Talk), [{unreachable_from, From}]};
		{_, From} when From =/= [] -> {Status, [{unreachable_from, From}]};
		{ready, _} -> aside(Node, Status, IsCalm, Talk);
		_ -> Status
	end.

about(Node, About, #{now := Now, is_conflict := IsConflict, address := Address},
		Talk=#talk{about=Before, instances=Instances, own=Own, warned=Warned}) ->
	{Actions, Next} = heard(maps:get(claims, About, []), old, Now,
		Talk#talk{about=Before#{Node => maps:merge(maps:get(Node, Before, #{}), maps:remove(claims, About))}}),
	case About of
		#{creation := Creation} when is_integer(Creation) ->
			Started = case About of
				#{age := Age} when is_integer(Age) -> Now - Age;
				_ -> unknown
			end,
			Instance = #{creation => Creation, started => Started, address => Address},
			case epmd_mdns_join_instances:seen(Node, Instance, IsConflict, Now, Instances) of
				{first, Seen} ->
					{Actions, Next#talk{instances=Seen}};
				{{second, #{address := First}}, Seen} ->
					Warning = [{conflict, Node, First, Address} || not lists:member(Node, Warned)],
					{Actions ++ [{tell, Node, {conflict, Own, #{address => First}}}|Warning],
						Next#talk{instances=Seen, warned=lists:usort([Node|Warned])}}
			end;
		_ ->
			{Actions, Next}
	end.

%% What is new is passed on: not everybody is connected to everybody, or there would be no fault.
heard(Claims, Kind, Now, Talk=#talk{own=Own, faults=Faults}) ->
	Valid = [Claim || Claim={From, To, Reason, Age} <- Claims, is_binary(From), is_binary(To), is_integer(Age), Age >= 0,
		lists:member(Reason, [timed_out, closed, turned_away])],
	Heard = epmd_mdns_join_faults:heard(Valid, Kind, Now, epmd_mdns_join_faults:expire(Now, Faults)),
	News = [Claim || Kind =:= live, Claim={From, To, _, _} <- Valid, From =/= Own, is_news({From, To}, Faults, Heard)],
	changed(Talk, {[{tell, all, {claims, Own, News}} || News =/= []], Talk#talk{faults=Heard}}).

%% The first claim of a pair, and the one that shows that it is at fault; so nothing goes round and round.
is_news(Pair, Before, After) ->
	not epmd_mdns_join_faults:is_claimed(Pair, Before)
		orelse epmd_mdns_join_faults:is_mutual(Pair, After) andalso not epmd_mdns_join_faults:is_mutual(Pair, Before).

%% Each pair is told once, as our end sees it, if it is ours.
changed(#talk{faults=Before}, {Actions, Talk=#talk{own=Own, faults=After}}) ->
	{Old, New} = {by_pair(Own, Before), by_pair(Own, After)},
	{Actions ++ [{fault, From, To, Reason} || {_, {From, To, Reason}} <- maps:to_list(maps:without(maps:keys(Old), New))]
		++ [{mended, From, To} || {_, {From, To, _}} <- maps:to_list(maps:without(maps:keys(New), Old))], Talk}.

by_pair(Own, Faults) ->
	{Ours, Others} = lists:partition(fun({From, _, _}) -> From =:= Own end, epmd_mdns_join_faults:pairs(Faults)),
	maps:from_list([{{min(From, To), max(From, To)}, Pair} || Pair={From, To, _} <- lists:reverse(Others) ++ Ours]).

aside(Node, Status, IsCalm, Talk) ->
	case (may_try(IsCalm, Talk))(Node) of
		true -> Status;
		false -> aside
	end.
