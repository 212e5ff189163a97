%% SPDX-License-Identifier: Apache-2.0
%%
%% What the joiner has to say in the log: a line for each node that is joined or lost. Most of it falls into the boot of
%% the node, where logger has but a makeshift handler: what is said to that appears twice, or breaks it, as it is about
%% to be replaced. So it is kept until then, with the time at which it was true.

-module(epmd_mdns_join_log).

-include_lib("kernel/include/logger.hrl").

%% API.
-export([new/0]).
-export([started/1]).
-export([joined/2]).
-export([lost/3]).
-export([failed/4]).
-export([full/1]).
-export([flush/1]).

-export_type([news/0]).

-type said() :: {logger:level(), map(), Time :: integer()}.

-record(news, {
	%% The newest first.
	kept = [] :: [said()],
	tries = 0 :: non_neg_integer(),
	is_full_told = false :: boolean()
}).

-opaque news() :: #news{}.

%% In milliseconds, and how often: whoever keeps the makeshift handler wants to read it there.
-define(RETRY, 100).
-define(MAX_TRIES, 100).

%% API.

-spec new() -> news().
new() ->
	#news{}.

%% The distribution is up; what follows can be measured from here.
-spec started(epmd_mdns_proto:node_name()) -> ok.
started(Node) ->
	?LOG_DEBUG(#{what => distribution_up, node => Node}, #{report_cb => fun epmd_mdns_client_log:format/1}).

-spec joined(epmd_mdns_proto:node_name(), news()) -> news().
joined(Node, News) ->
	say(notice, #{what => joined, node => Node}, News).

-spec lost(epmd_mdns_proto:node_name(), term(), news()) -> news().
lost(Node, Reason, News) ->
	say(notice, #{what => lost, node => Node, reason => Reason}, News).

-spec failed(epmd_mdns_proto:node_name(), epmd_mdns_join_policy:failure(), epmd_mdns_join_policy:level(), news()) -> news().
failed(_, _, none, News) ->
	News;
failed(Node, refused, Level, News) ->
	say(Level, #{what => join_failed, node => Node, reason => refused,
		text => "the node is there, but refuses the connection; do both have the same cookie?"}, News);
failed(Node, unreachable, Level, News) ->
	say(Level, #{what => join_failed, node => Node, reason => unreachable,
		text => "the node is advertised, but can't be reached; is there a firewall?"}, News).

%% More nodes than there can be atoms for.
-spec full(news()) -> news().
full(News=#news{is_full_told=true}) ->
	News;
full(News) ->
	say(warning, #{what => joiner_full, text => "too many names of nodes have been joined; new names are ignored"},
		News#news{is_full_told=true}).

%% To be called when the message flush comes.
-spec flush(news()) -> news().
flush(News=#news{kept=Kept, tries=Tries}) ->
	case Tries < ?MAX_TRIES andalso is_makeshift() of
		true ->
			retry(News#news{tries=Tries + 1});
		false ->
			lists:foreach(fun log/1, lists:reverse(Kept)),
			News#news{kept=[]}
	end.

%% Internal.

say(Level, Report, News=#news{kept=Kept}) ->
	Said = {Level, Report, logger:timestamp()},
	case Kept =:= [] andalso not is_makeshift() of
		true -> log(Said), News;
		false when Kept =:= [] -> retry(News#news{kept=[Said]});
		false -> News#news{kept=[Said|Kept]}
	end.

retry(News) ->
	_ = erlang:send_after(?RETRY, self(), flush),
	News.

log({Level, Report, Time}) ->
	?LOG(Level, Report, #{time => Time, report_cb => fun epmd_mdns_client_log:format/1}).

is_makeshift() ->
	lists:member(simple, logger:get_handler_ids()).
