%% SPDX-License-Identifier: Apache-2.0
%%
%% Nodes that have the same name: pure. Each start of a node is an instance, with a creation of its own. One that follows
%% another is a restart; two that are up at the same time are a conflict, for OTP knows nodes by their names alone: a
%% connection from the one ends the connection to the other. Then the one that was started first is the one to be joined.
%%
%% It is a conflict if the LAN says so, or if an instance comes back after another: what was started anew doesn't.

-module(epmd_mdns_join_instances).

%% API.
-export([new/0]).
-export([seen/5]).
-export([down/3]).
-export([single/2]).
-export([gone/2]).
-export([is_conflict/2]).

-export_type([instances/0, instance/0]).

-type name() :: epmd_mdns_proto:node_name().
-type instance() :: #{
	creation := integer(),
	%% In milliseconds, on our clock; unknown if its joiner is older than this question.
	started := integer() | unknown,
	%% Where its connection came from or went to.
	address := binary() | unknown
}.

-record(known, {
	%% The latest first, each with the time when it was last connected.
	instances = [] :: [{instance(), Last :: integer()}],
	%% The creation of the one to be joined, if there is a conflict.
	first :: integer() | undefined
}).

-opaque instances() :: #{name() => #known{}}.

%% In milliseconds: an instance that has been lost for so long may have been started anew.
-define(RECENT, 15000).

%% API.

-spec new() -> instances().
new() ->
	#{}.

%% An instance is connected. Whether it is the one to be joined, or comes second to another.
-spec seen(name(), instance(), IsConflict :: boolean(), Now :: integer(), instances()) ->
	{first | {second, First :: instance()}, instances()}.
seen(Node, New=#{creation := Creation}, IsConflict, Now, All) ->
	#known{instances=Before, first=First0} = maps:get(Node, All, #known{}),
	Others = [Entry || Entry={#{creation := Other}, Last} <- Before, Other =/= Creation, Now - Last < ?RECENT],
	HasComeBack = case Before of
		[{#{creation := Creation}, _}|_] -> First0 =/= undefined;
		_ -> lists:any(fun({#{creation := Other}, _}) -> Other =:= Creation end, Before)
	end,
	Entries = [{New, Now}|Others],
	case Others =/= [] andalso (IsConflict orelse HasComeBack) of
		true ->
			First = #{creation := FirstCreation} = first(First0, Entries),
			Left = All#{Node => #known{instances=Entries, first=FirstCreation}},
			case FirstCreation of
				Creation -> {first, Left};
				_ -> {{second, First}, Left}
			end;
		false ->
			{first, All#{Node => #known{instances=lists:sublist(Entries, 3)}}}
	end.

-spec down(name(), Now :: integer(), instances()) -> instances().
down(Node, Now, All) ->
	case All of
		#{Node := Known=#known{instances=[{Instance, _}|Others]}} ->
			All#{Node := Known#known{instances=[{Instance, Now}|Others]}};
		_ ->
			All
	end.

%% The LAN knows one node of that name, not two.
-spec single(name(), instances()) -> instances().
single(Node, All) ->
	case All of
		#{Node := #known{instances=[Latest|_]}} -> All#{Node := #known{instances=[Latest]}};
		_ -> All
	end.

-spec gone(name(), instances()) -> instances().
gone(Node, All) ->
	maps:remove(Node, All).

-spec is_conflict(name(), instances()) -> boolean().
is_conflict(Node, All) ->
	case All of
		#{Node := #known{first=First}} -> First =/= undefined;
		_ -> false
	end.

%% Internal.

%% Once it is decided it stays so. Where an age is unknown it is the one that was connected before.
first(Before, Entries=[{New, _}, {Connected, _}|_]) ->
	case {[Instance || {Instance=#{creation := Creation}, _} <- Entries, Creation =:= Before], New, Connected} of
		{[First], _, _} -> First;
		{[], #{started := Started}, #{started := Other}} when is_integer(Started), is_integer(Other), Started < Other -> New;
		_ -> Connected
	end.
