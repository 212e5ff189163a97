%% SPDX-License-Identifier: Apache-2.0
%%
%% The nodes that are to be joined, and how far it is with each: pure; chance is an argument. The joiner reports what has
%% happened, and carries out the actions.
%%
%%     ready --a slot is free--> trying --nodeup--> connected
%%       ^                         |                    |
%%       +------- waiting <--------+----- nodedown -----+        idle: paused, and not connected
%%
%% A connection is a success when it has lasted; one that ends sooner counts as another failure.
%%
%% A node that has ended is forgotten. One that is merely not heard of any more is not: adverts get lost more easily than
%% connections do. If it has been connected, it is tried for ten minutes more.

-module(epmd_mdns_join_state).

%% API.
-export([new/3]).
-export([pauses/1]).
-export([count/1]).
-export([states/1]).
-export([connected/1]).
-export([seen/5]).
-export([gone/4]).
-export([others/2]).
-export([pick/4]).
-export([is_suspect/2]).
-export([ended/5]).
-export([again/3]).
-export([up/2]).
-export([unanswered/2]).
-export([down/5]).
-export([pause/4]).
-export([resume/2]).
-export([reason/2]).
-export([greeted/4]).

-export_type([peers/0, action/0, status/0]).

-type name() :: epmd_mdns_proto:node_name().
-type status() :: ready | waiting | refused | unreachable | trying | connected | paused.

%% What the joiner has to do.
-type action() :: {joined, name()} | {lost, name(), term()} | {disconnect, name()}
	| {failed, name(), epmd_mdns_join_attempt:failure(), Count :: pos_integer(), epmd_mdns_join_policy:level()}
	| {paused, name(), epmd_mdns_join_pauses:reason()}
	| {timer, name(), Generation :: pos_integer(), Milliseconds :: pos_integer()}.

-record(peer, {
	ports :: epmd_mdns_join_policy:ports(),
	is_advertised = true :: boolean(),
	state = ready :: ready | waiting | trying | connected | idle,
	%% Of its timer, so that one that was set before counts no more.
	generation = 0 :: non_neg_integer(),
	%% Since a connection to it has lasted: failed attempts, and connections that have not lasted.
	failures = 0 :: non_neg_integer(),
	time_outs = 0 :: non_neg_integer(),
	%% The last failure since it was connected, if any. If it is connected, that is what it does not answer over.
	last_failure :: epmd_mdns_join_attempt:failure() | undefined,
	was_connected = false :: boolean(),
	%% When it is forgotten, in milliseconds, if it is not advertised. It may be connected then.
	until = 0 :: integer()
}).

-record(peers, {
	own :: name(),
	random :: epmd_mdns_backoff:random(),
	all = #{} :: #{name() => #peer{}},
	pauses :: epmd_mdns_join_pauses:pauses(),
	%% Of pauses, as far as they are known.
	reasons = #{} :: #{name() => pause | disconnect_node | unknown},
	%% Of the nodes that are connected, as far as they have said it.
	creations = #{} :: #{name() => integer()},
	%% Nodes that we have disconnected from a moment ago, because they wanted it, with their timers.
	settling = #{} :: #{name() => pos_integer()},
	generation = 0 :: non_neg_integer()
}).

-opaque peers() :: #peers{}.

