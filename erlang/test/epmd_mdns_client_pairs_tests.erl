%% SPDX-License-Identifier: Apache-2.0
%%
%% What the daemon is told of nodes that can't connect: what is new, once, and what is over.

-module(epmd_mdns_client_pairs_tests).

-include_lib("eunit/include/eunit.hrl").

-define(R, epmd_mdns_client_pairs).
-define(A, <<"a@h1">>).
-define(B, <<"b@h2">>).
-define(C, <<"c@h3">>).

what_is_new_is_told_once_test() ->
	{[{apart, ?A, ?C, timed_out}], Told} = ?R:reports([{?A, ?C, timed_out}], #{}),
	?assertEqual({[], Told}, ?R:reports([{?A, ?C, timed_out}], Told)),
	?assertMatch({[{apart, ?C, ?A, closed}], _}, ?R:reports([{?A, ?C, timed_out}, {?C, ?A, closed}], Told)).

another_reason_is_told_test() ->
	{_, Told} = ?R:reports([{?A, ?C, timed_out}], #{}),
	?assertMatch({[{apart, ?A, ?C, closed}], _}, ?R:reports([{?A, ?C, closed}], Told)).

%% Before what is new: there may be no room for both.
what_is_over_is_told_test() ->
	{_, Told} = ?R:reports([{?A, ?C, closed}, {?B, ?C, closed}], #{}),
	?assertMatch({[{together, ?A, ?C}, {apart, ?A, ?B, closed}], _}, ?R:reports([{?A, ?B, closed}, {?B, ?C, closed}], Told)),
	{Over, None} = ?R:reports([], Told),
	?assertEqual([{together, ?A, ?C}, {together, ?B, ?C}], lists:sort(Over)),
	?assertEqual({[], None}, ?R:reports([], None)).

no_more_are_told_than_the_daemon_takes_test() ->
	Pairs = [{<<"n", (integer_to_binary(N))/binary, "@h1">>, ?C, closed} || N <- lists:seq(101, 120)],
	{First, Told} = ?R:reports(Pairs, #{}),
	?assertEqual([{apart, From, To, Reason} || {From, To, Reason} <- lists:sublist(Pairs, 16)], lists:sort(First)),
	{[{together, <<"n101@h1">>, ?C}, {apart, <<"n117@h1">>, ?C, closed}], _} = ?R:reports(tl(Pairs), Told).

%% They are from other nodes: a line that breaks a rule would end the connection to the daemon.
names_that_no_line_can_hold_are_left_out_test_() ->
	Long = <<"a@", (binary:copy(<<195, 165>>, 253))/binary>>,
	Half = <<"a@", (binary:copy(<<195, 165>>, 80))/binary>>,
	[{Title, ?_assertEqual({[], #{}}, ?R:reports([{From, To, closed}], #{}))} || {Title, From, To} <- [
		{"no name", <<"a">>, ?C}, {"NUL", <<"a@", 0>>, ?C}, {"empty", ?A, <<>>}, {"no UTF-8", ?A, <<"c@", 255>>},
		{"the same", ?A, ?A}, {"too long", Long, <<"c", Long/binary>>}]]
		++ [?_assertMatch({[{apart, Long, Half, closed}], _}, ?R:reports([{Long, Half, closed}], #{}))].
