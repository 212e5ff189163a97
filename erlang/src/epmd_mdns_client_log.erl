%% SPDX-License-Identifier: Apache-2.0
%%
%% What is worth a line in the log, and how often. A condition that lasts is told once; it may be told
%% again when it has been over. Warnings are for what somebody has to do something about.
%%
%% Reports are maps, for handlers and filters; as text each is one line, for people.

-module(epmd_mdns_client_log).

-include_lib("kernel/include/logger.hrl").

%% API.
-export([new/0]).
-export([problems/1]).
-export([lost/4]).
-export([found/1]).
-export([refused/4]).
-export([granted/1]).
-export([full/1]).
-export([forgive/1]).

%% For logger.
-export([format/1]).

-export_type([log/0]).

%% What has been said, and needn't be said again.
-opaque log() :: [lost | fault | refused | full].

%% API.

-spec new() -> log().
new() ->
	[].

%% What is wrong with the configuration.
-spec problems([epmd_mdns_config:problem()]) -> ok.
problems(Problems) ->
	lists:foreach(fun(Problem) -> report(warning, Problem) end, Problems).

%% The daemon is not to be had. A fault is another matter: it is there, but doesn't do what it should.
%% A daemon that goes away is probably just being restarted; one that isn't there when the node starts
%% has perhaps been forgotten.
-spec lost(Reason :: term(), IsNew :: boolean(), Socket :: string(), log()) -> log().
lost(left, _, _, Log) -> %% Asked for, by leave/0.
	Log;
lost({fault, Reason}, _, Socket, Log) ->
	say(fault, warning, #{what => daemon_faulty, reason => Reason, socket => Socket,
		text => "epmd-mdnsd does not answer as it should; trying again"}, Log);
lost(Reason, true, Socket, Log) ->
	say(lost, notice, #{what => daemon_absent, reason => Reason, socket => Socket,
		text => "epmd-mdnsd is not running; this node can't be found until it is"}, Log);
lost(Reason, false, Socket, Log) ->
	say(lost, info, #{what => daemon_lost, reason => Reason, socket => Socket}, Log).

-spec found(log()) -> log().
found(Log) ->
	_ = lists:member(lost, Log) andalso report(info, #{what => daemon_found}),
	Log -- [lost].

-spec refused(epmd_mdns_proto:node_name(), Token :: binary(), Text :: binary(), log()) -> log().
refused(Node, Token, Text, Log) ->
	say(refused, warning, #{what => registration_refused, node => Node, reason => Token,
		text => Text}, Log).

-spec granted(log()) -> log().
granted(Log) ->
	Log -- [refused].

-spec full(log()) -> log().
full(Log) ->
	say(full, warning, #{what => table_full,
		text => "there are more nodes on the LAN than epmd_mdns keeps; the rest is ignored"}, Log).

%% A connection has lasted well: what comes now is new.
-spec forgive(log()) -> log().
forgive(Log) ->
	Log -- [fault, full].

%% For example: epmd_mdns: bad_option: fallback is true or false (option: fallback, value: 5)
-spec format(logger:report()) -> {io:format(), [term()]}.
format(Report=#{what := What}) ->
	Text = case Report of
		#{text := Some} -> [": ", Some];
		_ -> ""
	end,
	Details = case lists:sort(maps:to_list(maps:without([what, text], Report))) of
		[] -> "";
		Pairs -> [" (", lists:join(", ", [[atom_to_list(Key), ": ", value(Value)] || {Key, Value} <- Pairs]), ")"]
	end,
	{"epmd_mdns: ~ts~ts~ts", [What, Text, Details]}.

%% Internal.

say(Topic, Level, Report, Log) ->
	case lists:member(Topic, Log) of
		true ->
			Log;
		false ->
			ok = report(Level, Report),
			[Topic|Log]
	end.

report(Level, Report) ->
	?LOG(Level, Report, #{report_cb => fun ?MODULE:format/1}).

value(Value) when is_binary(Value) -> Value;
value(Value) when is_list(Value) ->
	case io_lib:printable_unicode_list(Value) of
		true -> Value;
		false -> io_lib:format("~0tp", [Value])
	end;
value(Value) -> io_lib:format("~0tp", [Value]).
