%% SPDX-License-Identifier: Apache-2.0
%%
%% OTP's `global`, which connects nodes and disconnects them as the joiner does, without asking it.

-module(epmd_mdns_join_global).

%% API.
-export([be_patient/0]).
-export([is_calm/0]).
-export([is_calm/1]).

%% How often `global` tries again to connect a node that it has heard of.
-define(RETRIES, 3).

%% API.

%% `global` tries that once, and if that fails it has the node disconnected from all others. But where two nodes connect
%% to each other at the same moment one attempt may well fail, and in a new cluster all do. A setting of the user's stays.
%% See global_connect_retries in kernel's global:sync_others/1, which is not documented.
-spec be_patient() -> ok.
be_patient() ->
	case application:get_env(kernel, global_connect_retries) of
		undefined -> application:set_env(kernel, global_connect_retries, ?RETRIES);
		{ok, _} -> ok
	end.

%% Whether it never disconnects nodes because of what it has heard of others (since OTP 25 it does, unless it is told
%% otherwise).
-spec is_calm() -> boolean().
is_calm() ->
	lists:member(false, [setting(prevent_overlapping_partitions), setting(connect_all)]).

%% Whether who disconnects from a node is a program, for certain. Where `global` connects nodes, one that is not calm may
%% also ask the others to disconnect from it. With global groups it disconnects for reasons of its own.
-spec is_calm(IsOtherCalm :: boolean()) -> boolean().
is_calm(IsOtherCalm) ->
	setting(global_groups) =:= undefined
		andalso (setting(connect_all) =:= false orelse is_calm() andalso IsOtherCalm).

%% Internal.

setting(Key) ->
	application:get_env(kernel, Key, undefined).
