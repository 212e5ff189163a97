%% SPDX-License-Identifier: Apache-2.0
%%
%% What the joiner has to say in the log: a line for each node that is joined or lost. Most of it falls into the boot of
%% the node, where logger has but a temporary handler: what is said to that appears twice, or breaks it, as it is about
%% to be replaced. So it is kept until then, with the time at which it was true.

-module(epmd_mdns_join_log).

-include_lib("kernel/include/logger.hrl").

%% API.
-export([new/0]).
-export([started/1]).
-export([joined/2]).
-export([failed/5]).
-export([event/3]).
-export([full/1]).
-export([flush/1]).

-export_type([log/0]).

-type entry() :: {logger:level(), map(), Time :: integer()}.

-record(log, {
	%% The newest first.
	kept = [] :: [entry()],
	tries = 0 :: non_neg_integer(),
	is_full_logged = false :: boolean()
}).

-opaque log() :: #log{}.

%% In milliseconds, and how often: whoever keeps the temporary handler wants to read it there.
-define(RETRY, 100).
-define(MAX_TRIES, 100).

%% API.

-spec new() -> log().
new() ->
	#log{}.

%% The distribution is up; what follows can be measured from here.
-spec started(epmd_mdns_proto:node_name()) -> ok.
started(Node) ->
	?LOG_DEBUG(#{what => distribution_up, node => Node}, #{report_cb => fun epmd_mdns_client_log:format/1}).

-spec joined(epmd_mdns_proto:node_name(), log()) -> log().
joined(Node, Log) ->
	add(notice, #{what => joined, node => Node}, Log).

%% With where it was tried.
-spec failed(epmd_mdns_proto:node_name(), epmd_mdns_join_attempt:failure(), [{inet | inet6, inet:ip_address(), inet:port_number()}],
	epmd_mdns_join_policy:level(), log()) -> log().
failed(_, _, _, none, Log) ->
	Log;
failed(Node, refused, _, Level, Log) ->
	add(Level, #{what => join_failed, node => Node, reason => refused,
		text => "the node is there, but refuses the connection; do both have the same cookie?"}, Log);
failed(Node, Failure, Addresses, Level, Log) ->
	Where = lists:join(" or ", [["port ", integer_to_list(Port), " of ", inet:ntoa(Ip)] || {_, Ip, Port} <- Addresses]),
	add(Level, #{what => join_failed, node => Node, reason => epmd_mdns_join_policy:failure(Failure),
		text => lists:flatten(["the node is advertised, but can't be reached", case Failure of
			timed_out -> [": no answer from ", Where];
			closed -> [": connection refused by ", Where];
			_ -> ""
		end, "; is there a firewall?"])}, Log).

%% What else has come to pass.
-spec event(tuple(), IsGlobalCalm :: boolean(), log()) -> log().
event({lost, Node, Reason}, _, Log) ->
	add(notice, #{what => lost, node => Node, reason => Reason}, Log);
event({paused, Node, Reason}, _, Log) ->
	add(notice, #{what => paused, node => Node, by => case Reason of
		{us, pause} -> <<"pause/1 here">>;
		{us, disconnect_node} -> <<"disconnect_node/1 here">>;
		{them, disconnect_node} -> <<"disconnect_node/1 on ", Node/binary>>;
		{them, _} -> <<"pause/1 on ", Node/binary>>
	end}, Log);
event({fault, From, To, Reason}, IsCalm, Log) ->
	add(warning, #{what => pair_apart, nodes => [From, To], reason => Reason, text => lists:flatten(io_lib:format("~ts can't reach ~ts (~s)~s",
		[From, To, case Reason of timed_out -> "timed out"; closed -> "refused" end, case IsCalm of
			true -> "";
			false -> "; OTP's global will disconnect others because of that"
		end]))}, Log);
event({aside, Nodes}, _, Log) ->
	add(notice, #{what => stands_aside, nodes => Nodes,
		text => "this node leaves the others until the pair can connect, so that they stay connected"}, Log);
event({mended, One, Other}, _, Log) ->
	add(notice, #{what => pair_mended, nodes => [One, Other]}, Log);
event({conflict, Node, First, Second}, _, Log) ->
	add(warning, #{what => name_conflict, node => Node, first => First, second => Second,
		text => "the node runs on two hosts; the first one is joined, the second one is left alone. Rename one of them"}, Log);
event({second, First}, _, Log) ->
	add(warning, #{what => name_conflict, node => atom_to_binary(node()), first => First, text => lists:flatten(io_lib:format(
		"another ~ts runs on host ~ts; it was there first; this node is left alone. Rename one of them", [node(), First]))}, Log).

%% More nodes than there can be atoms for.
-spec full(log()) -> log().
full(Log=#log{is_full_logged=true}) ->
	Log;
full(Log) ->
	add(warning, #{what => joiner_full, text => "too many names of nodes have been joined; new names are ignored"},
		Log#log{is_full_logged=true}).

%% To be called when the message flush comes.
-spec flush(log()) -> log().
flush(Log=#log{kept=Kept, tries=Tries}) ->
	case Tries < ?MAX_TRIES andalso is_booting() of
		true ->
			retry(Log#log{tries=Tries + 1});
		false ->
			lists:foreach(fun log/1, lists:reverse(Kept)),
			Log#log{kept=[]}
	end.

%% Internal.

add(Level, Report, Log=#log{kept=Kept}) ->
	Entry = {Level, Report, logger:timestamp()},
	case Kept =:= [] andalso not is_booting() of
		true -> log(Entry), Log;
		false when Kept =:= [] -> retry(Log#log{kept=[Entry]});
		false -> Log#log{kept=[Entry|Kept]}
	end.

retry(Log) ->
	_ = erlang:send_after(?RETRY, self(), flush),
	Log.

log({Level, Report, Time}) ->
	?LOG(Level, Report, #{time => Time, report_cb => fun epmd_mdns_client_log:format/1}).

%% logger's temporary handler is there until kernel has installed the default one.
is_booting() ->
	lists:member(simple, logger:get_handler_ids()).
