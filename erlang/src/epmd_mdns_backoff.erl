%% SPDX-License-Identifier: Apache-2.0
%%
%% How long to wait before something is tried again.

-module(epmd_mdns_backoff).

%% API. All times are in milliseconds.
-export([delay/3]).
-export([delay/4]).
-export([rest/1]).
-export([restarts/2]).

-export_type([random/0]).

%% A number from 1 to its argument, as rand:uniform/1 draws it.
-type random() :: fun((pos_integer()) -> pos_integer()).

%% A worker that has lived for so long was a good one: the next rest is none, or small again.
-define(GOOD, 10000).
-define(MIN_REST, 100).
%% How long to rest at most after a crash: each is a report in the log.
-define(MAX_REST, 5000).

%% API.

%% Doubles from attempt to attempt, of which the first is number 0, up to a limit. The jitter, of half the
%% time, keeps the nodes of a host or of a LAN from coming all at once.
-spec delay(non_neg_integer(), pos_integer(), pos_integer()) -> pos_integer().
delay(Attempts, Min, Limit) ->
	delay(Attempts, Min, Limit, fun rand:uniform/1).

%% The same, with the caller's random numbers: pure.
-spec delay(non_neg_integer(), pos_integer(), pos_integer(), random()) -> pos_integer().
delay(Attempts, Min, Limit, Random) ->
	Max = min(Limit, Min bsl min(Attempts, 20)),
	Jitter = Random(Max div 2 + 1),
	true = is_integer(Jitter),
	Max div 2 + Jitter.

%% How long a worker of the supervisor that has just been started does nothing. Nothing but this keeps one that crashes
%% again and again from filling the log: the supervisor never gives up.
-spec rest(module()) -> non_neg_integer().
rest(Worker) ->
	case restarts(Worker, ?GOOD) of
		0 -> 0;
		N -> delay(N - 1, ?MIN_REST, ?MAX_REST)
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
