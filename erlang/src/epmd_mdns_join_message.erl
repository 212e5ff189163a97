%% SPDX-License-Identifier: Apache-2.0
%%
%% Messages to the joiners of nodes that are connected. If one isn't any more, or can't take more, the message is lost. To
%% 0.1.0 there are hello, welcome and pause; epmd_mdns_join_talk has the others, which it ignores.

-module(epmd_mdns_join_message).

%% API.
-export([self/1]).
-export([hello/1]).
-export([send/2]).
-export([welcome/1]).
-export([pause/2]).
-export([tell/2]).

-type name() :: epmd_mdns_proto:node_name().

%% API.

%% What there is to say about this node.
-spec self(IsGlobalCalm :: boolean()) -> epmd_mdns_join_talk:self().
self(IsCalm) ->
	Age = erlang:convert_time_unit(erlang:monotonic_time() - erlang:system_info(start_time), native, millisecond),
	#{creation => creation(), age => Age, is_calm => IsCalm}.

%% Whether somebody here has asked for the connection.
-spec hello(IsAsked :: boolean()) -> term().
hello(IsAsked) ->
	{epmd_mdns_joiner, {hello, own(), creation(), IsAsked}}.

-spec send(node(), term()) -> ok.
send(Name, Message) ->
	_ = erlang:send({epmd_mdns_joiner, Name}, Message, [noconnect, nosuspend]),
	ok.

-spec welcome(name()) -> ok.
welcome(Node) ->
	tell(Node, {welcome, own(), creation()}).

%% The message about comes first: pause is older than the reason.
-spec pause(name(), pause | disconnect_node | unknown) -> ok.
pause(Node, Reason) ->
	ok = tell(Node, {about, own(), #{pause => Reason}}),
	tell(Node, {pause, own(), creation()}).

%% Only what is connected has a name already.
-spec tell(name() | all, term()) -> ok.
tell(all, Message) ->
	lists:foreach(fun(Name) -> send(Name, {epmd_mdns_joiner, Message}) end, nodes(connected));
tell(Node, Message) ->
	_ = [send(Name, {epmd_mdns_joiner, Message}) || {ok, Name} <- [epmd_mdns_join_names:known(Node)]],
	ok.

%% Internal.

own() ->
	atom_to_binary(node()).

creation() ->
	erlang:system_info(creation).
