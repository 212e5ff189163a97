%% SPDX-License-Identifier: Apache-2.0
%%
%% Pairs of nodes that can't connect although both are up: pure. OTP's global doesn't accept such a pair in a cluster: it
%% disconnects both from the others, and does so again whenever they are connected to a third node.
%%
%% Or they could connect in one direction alone, and OTP has that one wait for the other: as long as there is a third node, of
%% which its global hears of the end that it can't reach, it never stops trying.
%%
%% An end that can't connect claims so, and every joiner passes that on. A node that is down claims nothing; so a pair is at
%% fault when one end claims it after the other has. Claims that were made before these joiners could speak to each other show
%% nothing: the network may have been in two pieces until now. Nor does what is over in a few seconds: so it is looked at
%% again. A pair is at fault until the two connect, until one of them has gone, or until both are silent.
%%
%% Where a node fails to reach many others, a few of them show what is the matter. All of them would be too much to tell: in
%% a network in pieces that is everybody about everybody.
%%
%% Without one end of each pair the others stay connected. Every joiner finds the same ones to stand aside, for it knows
%% the same pairs. Who stands aside also leaves those that it is connected to: as long as it doesn't, global may choose the
%% other end, and does so anew each time that one is joined.

-module(epmd_mdns_join_faults).

%% API.
-export([new/1]).
-export([failed/5]).
-export([connected/2]).
-export([heard/4]).
-export([mended/3]).
-export([gone/2]).
-export([expire/2]).
-export([claims/2]).
-export([is_claimed/2]).
-export([is_mutual/2]).
-export([is_any/1]).
-export([pairs/1]).
-export([turned_away/1]).
-export([unreachable_from/2]).
-export([may_try/2]).
-export([is_aside/1]).

-export_type([faults/0, pair/0, claim/0, reason/0]).

-type name() :: epmd_mdns_proto:node_name().
-type reason() :: timed_out | closed.
-type pair() :: {From :: name(), To :: name()}.
%% As it is told to others. The age is in milliseconds: clocks differ.
-type claim() :: {From :: name(), To :: name(), reason() | turned_away, Age :: non_neg_integer()}.

-record(faults, {
	own :: name(),
	%% When each was made, in milliseconds.
	claims = #{} :: #{pair() => {reason() | turned_away, Time :: integer()}},
	%% Claimed by both ends, since when; the lesser name first. Those that have been so for long enough are at fault.
	mutual = #{} :: #{pair() => Since :: integer()},
	pairs = #{} :: #{pair() => []}
}).

-opaque faults() :: #faults{}.

%% In milliseconds. An end makes its claim anew with each attempt: every 12 s at least.
-define(LIFE, 60000).
%% A port that is closed may be one of a node that has just ended.
-define(CLOSED, 2).
%% In milliseconds: when a network is whole again, an attempt comes to the end that it would have had before.
-define(LASTS, 4000).
%% How many nodes we claim not to reach, besides those that say the same of us.
-define(FEW, 3).

%% API.

-spec new(name()) -> faults().
new(Own) ->
	#faults{own=Own}.

