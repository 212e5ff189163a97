%% SPDX-License-Identifier: Apache-2.0
%%
%% Names that `global` has lost: the node whose process has the name checks whether the nodes that it joins know it, and
%% registers it anew if not.
%%
%% `global` may hear of a name from a third node, and monitors its process, before this node is connected to that one. If
%% just then two connections cross, the monitor reports that the process is gone, and `global` forgets the name on this node
%% for good, although the connection that has won is there a moment later (OTP 25 to 29).

-module(epmd_mdns_join_global_names).

-include_lib("kernel/include/logger.hrl").

%% API.
-export([joined/1]).

%% For tests.
-export([look/4]).

%% When to check after a node has been joined, in milliseconds after the check before: connections cross in the first second; in
%% a big cluster `global` is busy for longer.
-define(DELAYS, [1500, 4500, 24000]).
%% How long a name has to be missing: it may be on its way.
-define(SURE, 1000).
%% How long the other node may take to answer.
-define(TIMEOUT, 5000).
%% How many names are checked: of a node that has more, the others are not.
-define(MAX_NAMES, 1000).

%% Which of these names a node doesn't know; unknown if that can't be told now.
-type ask() :: fun(([Name :: term(), ...]) -> [Name :: term()] | unknown).

%% API.

%% A node is connected. Returns at once.
-spec joined(epmd_mdns_proto:node_name()) -> ok.
joined(Node) ->
	_ = [spawn(fun() -> look(Node, fun(Names) -> unknown_at(Name, Names) end, ?DELAYS, ?SURE) end)
		|| {ok, Name} <- [epmd_mdns_join_names:known(Node)]],
	ok.

%% Times are in milliseconds.
-spec look(epmd_mdns_proto:node_name(), ask(), Delays :: [non_neg_integer()], Sure :: non_neg_integer()) -> ok.
look(Node, Ask, Delays, Sure) ->
	lists:foreach(fun(Delay) ->
		ok = pass(Delay),
		register_anew(Node, missing(Ask, Sure))
	end, Delays).

%% Internal.

%% Those that are still missing after a while, and still ours.
missing(Ask, Sure) ->
	case ask(Ask, lists:sublist(names(), ?MAX_NAMES)) of
		[] -> [];
		First ->
			ok = pass(Sure),
			Own = names(),
			ask(Ask, [Name || Name <- First, lists:member(Name, Own)])
	end.

ask(_, []) ->
	[];
ask(Ask, Names) ->
	case Ask(Names) of
		unknown -> [];
		Missing -> Missing
	end.

names() ->
	[Name || Name <- global:registered_names(), is_own(global:whereis_name(Name))].

is_own(Pid) ->
	is_pid(Pid) andalso node(Pid) =:= node().

%% Only where `global` is through with the node: before that it knows nothing of it, and with connect_all false never will.
unknown_at(Node, Names) ->
	try lists:member(Node, nodes()) andalso lists:member(Node, gen_server:call(global_name_server, get_synced, ?TIMEOUT)) of
		true ->
			Pids = erpc:call(Node, lists, map, [fun global:whereis_name/1, Names], ?TIMEOUT),
			[Name || {Name, undefined} <- lists:zip(Names, Pids)];
		false ->
			unknown
	catch _:_ ->
		unknown
	end.

register_anew(Node, Names) ->
	tell(Node, [Name || Name <- Names, Pid <- [global:whereis_name(Name)], is_own(Pid),
		global:re_register_name(Name, Pid, method(Name)) =:= yes]).

tell(_, []) ->
	ok;
tell(Node, Names) ->
	?LOG_NOTICE(#{what => global_names, node => Node, count => length(Names),
		text => "global had lost names of this node there; they are registered anew"},
		#{report_cb => fun epmd_mdns_client_log:format/1}).

%% How conflicts of the name are resolved, which only global's table tells.
method(Name) ->
	try ets:lookup(global_names, Name) of
		[Row] when is_function(element(3, Row), 3) -> element(3, Row);
		_ -> fun global:random_exit_name/3
	catch _:_ ->
		fun global:random_exit_name/3
	end.

pass(Time) ->
	receive after Time -> ok end.