%% Attempts at the same time. Where many nodes start together on few processors, more of them cross, and global ends
%% connections right and left. An attempt at a node that doesn't answer takes seconds, and shall hold up no other.
-define(QUICK, 8).
-define(ALL, 32).
%% So many that two nodes hardly ever draw the same.
-define(CHANCES, 16#FFFFFFFF).
%% In milliseconds: what global still had to say to a node, which is paused now, connects it again. That is ended then.
-define(SETTLE, 1000).
%% A connection that has lasted for so long is a success.
-define(LASTED, 10000).
%% How long a node that is not heard of any more is tried.
-define(MEMORY, 600000).

%% API.

-spec new(name(), epmd_mdns_join_pauses:pauses(), epmd_mdns_backoff:random()) -> peers().
new(Own, Pauses, Random) ->
	#peers{own=Own, random=Random, pauses=Pauses}.

%% What has to survive a crash of the joiner.
-spec pauses(peers()) -> epmd_mdns_join_pauses:pauses().
pauses(#peers{pauses=Pauses}) ->
	Pauses.

%% How many are connected, this node included.
-spec count(peers()) -> pos_integer().
count(Peers) ->
	1 + length(connected(Peers)).

-spec connected(peers()) -> [name()].
connected(#peers{all=All}) ->
	[Node || {Node, #peer{state=connected}} <- maps:to_list(All)].

%% For people: of those that wait, why.
-spec states(peers()) -> #{name() => status()}.
states(#peers{all=All}) ->
	maps:map(fun
		(_, #peer{state=idle}) -> paused;
		(_, #peer{state=waiting, last_failure=LastFailure}) when LastFailure =/= undefined -> epmd_mdns_join_policy:failure(LastFailure);
		(_, #peer{state=State}) -> State
	end, All).

%% It is advertised. What was there before us is joined at once; what appears later has begun to join us, as a rule:
%% so we wait a moment. It may be connected already: now, which is to be reported, or from before this process was
%% started.
-spec seen(name(), epmd_mdns_join_policy:ports(), present | new, no | now | before, peers()) -> {[action()], peers()}.
seen(Node, Ports, When, Connected, Peers0=#peers{pauses=Pauses}) ->
	Peers = #peers{all=All} = Peers0#peers{pauses=epmd_mdns_join_pauses:seen(Node, Ports, Pauses)},
	case All of
		#{Node := Old=#peer{ports=Ports, state=State, was_connected=WasConnected}} ->
			{[], put(Node, Old#peer{is_advertised=true, was_connected=WasConnected orelse State =:= connected}, Peers)};
		#{Node := Old} ->
			{[], retry(Node, Old#peer{ports=Ports, is_advertised=true}, Peers)};
		_ ->
			add(Node, #peer{ports=Ports}, When, Connected, Peers)
	end.

%% It is not advertised any more, or not as one that we could join: because it has ended, or nobody knows why. A refusal
%% is remembered, for a node whose advert comes and goes would be asked too often.
-spec gone(name(), ended | silent, Now :: integer(), peers()) -> peers().
gone(Node, Why, Now, Peers=#peers{all=All}) ->
	case All of
		#{Node := Peer=#peer{was_connected=true, until=Until, is_advertised=IsAdvertised}} when Why =:= silent ->
			Limit = case IsAdvertised of true -> Now + ?MEMORY; false -> Until end,
			put(Node, Peer#peer{is_advertised=false, until=Limit}, Peers);
		#{Node := Peer=#peer{state=State, last_failure=LastFailure}}
				when State =:= connected; State =:= trying; State =:= waiting, LastFailure =:= refused ->
			put(Node, Peer#peer{is_advertised=false, was_connected=false, until=Now}, Peers);
		_ ->
			forget(Node, Peers)
	end.

%% Those that are known, without the ones that are given.
-spec others([name()], peers()) -> [name()].
others(Nodes, #peers{all=All}) ->
	maps:keys(maps:without(Nodes, All)).

%% Whom to connect to now, if attempts at these are going on: those that have just begun, and those that take long.
%% Those that have failed least come first, whatever the LAN claims; beyond that chance decides: a cluster that starts
%% at once shall not run at its first node together. Some may have to be left alone for the time being.
-spec pick(Quick :: [name()], Slow :: [name()], MayTry :: fun((name()) -> boolean()), peers()) -> {[name()], peers()}.
pick(Quick, Slow, MayTry, Peers=#peers{all=All, random=Random}) ->
	Busy = Quick ++ Slow,
	Free = max(0, min(?QUICK - length(Quick), ?ALL - length(Busy))),
	Ready = [{Failures, Random(?CHANCES), Node} || {Node, #peer{state=ready, failures=Failures}} <- maps:to_list(All),
		not lists:member(Node, Busy), MayTry(Node)],
	Picked = [Node || {_, _, Node} <- lists:sublist(lists:sort(Ready), Free)],
	{Picked, lists:foldl(fun(Node, Acc) ->
		put(Node, (maps:get(Node, All))#peer{state=trying}, Acc)
	end, Peers, Picked)}.

%% Whether the last attempt at it has timed out.
-spec is_suspect(name(), peers()) -> boolean().
is_suspect(Node, #peers{all=All}) ->
	#peer{time_outs=TimeOuts} = maps:get(Node, All),
	TimeOuts > 0.

%% An attempt is over; the result counts unless there is a connection.
-spec ended(name(), epmd_mdns_join_attempt:result(), IsConnected :: boolean(), Now :: integer(), peers()) ->
	{[action()], peers()}.
ended(Node, Result, IsConnected, Now, Peers=#peers{all=All}) ->
	case All of
		#{Node := Peer=#peer{state=trying}} when IsConnected -> joined(Node, Peer, Peers);
		#{Node := Peer=#peer{state=trying}} -> failed(Node, Peer, epmd_mdns_join_policy:cause(Result), Now, Peers);
		_ -> {[], Peers}
	end.

%% A timer has run out.
-spec again(name(), pos_integer(), peers()) -> {[action()], peers()}.
again(Node, Generation, Peers=#peers{settling=Settling}) when map_get(Node, Settling) =:= Generation ->
	Unwanted = [{disconnect, Node} || is_paused(Node, Peers)],
	{Unwanted, Peers#peers{settling=maps:remove(Node, Settling)}};
again(Node, Generation, Peers=#peers{all=All}) ->
	case All of
		#{Node := #peer{state=waiting, generation=Generation, is_advertised=false, was_connected=false}} ->
			{[], forget(Node, Peers)};
		#{Node := Peer=#peer{state=waiting, generation=Generation}} ->
			{[], put(Node, Peer#peer{state=ready}, Peers)};
		#{Node := Peer=#peer{state=connected, generation=Generation}} ->
			{[], put(Node, Peer#peer{failures=0, time_outs=0}, Peers)};
		_ ->
			{[], Peers}
	end.

%% There is a connection, by whomever.
-spec up(name(), peers()) -> {[action()], peers()}.
up(Node, Peers=#peers{all=All}) ->
	case All of
		#{Node := Peer=#peer{state=State}} when State =/= connected -> joined(Node, Peer, Peers);
		_ -> {[], Peers}
	end.

%% It does not answer over its connection any more, which is about to be ended for that.
-spec unanswered(name(), peers()) -> peers().
unanswered(Node, Peers=#peers{all=All}) ->
	case All of
		#{Node := Peer=#peer{state=connected}} -> put(Node, Peer#peer{last_failure=unreachable}, Peers);
		_ -> Peers
	end.

%% A connection is lost. That a program here has called disconnect_node/1 is known only where global never disconnects.
-spec down(name(), Reason :: term(), IsGlobalCalm :: boolean(), Now :: integer(), peers()) -> {[action()], peers()}.
down(Node, Reason, IsGlobalCalm, Now, Peers=#peers{all=All}) ->
	case All of
		#{Node := Peer=#peer{state=connected, until=Until, was_connected=WasConnected, failures=Before, last_failure=LastFailure}} ->
			%% Of what is paused already it is we who have disconnected, and of what has not answered.
			IsOnPurpose = Reason =:= disconnect andalso IsGlobalCalm andalso LastFailure =:= undefined
				andalso not is_paused(Node, Peers),
			Noted = case IsOnPurpose of
				true -> note_pause(Node, {us, disconnect_node}, unknown, Peers);
				false -> Peers
			end,
			Lost = Peer#peer{until=case WasConnected of true -> Now + ?MEMORY; false -> Until end,
				last_failure=undefined, failures=case Before of 0 -> 0; _ -> Before + 1 end},
			prepend([{lost, Node, Reason}|[{paused, Node, {us, disconnect_node}} || IsOnPurpose]],
				lost(Node, Lost, Now, without_creation(Node, Noted)));
		_ ->
			{[], without_creation(Node, Peers)}
	end.

%% We don't join it any more: because somebody here has said so, or because it doesn't want us to.
-spec pause(name(), epmd_mdns_join_pauses:reason(), epmd_mdns_join_pauses:creation(), peers()) -> {[action()], peers()}.
pause(Node, Reason, Creation, Peers0) ->
	Peers = #peers{all=All} = note_pause(Node, Reason, Creation, Peers0),
	prepend([{paused, Node, Reason} || not is_paused(Node, Peers0)], settle(Node, Reason, case All of
		#{Node := Peer=#peer{state=State}} when State =:= ready; State =:= waiting -> put(Node, Peer#peer{state=idle}, Peers);
		_ -> Peers
	end)).

%% Why it is paused.
-spec reason(name(), peers()) -> pause | disconnect_node | unknown.
reason(Node, #peers{reasons=Reasons}) ->
	maps:get(Node, Reasons, unknown).

%% Another chance, at once.
-spec resume(name(), peers()) -> peers().
resume(Node, Peers0=#peers{all=All, pauses=Pauses}) ->
	Peers = Peers0#peers{pauses=epmd_mdns_join_pauses:remove(Node, Pauses)},
	case All of
		#{Node := Peer} -> retry(Node, Peer, Peers);
		_ -> Peers
	end.

%% The joiner of the node has connected to us, and says which creation it is, and whether somebody there has asked for
%% it. Whether it may stay.
-spec greeted(name(), integer(), IsAsked :: boolean(), peers()) -> {boolean(), peers()}.
greeted(Node, Creation, IsAsked, Peers=#peers{pauses=Pauses, creations=Creations}) ->
	Left = epmd_mdns_join_pauses:greeted(Node, Creation, IsAsked, Pauses),
	{not epmd_mdns_join_pauses:is_paused(Node, Left), Peers#peers{pauses=Left, creations=Creations#{Node => Creation}}}.

%% Internal.

add(Node, Peer, _, now, Peers) ->
	joined(Node, Peer, Peers);
add(Node, Peer, _, before, Peers) ->
	{[], put(Node, Peer#peer{state=connected, was_connected=true}, Peers)};
add(Node, Peer, When, no, Peers=#peers{own=Own, random=Random}) ->
	case {is_paused(Node, Peers), When} of
		{true, _} -> {[], put(Node, Peer#peer{state=idle}, Peers)};
		{false, present} -> {[], put(Node, Peer, Peers)};
		{false, new} -> wait(Node, Peer, epmd_mdns_join_policy:hold(Own, Node, Random), Peers)
	end.

%% A pause that came while we were trying counts; a program that connects may do so in spite of it. A connection that
%% lasts makes good what has failed before.
joined(Node, Peer=#peer{state=State, failures=Failures}, Peers0=#peers{generation=Before}) ->
	Unwanted = [{disconnect, Node} || State =:= trying, is_paused(Node, Peers0)],
	Peers = Peers0#peers{generation=Before + 1},
	{[{joined, Node}|Unwanted] ++ [{timer, Node, Before + 1, ?LASTED}], put(Node, Peer#peer{state=connected,
		generation=Before + 1, failures=max(1, Failures), last_failure=undefined, was_connected=true}, Peers)}.

%% At once, whatever has been before. An attempt that goes on may still succeed, and a connection may be there already.
retry(Node, Peer=#peer{state=State}, Peers) when State =:= trying; State =:= connected ->
	put(Node, Peer, Peers);
retry(Node, Peer, Peers) ->
	State = case is_paused(Node, Peers) of true -> idle; false -> ready end,
	put(Node, Peer#peer{state=State, failures=0, time_outs=0, last_failure=undefined}, Peers).

failed(Node, Peer=#peer{failures=Before, time_outs=TimeOuts, last_failure=LastFailure}, Failure, Now, Peers) ->
	Late = case Failure of timed_out -> TimeOuts + 1; _ -> 0 end,
	Level = epmd_mdns_join_policy:level(Failure, Before + 1, Late, LastFailure),
	prepend([{failed, Node, Failure, Before + 1, Level}],
		lost(Node, Peer#peer{failures=Before + 1, time_outs=Late, last_failure=Failure}, Now, Peers)).

%% Not connected: what next? After a loss the end with the greater name is the first to try, so that they don't cross.
lost(Node, Peer=#peer{is_advertised=IsAdvertised, was_connected=WasConnected, until=Until, failures=Failures,
		last_failure=LastFailure}, Now, Peers=#peers{own=Own, random=Random}) ->
	case is_paused(Node, Peers) of
		_ when not IsAdvertised, Now >= Until, LastFailure =/= refused -> {[], forget(Node, Peers)};
		true -> {[], put(Node, Peer#peer{state=idle}, Peers)};
		false when LastFailure =:= undefined ->
			Delay = epmd_mdns_join_policy:delay(unreachable, max(1, Failures), true, Random),
			wait(Node, Peer, epmd_mdns_join_policy:hold(Own, Node, Random) + Delay, Peers);
		false ->
			wait(Node, Peer, epmd_mdns_join_policy:delay(LastFailure, Failures, WasConnected, Random), Peers)
	end.

wait(Node, Peer, Delay, Peers=#peers{generation=Before}) ->
	Generation = Before + 1,
	{[{timer, Node, Generation, Delay}],
		put(Node, Peer#peer{state=waiting, generation=Generation}, Peers#peers{generation=Generation})}.

settle(_, {us, _}, Peers) ->
	{[], Peers};
settle(Node, {them, _}, Peers=#peers{settling=Settling, generation=Before}) ->
	Generation = Before + 1,
	{[{timer, Node, Generation, ?SETTLE}], Peers#peers{settling=Settling#{Node => Generation}, generation=Generation}}.

note_pause(Node, {By, Reason}, Announced, Peers=#peers{all=All, pauses=Pauses, reasons=Reasons, creations=Creations}) ->
	Ports = case All of
		#{Node := #peer{ports=Known}} -> Known;
		_ -> unknown
	end,
	Creation = case Announced of unknown -> maps:get(Node, Creations, unknown); _ -> Announced end,
	Peers#peers{pauses=epmd_mdns_join_pauses:add(Node, By, Ports, Creation, Pauses), reasons=Reasons#{Node => Reason}}.

is_paused(Node, #peers{pauses=Pauses}) ->
	epmd_mdns_join_pauses:is_paused(Node, Pauses).

without_creation(Node, Peers=#peers{creations=Creations}) ->
	Peers#peers{creations=maps:remove(Node, Creations)}.

put(Node, Peer, Peers=#peers{all=All}) ->
	Peers#peers{all=All#{Node => Peer}}.

forget(Node, Peers=#peers{all=All}) ->
	Peers#peers{all=maps:remove(Node, All)}.

prepend(Actions, {More, Peers}) ->
	{Actions ++ More, Peers}.
