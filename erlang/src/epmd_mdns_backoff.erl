%% SPDX-License-Identifier: Apache-2.0
%%
%% How long to wait before something is tried again. What is tried again and again has a row in limits/1, and no
%% times of its own elsewhere.

-module(epmd_mdns_backoff).

%% API. All times are in milliseconds.
-export([delay/2]).
-export([delay/3]).
-export([rest/1]).
-export([restarts/2]).
-export([failed/1]).
-export([started/1]).

-export_type([what/0, random/0]).

%% connection: to the daemon. registration: one that the daemon has refused, for a limit or for a name that another node
%% holds. unreachable, timed_out, refused: an attempt to join a node, by how the last one ended. worker: one that has crashed.
%% start: of a worker that couldn't even be started.
-type what() :: connection | registration | unreachable | timed_out | refused | worker | start.

%% A number from 1 to its argument, as rand:uniform/1 draws it.
-type random() :: fun((pos_integer()) -> pos_integer()).

%% A worker that has lived for so long was a good one: the next rest is none, or small again.
-define(GOOD, 10000).

%% API.

%% Doubles from attempt to attempt, of which the first is number 0, up to a limit. The jitter, of half the
%% time, keeps the nodes of a host or of a LAN from coming all at once.
-spec delay(what(), non_neg_integer()) -> pos_integer().
delay(What, Attempts) ->
	delay(What, Attempts, fun rand:uniform/1).

%% The same, with the caller's random numbers: pure.
-spec delay(what(), non_neg_integer(), random()) -> pos_integer().
delay(What, Attempts, Random) ->
	{Min, Limit} = limits(What),
	Max = min(Limit, Min bsl min(Attempts, 20)),
	Jitter = Random(Max - Max div 2),
	true = is_integer(Jitter),
	Max div 2 + Jitter.

%% How long a worker of the supervisor that has just been started does nothing. Nothing but this keeps one that crashes
%% again and again from filling the log: the supervisor never gives up.
-spec rest(module()) -> non_neg_integer().
rest(Worker) ->
	case restarts(Worker, ?GOOD) of
		0 -> 0;
		N -> delay(worker, N - 1)
	end.

%% How often in a row a worker has been started again, each time before it had lived for that long. The table
%% survives it, and with it this count. The supervisor starts one worker at a time.
-spec restarts(module(), non_neg_integer()) -> non_neg_integer().
restarts(Worker, Long) ->
	Now = erlang:monotonic_time(millisecond),
	Starts = epmd_mdns_table:get(starts, #{}),
	N = case Starts of
		#{Worker := {Last, Before}} when is_integer(Before), Now - Last < Long -> Before + 1;
		#{Worker := _} -> 1;
		_ -> 0
	end,
	ok = epmd_mdns_table:put(starts, Starts#{Worker => {Now, N}}),
	N.

%% A worker couldn't be started: how long to wait before it is tried again.
-spec failed(module()) -> pos_integer().
failed(Worker) ->
	Failures = epmd_mdns_table:get(failed_starts, #{}),
	N = maps:get(Worker, Failures, 0),
	ok = epmd_mdns_table:put(failed_starts, Failures#{Worker => N + 1}),
	delay(start, N).

-spec started(module()) -> ok.
started(Worker) ->
	epmd_mdns_table:put(failed_starts, maps:remove(Worker, epmd_mdns_table:get(failed_starts, #{}))).

%% Internal.

%% The longest wait before the second attempt, and the longest ever.
limits(connection) -> {100, 1000};
limits(registration) -> {5000, 5000};
limits(unreachable) -> {200, 10000};
%% The attempt itself takes 8 s.
limits(timed_out) -> {200, 4000};
%% A refusal is a line in the log of the other node, which therefore isn't asked soon again.
limits(refused) -> {300000, 300000};
%% Each crash is a report in the log, and each failed start a page of it.
limits(worker) -> {100, 5000};
limits(start) -> {1000, 60000}.
