%% SPDX-License-Identifier: Apache-2.0
%%
%% Writes EUnit's results as TAP: a line for each test. The name of a test is that of its function, which
%% states a rule, and what a generator adds. The plan is left to whoever has started the tests, and may
%% have results of its own: {eunit_tap, ok | error, Count} goes to the process in {notify, Pid}.

-module(eunit_tap).
-behaviour(eunit_listener).

%% API.
-export([start/1]).

%% eunit_listener.
-export([init/1]).
-export([handle_begin/3]).
-export([handle_end/3]).
-export([handle_cancel/3]).
-export([terminate/2]).

-type state() :: {pid(), non_neg_integer()}.

%% API.

%% EUnit calls it for {report, {eunit_tap, Options}}.
-spec start(list()) -> pid().
start(Options) ->
	eunit_listener:start(?MODULE, Options).

%% eunit_listener. The state is whom to notify, and the number of results so far.

-spec init(list()) -> state().
init(Options) ->
	receive {start, _} -> {proplists:get_value(notify, Options), 0} end.

-spec handle_begin(group | test, list(), state()) -> state().
handle_begin(_, _, State) ->
	State.

-spec handle_end(group | test, list(), state()) -> state().
handle_end(group, _, State) ->
	State;
handle_end(test, Data, State) ->
	case proplists:get_value(status, Data) of
		ok -> result("ok", Data, "", State);
		{skipped, Reason} -> result("ok", Data, io_lib:format(" # SKIP ~0p", [Reason]), State);
		{error, Exception} -> result("not ok", Data, explain(Exception), State)
	end.

%% A group is cancelled when its set-up fails, or when it has no tests: only the first is a failure.
-spec handle_cancel(group | test, list(), state()) -> state().
handle_cancel(Kind, Data, State) ->
	case {Kind, proplists:get_value(reason, Data)} of
		{group, undefined} -> State;
		{_, Reason} -> result("not ok", Data, explain(Reason), State)
	end.

-spec terminate({ok | error, term()}, state()) -> ok.
terminate({Status, _}, {Pid, Count}) ->
	Pid ! {?MODULE, Status, Count},
	ok.

%% Internal.

result(Word, Data, Rest, {Pid, Count}) ->
	io:format("~s ~b - ~ts~ts~n", [Word, Count + 1, name(Data), Rest]),
	{Pid, Count + 1}.

%% The fun of a generator goes by a name like "-a_rule_test_/0-fun-1-".
name(Data) ->
	Function = case proplists:get_value(source, Data) of
		{_, Name, _} -> hd(string:lexemes(atom_to_list(Name), "-/"));
		_ -> "set-up"
	end,
	case proplists:get_value(desc, Data) of
		undefined -> Function;
		Text -> [Function, ": ", [clean(C) || C <- binary_to_list(iolist_to_binary(Text))]]
	end.

%% A # begins a directive in TAP.
clean($#) -> $.;
clean(C) when C < 16#20; C > 16#7E -> $?;
clean(C) -> C.

explain(Reason) ->
	["\n# ", lists:join("\n# ", string:split(io_lib:format("~tp", [Reason]), "\n", all))].