%% We have failed to connect to a node, so often in a row.
-spec failed(name(), epmd_mdns_join_attempt:failure(), pos_integer(), Now :: integer(), faults()) -> faults().
failed(Node, Reason, Count, Now, Faults=#faults{own=Own, claims=Claims})
		when Reason =:= timed_out; Reason =:= turned_away; Reason =:= closed, Count >= ?CLOSED ->
	Others = [To || {From, To} <- maps:keys(Claims), From =:= Own, To =/= Node],
	case length(Others) < ?FEW orelse is_map_key({Node, Own}, Claims) of
		true -> claim({Own, Node}, Reason, Now, live, Faults);
		false -> Faults
	end;
failed(_, _, _, _, Faults) ->
	Faults.

%% We are connected to it.
-spec connected(name(), faults()) -> faults().
connected(Node, Faults=#faults{own=Own}) ->
	mended(Own, Node, Faults).

%% What another joiner knows: claims that have just been made, or older ones. About our own failures nobody knows more than
%% we do.
-spec heard([claim()], live | old, Now :: integer(), faults()) -> faults().
heard(Claims, Kind, Now, Faults=#faults{own=Own}) ->
	lists:foldl(fun
		({From, To, Reason, Age}, Acc=#faults{claims=Known}) when From =/= Own, Age < ?LIFE ->
			case Known of
				#{{From, To} := {_, Time}} when Kind =:= old, Time >= Now - Age -> Acc;
				_ -> claim({From, To}, Reason, Now - Age, Kind, Acc)
			end;
		(_, Acc) ->
			Acc
	end, Faults, Claims).

%% These two are connected.
-spec mended(name(), name(), faults()) -> faults().
mended(One, Other, Faults) ->
	drop(fun(Pair) -> key(Pair) =:= key({One, Other}) end, Faults).

-spec gone(name(), faults()) -> faults().
gone(Node, Faults) ->
	drop(fun({From, To}) -> From =:= Node orelse To =:= Node end, Faults).

%% Time has passed: some claims are too old, and some pairs have been apart for long enough. To be called every second, while
%% there are any.
-spec expire(Now :: integer(), faults()) -> faults().
expire(Now, Faults=#faults{claims=Claims}) ->
	Old = maps:filter(fun(_, {_, Time}) -> Now - Time >= ?LIFE end, Claims),
	Left = #faults{mutual=Mutual, pairs=Pairs} = drop(fun(Pair) -> is_map_key(Pair, Old) end, Faults),
	Left#faults{pairs=maps:merge(Pairs, maps:from_list([{Pair, []} || {Pair, Since} <- maps:to_list(Mutual), Now - Since >= ?LASTS]))}.

%% All that there is to tell another joiner.
-spec claims(Now :: integer(), faults()) -> [claim()].
claims(Now, #faults{claims=Claims}) ->
	[{From, To, Reason, Now - Time} || {{From, To}, {Reason, Time}} <- lists:sort(maps:to_list(Claims)), Now - Time < ?LIFE].

%% Whether somebody has claimed that these can't connect.
-spec is_claimed(pair(), faults()) -> boolean().
is_claimed({One, Other}, #faults{claims=Claims}) ->
	is_map_key({One, Other}, Claims) orelse is_map_key({Other, One}, Claims).

%% Whether both have.
-spec is_mutual(pair(), faults()) -> boolean().
is_mutual(Pair, #faults{mutual=Mutual}) ->
	is_map_key(key(Pair), Mutual).

%% Whether any two have.
-spec is_any(faults()) -> boolean().
is_any(#faults{mutual=Mutual}) ->
	map_size(Mutual) > 0.

%% The pairs that are at fault, as each end has said it. Who is turned away could connect.
-spec pairs(faults()) -> [{From :: name(), To :: name(), reason()}].
pairs(#faults{claims=Claims, pairs=Pairs}) ->
	[{From, To, Reason} || {Pair={From, To}, {Reason, _}} <- lists:sort(maps:to_list(Claims)), is_map_key(key(Pair), Pairs),
		Reason =/= turned_away].

%% Those that we turn away, although we can't reach them.
-spec turned_away(faults()) -> [name()].
turned_away(#faults{own=Own, claims=Claims, pairs=Pairs}) ->
	[Node || {{Node, To}, {turned_away, _}} <- maps:to_list(Claims), To =:= Own, is_map_key(key({Node, Own}), Pairs)].

%% Who can't reach that node, nor it them.
-spec unreachable_from(name(), faults()) -> [name()].
unreachable_from(Node, #faults{pairs=Pairs}) ->
	lists:sort([One || {One, Other} <- maps:keys(Pairs), Other =:= Node] ++ [Other || {One, Other} <- maps:keys(Pairs), One =:= Node]).

%% Whether we should connect to it. Each end of a pair goes on trying the other: so they find out when the fault is over.
-spec may_try(name(), faults()) -> boolean().
may_try(Node, #faults{own=Own, pairs=Pairs}) ->
	is_map_key(key({Own, Node}), Pairs) orelse begin
		Aside = aside(maps:keys(Pairs)),
		not lists:member(Own, Aside) andalso not lists:member(Node, Aside)
	end.

%% Whether we are the end that stands aside.
-spec is_aside(faults()) -> boolean().
is_aside(#faults{own=Own, pairs=Pairs}) ->
	lists:member(Own, aside(maps:keys(Pairs))).

%% Internal.

%% Of all pairs one end at least: first the node that is in most of them, and of equals the one with the greatest name.
aside([]) ->
	[];
aside(Pairs) ->
	Ends = [Node || {One, Other} <- Pairs, Node <- [One, Other]],
	{_, Worst} = lists:max([{length([x || Other <- Ends, Other =:= Node]), Node} || Node <- lists:usort(Ends)]),
	[Worst|aside([Pair || Pair={One, Other} <- Pairs, One =/= Worst, Other =/= Worst])].

claim(Pair={From, To}, Reason, Time, Kind, Faults=#faults{claims=Claims, mutual=Mutual}) ->
	Faults#faults{claims=Claims#{Pair => {Reason, Time}}, mutual=case Kind of
		live when is_map_key({To, From}, Claims) ->
			{Other, _} = maps:get({To, From}, Claims),
			case {Reason, Other} of
				{turned_away, turned_away} -> Mutual;
				_ -> maps:merge(#{key(Pair) => Time}, Mutual)
			end;
		_ ->
			Mutual
	end}.

%% A pair is at fault as long as one of its ends says so.
drop(IsOver, Faults=#faults{claims=Claims, mutual=Mutual, pairs=Pairs}) ->
	Left = maps:filter(fun(Pair, _) -> not IsOver(Pair) end, Claims),
	Keys = [key(Pair) || Pair <- maps:keys(Left)],
	Faults#faults{claims=Left, mutual=maps:with(Keys, Mutual), pairs=maps:with(Keys, Pairs)}.

key({One, Other}) ->
	{min(One, Other), max(One, Other)}.
