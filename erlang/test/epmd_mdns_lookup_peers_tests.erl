%% SPDX-License-Identifier: Apache-2.0
%%
%% Questions and answers among nodes. The other nodes are real: what they answer is what this one has in its table, or
%% whatever a process there says.

-module(epmd_mdns_lookup_peers_tests).

-include_lib("eunit/include/eunit.hrl").

-define(P, epmd_mdns_lookup_peers).
-define(BOB, <<"bob@h2">>).

who_is_connected_to_nobody_asks_nobody_test() ->
	?assertEqual([], ?P:ask(?BOB, 5000)).

%% This node is asked itself: a message to it is a message all the same.
a_node_answers_what_it_has_test() ->
	answering(fun(From, Node) -> ?P:answer(From, Node) end, fun() ->
		?assertEqual([], ask()),
		{up, _, _} = epmd_mdns_table:up(bob(), make_ref()),
		[?assertEqual([], ask()) || ok <- [epmd_mdns_table:put(daemon, down)]],
		[?assertMatch([#{node := ?BOB, port := 1, source := peer, addr := [{192, 0, 2, 2}], cluster := <<"team">>}], ask())
			|| ok <- [epmd_mdns_table:put(daemon, up)]],
		{_, _} = epmd_mdns_table:down(bob(), stale),
		?assertEqual([], ask()),
		{up, _, _} = epmd_mdns_table:up((bob())#{source := other}, make_ref()),
		?assertEqual([], ask()),
		?assertEqual([], ?P:ask([node()], <<"no name">>, 5000))
	end).

%% Whether or not a daemon has heard of it.
a_node_knows_where_it_listens_itself_test() ->
	?assertEqual([], epmd_mdns_client_lease:endpoints(epmd_mdns_client_lease:new())),
	Describe = fun(Port, Proto, Family) -> #{port => Port, proto => Proto, family => Family, type => visible} end,
	{ok, _, Inet} = epmd_mdns_client_lease:want(?BOB, {1, tcp, inet}, Describe, epmd_mdns_client_lease:new()),
	{ok, _, Both} = epmd_mdns_client_lease:want(?BOB, {2, tcp, inet6}, Describe, Inet),
	?assertMatch([#{node := ?BOB, port := 1, addr := [{127, 0, 0, 1}], source := local}, #{port := 2, addr := [{0, 0, 0, 0, 0, 0, 0, 1}]}],
		epmd_mdns_client_lease:endpoints(Both)),
	%% It is not to be found.
	?assertEqual([], epmd_mdns_client_lease:endpoints(epmd_mdns_client_lease:leave(Both))).

%% What has been parted from may be elsewhere by now.
doubt_is_no_answer_test() ->
	answering(fun(From, Node) -> ?P:answer(From, Node) end, fun() ->
		ok = epmd_mdns_table:put(daemon, up),
		{up, _, _} = epmd_mdns_table:up(bob(), make_ref()),
		{_, []} = epmd_mdns_table:disconnected(?BOB),
		?assertEqual([], ask())
	end).

%% A node of that host has a loopback address there. Without a connection there is no better one.
a_loopback_address_is_no_answer_test() ->
	answering(fun(From, Node) -> ?P:answer(From, Node) end, fun() ->
		ok = epmd_mdns_table:put(daemon, up),
		{up, _, _} = epmd_mdns_table:up((bob())#{source := local, addr := [{127, 0, 0, 1}]}, make_ref()),
		?assertEqual([], ask())
	end).

nonsense_is_no_answer_test_() ->
	[{lists:flatten(io_lib:format("~p", [Lines])), fun() ->
		answering(fun(From, _) -> From ! {?P, {at, node(), Lines}} end, fun() -> ?assertEqual([], ask()) end)
	end} || Lines <- [[], [hello], [<<"NODE">>], [<<"OK\n">>],
		[<<"NODE carol@h3 port=1 family=inet proto=tcp addr=192.0.2.3 source=lan\n">>],
		[<<"NODE bob@h2 port=0 family=inet proto=tcp addr=192.0.2.3 source=lan\n">>]]].

%% A node with an older version is silent, and one answer is enough.
who_does_not_answer_is_not_waited_for_any_longer_test() ->
	answering(fun(_, _) -> silent end, fun() ->
		{Took, []} = timer:tc(fun() -> ?P:ask([node()], ?BOB, 50) end),
		?assert(Took >= 50000)
	end),
	receive Unexpected -> error(Unexpected) after 0 -> ok end.

%% Internal.

ask() ->
	?P:ask([node()], ?BOB, 5000).

%% In the place of the client.
answering(Answer, Test) ->
	ok = epmd_mdns_table:new(tcp),
	Client = spawn_link(fun() ->
		(fun Loop() ->
			receive {?P, {where, From, Node}} -> _ = Answer(From, Node), Loop() end
		end)()
	end),
	true = register(epmd_mdns_client, Client),
	try
		Test()
	after
		unlink(Client),
		Monitor = monitor(process, Client),
		exit(Client, kill),
		receive {'DOWN', Monitor, _, _, _} -> ok end,
		ets:delete(epmd_mdns_table)
	end.

bob() ->
	#{node => ?BOB, port => 1, family => inet, proto => tcp, addr => [{192, 0, 2, 2}], source => lan, type => visible,
		cluster => <<"team">>}.
