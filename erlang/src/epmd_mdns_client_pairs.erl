%% SPDX-License-Identifier: Apache-2.0
%%
%% What the daemon is told of nodes that can't connect to each other, so that epmd-mdns doctor can name them on every host:
%% pure. What is told stands until it is withdrawn, or the connection to the daemon ends; so each pair is told once on a
%% connection, and once more when the reason is another. A daemon that doesn't know the verb, or has no room, is not asked again.

-module(epmd_mdns_client_pairs).

%% API.
-export([reports/2]).

-export_type([told/0]).

-type name() :: epmd_mdns_proto:node_name().
-type told() :: #{{From :: name(), To :: name()} => epmd_mdns_proto:reason()}.

%% As many as the daemon takes from one node (src/core/limits.h).
-define(MAX, 16).
%% A line of the protocol has no room for the longest names.
-define(MAX_LINE, 2048).

%% API.

%% What makes the daemon know these pairs, and no others that it was told of before.
-spec reports([{From :: name(), To :: name(), epmd_mdns_proto:reason()}], told()) -> {[epmd_mdns_proto:request()], told()}.
reports(Pairs, Before) ->
	Now = maps:from_list([{{From, To}, Reason} || {From, To, Reason} <- lists:sublist(lists:filter(fun is_valid/1, Pairs), ?MAX)]),
	{[{together, From, To} || {From, To} <- maps:keys(maps:without(maps:keys(Now), Before))]
		++ [{apart, From, To, Reason} || {Pair={From, To}, Reason} <- maps:to_list(Now),
			maps:get(Pair, Before, none) =/= Reason], Now}.

%% Internal.

%% The names are from other nodes. One that isn't valid could end the connection.
is_valid({From, To, Reason}) ->
	From =/= To andalso epmd_mdns_proto:split_node(From) =/= error andalso epmd_mdns_proto:split_node(To) =/= error
		andalso iolist_size(epmd_mdns_proto:encode({apart, From, To, Reason})) =< ?MAX_LINE.
