%% SPDX-License-Identifier: Apache-2.0
%%
%% What the lines of the daemon mean to the client, with plain values.

-module(epmd_mdns_client_state_tests).

-include_lib("eunit/include/eunit.hrl").

-define(S, epmd_mdns_client_state).
-define(LISTENER, {5000, tcp, inet}).

%% The connection.

all_that_is_wanted_is_said_at_once_test() ->
	{State, [{keep, lease, _}, {reply, net_kernel, {ok, -1}}]} = registering(net_kernel, new()),
	?assertEqual(disconnected, ?S:phase(State)),
	{Connected, Effects} = ?S:connected(State),
	?assertEqual(syncing, ?S:phase(Connected)),
	?assertMatch([{send, [{hello, 1}, {register, <<"alice@h1">>, #{port := 5000}}, subscribe]}, {silence, limited}], Effects).

the_daemon_may_be_silent_when_it_owes_nothing_test() ->
	{Connected, _} = ?S:connected(new()),
	{Greeted, Effects} = ?S:hear({ok, [<<"1">>, <<"fake/1">>], #{}}, Connected),
	?assertEqual([{keep, server, <<"fake/1">>}, {silence, limited}], Effects),
	{Subscribed, [{silence, limited}]} = ?S:hear({ok, [], #{}}, Greeted),
	{Ready, [synced, {silence, infinity}]} = ?S:hear({event, sync}, Subscribed),
	?assertEqual(ready, ?S:phase(Ready)),
	{_, [{send, [{hello, 1}]}, {silence, limited}]} = ?S:refresh(asker, Ready).

%% More questions don't give the daemon more time.
a_second_question_does_not_set_the_clock_anew_test() ->
	{Asked, _} = ?S:refresh(first, ready()),
	?assertMatch({_, [{send, [{hello, 1}]}]}, ?S:refresh(second, Asked)).

a_snapshot_that_is_under_way_is_no_reason_to_ask_test() ->
	{Connected, _} = ?S:connected(new()),
	?assertEqual({Connected, [{reply, asker, ok}]}, ?S:refresh(asker, Connected)).

a_refresh_is_answered_when_its_turn_has_come_test() ->
	{Asked, _} = ?S:refresh(first, ready()),
	{Twice, _} = ?S:refresh(second, Asked),
	{Once, [{reply, first, ok}, {silence, limited}]} = ?S:hear({ok, [<<"1">>, <<"fake/1">>], #{}}, Twice),
	?assertMatch({_, [{reply, second, ok}, {silence, infinity}]}, ?S:hear({ok, [<<"1">>, <<"fake/1">>], #{}}, Once)).

nonsense_ends_the_connection_test_() ->
	[?_assertMatch({_, [{lose, {fault, Message}}]}, ?S:hear(Message, ready())) || Message <- [
		malformed, {node, endpoint()}, {ok, [], #{}}, {error, <<"limit">>, <<"too many connections">>}]].

%% A daemon older than we are doesn't know the verb, and one that has no room refuses it.
a_report_that_is_refused_is_the_end_of_nothing_test() ->
	?assertNot(?S:may_report(new())),
	{Reporting, [{send, [_, _]}, {silence, limited}]} =
		?S:report([{disconnected, <<"bob@h2">>}, {connected, <<"bob@h2">>, endpoint()}], ready()),
	{Once, [{silence, limited}]} = ?S:hear({error, <<"unknown-verb">>, <<"known are">>}, Reporting),
	{Twice, [{silence, infinity}]} = ?S:hear({error, <<"limit">>, <<"too many">>}, Once),
	?assertEqual(ready, ?S:phase(Twice)),
	?assertEqual({Twice, []}, ?S:report([], Twice)),
	{Pairs, _} = ?S:report([{together, <<"a@h1">>, <<"b@h2">>}, {apart, <<"a@h1">>, <<"c@h3">>, closed}], Twice),
	{Third, [{silence, limited}]} = ?S:hear({error, <<"unknown-verb">>, <<"known are">>}, Pairs),
	?assertEqual({Twice, [{silence, infinity}]}, ?S:hear({error, <<"unknown-verb">>, <<"known are">>}, Third)).

%% Only a node that the daemon knows is believed to be connected.
who_is_not_registered_reports_nothing_test() ->
	?assertNot(?S:may_report(ready())),
	{Registering, _} = ?S:register(me, <<"alice@h1">>, ?LISTENER, fun describe/3, ready()),
	?assertNot(?S:may_report(Registering)),
	{Registered, _} = ?S:hear({ok, [], #{<<"creation">> => <<"4711">>}}, Registering),
	?assert(?S:may_report(Registered)).

%% What happens to nodes is passed on; only what its own host withdraws is forgotten at once.
events_are_passed_on_test() ->
	Endpoint = endpoint(),
	Effects = fun(Event) -> {_, [Effect, {silence, infinity}]} = ?S:hear(Event, ready()), Effect end,
	?assertEqual({up, Endpoint, <<"seen">>}, Effects({event, up, Endpoint, <<"seen">>})),
	?assertEqual({up, Endpoint, <<"replaced">>}, Effects({event, changed, Endpoint, <<"replaced">>})),
	?assertEqual({down, Endpoint, stale, <<"goodbye">>}, Effects({event, down, Endpoint, <<"goodbye">>})),
	?assertEqual({down, Endpoint, forgotten, <<"unregistered">>}, Effects({event, down, Endpoint, <<"unregistered">>})),
	?assertEqual({network, <<"resumed">>}, Effects({event, network, <<"resumed">>})),
	?assertMatch({_, [{silence, infinity}]}, ?S:hear(ignored, ready())).

%% A daemon of 0.1.0 believes who announces a name that means this host, also as soon as its own node of that name has ended.
a_loopback_name_of_another_host_is_nobody_test() ->
	Mine = (endpoint())#{node := <<"app@127.0.0.1">>, source := local},
	Theirs = Mine#{source := lan},
	Effects = fun(Event) -> {_, [Effect, {silence, infinity}]} = ?S:hear(Event, ready()), Effect end,
	?assertEqual({up, Mine, <<"registered">>}, Effects({event, up, Mine, <<"registered">>})),
	[?assertEqual({down, Theirs, forgotten, <<"unregistered">>}, Effects({event, Kind, Theirs, Reason}))
		|| {Kind, Reason} <- [{up, <<"present">>}, {up, <<"seen">>}, {changed, <<"replaced">>}]].

who_waits_gets_an_answer_when_the_connection_is_lost_test() ->
	{Asked, _} = ?S:refresh(asker, ready()),
	{Registering, [{keep, lease, _}, {send, [{register, _, _}]}]} = registering(net_kernel, Asked),
	{Lost, Effects} = ?S:lost(closed, false, Registering),
	?assertEqual(disconnected, ?S:phase(Lost)),
	?assertMatch([{keep, lease, _}, {log, {lost, closed}}, {connect, 0}, {silence, infinity},
		{reply, net_kernel, {ok, -1}}, {reply, asker, ok}], Effects),
	?assertMatch({_, [{send, [{hello, 1}, {register, _, _}, subscribe]}|_]}, ?S:connected(Lost)).

a_good_connection_wipes_out_what_was_before_test() ->
	{Once, _} = ?S:lost(closed, false, new()),
	{Twice, Effects} = ?S:lost(closed, false, Once),
	?assert(lists:member({connect, 1}, Effects)),
	{Good, After} = ?S:lost(closed, true, Twice),
	?assertMatch([{log, forgive}|_], After),
	?assert(lists:member({connect, 0}, After)),
	{_, Next} = ?S:lost(closed, false, Good),
	?assert(lists:member({connect, 1}, Next)).

%% The registration.

the_first_creation_is_the_nodes_and_stays_so_test() ->
	{Asked, _} = registering(net_kernel, ready()),
	{Held, [{keep, lease, Lease}, {log, granted}, {reply, net_kernel, {ok, 4711}}, {silence, infinity}]} =
		?S:hear({ok, [], #{<<"creation">> => <<"4711">>}}, Asked),
	?assertEqual(4711, epmd_mdns_client_lease:creation(Lease)),
	{Again, _} = registering(rabbit, Held),
	?assertMatch({_, [_, _, {reply, rabbit, {ok, 4711}}|_]}, ?S:hear({ok, [], #{<<"creation">> => <<"4712">>}}, Again)).

a_creation_that_is_none_ends_the_connection_test() ->
	{Asked, _} = registering(net_kernel, ready()),
	?assertMatch({_, [{lose, {fault, #{}}}]}, ?S:hear({ok, [], #{}}, Asked)).

what_is_refused_is_tried_again_test_() ->
	[{Token, fun() ->
		{Asked, _} = registering(net_kernel, ready()),
		{Refused, Effects} = ?S:hear({error, list_to_binary(Token), <<"text">>}, Asked),
		?assertEqual([{log, {refused, <<"alice@h1">>, list_to_binary(Token), <<"text">>}}, refused,
			{reply, net_kernel, Answer}, {silence, infinity}], Effects),
		?assertMatch({_, [{send, [{register, <<"alice@h1">>, #{port := 5000}}]}, {silence, limited}]},
			?S:register_again(Refused))
	end} || {Token, Answer} <- [{"duplicate-name", {error, duplicate_name}}, {"limit", {ok, -1}}]].

what_is_held_is_not_asked_for_again_test() ->
	{Asked, _} = registering(net_kernel, ready()),
	{Held, _} = ?S:hear({ok, [], #{<<"creation">> => <<"4711">>}}, Asked),
	?assertEqual({Held, []}, ?S:register_again(Held)),
	?assertMatch({_, []}, ?S:register_again(new())).

a_vm_has_one_node_test() ->
	{Asked, _} = registering(net_kernel, ready()),
	?assertEqual({Asked, [{reply, other, {error, already_registered}}]},
		?S:register(other, <<"eve@h1">>, ?LISTENER, fun describe/3, Asked)).

who_leaves_closes_the_connection_and_is_registered_again_when_it_joins_test() ->
	{Asked, _} = registering(net_kernel, ready()),
	{Left, [{keep, lease, _}, {reply, user, ok}, {lose, left}]} = ?S:leave(user, Asked),
	{Lost, _} = ?S:lost(left, false, Left),
	?assertMatch({_, [{keep, lease, _}, {reply, user, ok}]}, ?S:leave(user, Lost)),
	{Connected, [{send, [{hello, 1}, subscribe]}|_]} = ?S:connected(Lost),
	?assertMatch({_, [{keep, lease, _}, {reply, user, ok}, {send, [{register, _, _}]}]}, ?S:join(user, Connected)).

%% Internal.

new() ->
	?S:new(epmd_mdns_client_lease:new()).

ready() ->
	{Connected, _} = ?S:connected(new()),
	{Greeted, _} = ?S:hear({ok, [<<"1">>, <<"fake/1">>], #{}}, Connected),
	{Subscribed, _} = ?S:hear({ok, [], #{}}, Greeted),
	{Ready, _} = ?S:hear({event, sync}, Subscribed),
	Ready.

registering(From, State) ->
	?S:register(From, <<"alice@h1">>, ?LISTENER, fun describe/3, State).

describe(Port, Proto, Family) ->
	#{port => Port, proto => Proto, family => Family}.

endpoint() ->
	#{node => <<"bob@h2">>, port => 1, family => inet, proto => tcp, addr => [{192, 0, 2, 2}], source => lan,
		type => visible}.
