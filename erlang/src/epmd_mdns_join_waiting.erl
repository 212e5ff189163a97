%% SPDX-License-Identifier: Apache-2.0
%%
%% Programs that wait until so many nodes are connected. Each is monitored, for it may end.

-module(epmd_mdns_join_waiting).

%% API.
-export([new/1]).
-export([add/4]).
-export([delete/2]).
-export([answer/2]).
-export([refuse/2]).

-export_type([waiting/0]).

-opaque waiting() :: [{pos_integer(), gen_server:from(), integer() | infinity, Caller :: reference()}].

%% API.

%% From what another version has kept.
-spec new([{pos_integer(), gen_server:from(), integer() | infinity}]) -> waiting().
new(Callers) ->
	[entry(Count, From, Deadline) || {Count, From, Deadline} <- Callers].

%% Those that have timed out have given up.
-spec add(pos_integer(), gen_server:from(), integer() | infinity, waiting()) -> waiting().
add(Count, From, Deadline, Waiting) ->
	Now = erlang:monotonic_time(millisecond),
	{Current, Overdue} = lists:partition(fun({_, _, End, _}) -> End > Now end, Waiting),
	_ = [demonitor(Monitor, [flush]) || {_, _, _, Monitor} <- Overdue],
	[entry(Count, From, Deadline)|Current].

%% The program with that monitor has ended.
-spec delete(reference(), waiting()) -> waiting().
delete(Monitor, Waiting) ->
	lists:keydelete(Monitor, 4, Waiting).

%% So many are connected now.
-spec answer(pos_integer(), waiting()) -> waiting().
answer(Connected, Waiting) ->
	{Done, Rest} = lists:partition(fun({Count, _, _, _}) -> Count =< Connected end, Waiting),
	ok = reply(ok, Done),
	Rest.

-spec refuse(term(), waiting()) -> waiting().
refuse(Reason, Waiting) ->
	ok = reply({error, Reason}, Waiting),
	[].

%% Internal.

entry(Count, From={Caller, _}, Deadline) ->
	{Count, From, Deadline, monitor(process, Caller)}.

reply(Answer, Waiting) ->
	lists:foreach(fun({_, From, _, Monitor}) ->
		true = demonitor(Monitor, [flush]),
		gen_server:reply(From, Answer)
	end, Waiting).
