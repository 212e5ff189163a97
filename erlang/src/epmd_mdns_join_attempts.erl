%% SPDX-License-Identifier: Apache-2.0
%%
%% The attempts that go on, each a process of its own, which ends with its result. One that takes long makes room for another.

-module(epmd_mdns_join_attempts).

%% API.
-export([new/0]).
-export([start/5]).
-export([slow/2]).
-export([ended/2]).
-export([quick/1]).
-export([slow/1]).

-export_type([attempts/0]).

-opaque attempts() :: #{reference() => {epmd_mdns_proto:node_name(), quick | slow}}.

%% In milliseconds.
-define(SLOW, 3000).

%% API.

-spec new() -> attempts().
new() ->
	#{}.

%% The caller gets the message {timeout, _, {slow, Monitor}}, unless it has ended before.
-spec start(node(), [inet | inet6, ...], IsSuspect :: boolean(), Message :: term(), attempts()) -> attempts().
start(Name, Families, IsSuspect, Message, Attempts) ->
	{_, Monitor} = epmd_mdns_join_attempt:start(Name, Families, IsSuspect, Message),
	_ = erlang:start_timer(?SLOW, self(), {slow, Monitor}),
	Attempts#{Monitor => {atom_to_binary(Name), quick}}.

-spec slow(reference(), attempts()) -> attempts().
slow(Monitor, Attempts) ->
	case Attempts of
		#{Monitor := {Node, quick}} -> Attempts#{Monitor := {Node, slow}};
		_ -> Attempts
	end.

%% A monitor says that something has ended; it may be none of these.
-spec ended(reference(), attempts()) -> {epmd_mdns_proto:node_name(), attempts()} | error.
ended(Monitor, Attempts) ->
	case maps:take(Monitor, Attempts) of
		{{Node, _}, Rest} -> {Node, Rest};
		error -> error
	end.

-spec quick(attempts()) -> [epmd_mdns_proto:node_name()].
quick(Attempts) ->
	[Node || {Node, quick} <- maps:values(Attempts)].

-spec slow(attempts()) -> [epmd_mdns_proto:node_name()].
slow(Attempts) ->
	[Node || {Node, slow} <- maps:values(Attempts)].
