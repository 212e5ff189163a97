%% SPDX-License-Identifier: Apache-2.0
%%
%% Who is worth an attempt, and when.

-module(epmd_mdns_join_policy_tests).

-include_lib("eunit/include/eunit.hrl").

only_what_can_work_is_joined_test_() ->
	{setup,
		fun() -> ok = epmd_mdns_table:new(tcp) end,
		fun(_) -> ets:delete(epmd_mdns_table) end,
		[{Title, fun() ->
			{event, up, Endpoint=#{node := Node}, _} =
				epmd_mdns_proto:decode(iolist_to_binary(["EVENT up ", Words, " source=lan age=1 reason=seen"])),
			_ = epmd_mdns_table:up(Endpoint, make_ref()),
			?assertEqual(IsEligible, epmd_mdns_join_policy:is_eligible(Node, [Endpoint], (self_of(<<"alice@h1">>))#{hidden := Hidden},
				fun(Name, Host, Family) -> epmd_mdns_table:address(Name, Host, Family) =/= none end)),
			_ = epmd_mdns_table:down(Endpoint, forgotten)
		end} || {Title, IsEligible, Hidden, Words} <- [
			{"a node of the cluster", true, false, "bob@h2 port=1 family=inet proto=tcp addr=192.0.2.2 cluster=team"},
			{"ourselves", false, false, "alice@h1 port=1 family=inet proto=tcp addr=127.0.0.1 cluster=team"},
			{"no cluster", false, false, "bob@h2 port=1 family=inet proto=tcp addr=192.0.2.2"},
			{"another cluster", false, false, "bob@h2 port=1 family=inet proto=tcp addr=192.0.2.2 cluster=Team"},
			{"another protocol", false, false, "bob@h2 port=1 family=inet proto=tls addr=192.0.2.2 cluster=team"},
			{"another IP version", false, false, "bob@h2 port=1 family=inet6 proto=tcp addr=fd00::2 cluster=team"},
			{"a long name", false, false, "bob@h2.local port=1 family=inet proto=tcp addr=192.0.2.2 cluster=team"},
			{"a hidden node", false, false, "bob@h2 port=1 family=inet proto=tcp type=hidden addr=192.0.2.2 cluster=team"},
			{"a hidden node that is asked for", true, true,
				"bob@h2 port=1 family=inet proto=tcp type=hidden addr=192.0.2.2 cluster=team"}
		]]}.

%% global would carry the one's name to the other's friends, who can't find it.
a_loopback_name_goes_with_its_like_of_this_host_alone_test_() ->
	[{lists:concat([Own, " ", Node, " ", Source]), ?_assertEqual(IsEligible, epmd_mdns_join_policy:is_eligible(
		list_to_binary(Node), [#{node => list_to_binary(Node), source => Source, proto => tcp, type => visible, cluster => <<"team">>}],
		self_of(list_to_binary(Own)), fun(_, _, _) -> true end))} || {Own, Node, Source, IsEligible} <- [
			{"a@127.0.0.1", "b@127.0.0.1", local, true},
			{"a@127.0.0.1", "b@::1", local, true},
			{"a@localhost", "b@ip6-localhost", local, true},
			{"a@127.0.0.1", "b@127.0.0.1", lan, false},
			{"a@127.0.0.1", "b@127.0.0.1", other, false},
			{"a@127.0.0.1", "b@h1.local", local, false},
			{"a@h1.local", "b@127.0.0.1", local, false},
			{"a@localhost", "b@h1", local, false},
			{"a@h1", "b@localhost", lan, false},
			{"a@h1", "b@h2", lan, true}]].

who_has_a_cluster_and_a_node_joins_until_it_leaves_test() ->
	Config = #{socket => "", cluster => <<"team">>, fallback => true, join_hidden => false},
	{ok, _, Lease} = epmd_mdns_client_lease:want(<<"alice@h1">>, {4000, tcp, inet},
		fun(Port, Proto, Family) -> #{port => Port, proto => Proto, family => Family} end, epmd_mdns_client_lease:new()),
	?assertEqual(self_of(<<"alice@h1">>), epmd_mdns_join_policy:self(Config, tcp, Lease)),
	?assertEqual(undefined, epmd_mdns_join_policy:self(Config#{cluster := undefined}, tcp, Lease)),
	?assertEqual(undefined, epmd_mdns_join_policy:self(Config, tcp, epmd_mdns_client_lease:new())),
	?assertEqual(undefined, epmd_mdns_join_policy:self(Config, tcp, epmd_mdns_client_lease:leave(Lease))),
	?assertEqual(self_of(<<"alice@h1">>), epmd_mdns_join_policy:self(Config, tcp, epmd_mdns_client_lease:join(epmd_mdns_client_lease:leave(Lease)))).

what_was_started_together_with_us_is_as_new_as_what_appears_later_test() ->
	Now = 1000000,
	?assertEqual(present, epmd_mdns_join_policy:arrival(present, Now, [#{since => Now - 9}, #{}])),
	?assertEqual(new, epmd_mdns_join_policy:arrival(present, Now, [#{since => Now - 9}, #{since => Now}])),
	?assertEqual(new, epmd_mdns_join_policy:arrival(new, Now, [#{since => Now - 9}])).

%% Of two that see each other at the same moment one is quick, and the other leaves it the time that it needs.
of_two_nodes_one_goes_first_test() ->
	lists:foreach(fun(_) ->
		?assert(epmd_mdns_join_policy:hold(<<"b@h">>, <<"a@h">>, fun rand:uniform/1) =< 50),
		?assert(epmd_mdns_join_policy:hold(<<"a@h">>, <<"b@h">>, fun rand:uniform/1) > 200),
		?assert(epmd_mdns_join_policy:hold(<<"a@h">>, <<"b@h">>, fun rand:uniform/1) =< 300)
	end, lists:seq(1, 100)).

%% A warning here, and at the other end a line of OTP's, each time: so there is time for one a minute at most.
a_refusal_is_not_repeated_within_two_minutes_test() ->
	?assert(lists:min([epmd_mdns_join_policy:delay(refused, N, false, fun rand:uniform/1) || N <- lists:seq(1, 1000)]) > 120000).

%% Its attempt, or that of its global, ends after 7 s, and then comes the next.
who_is_turned_away_comes_again_soon_test() ->
	?assert(lists:max([epmd_mdns_join_policy:delay(turned_away, N, false, fun rand:uniform/1) || N <- lists:seq(1, 100)]) =< 4000).

%% It is global that is in the way, for 7 s each time.
a_node_that_has_been_connected_is_asked_again_soon_but_not_for_ever_test() ->
	Delays = [epmd_mdns_join_policy:delay(refused, N, true, fun rand:uniform/1) || N <- lists:seq(1, 6)],
	{Soon, [Late]} = lists:split(5, Delays),
	?assert(lists:max(Soon) =< 10000),
	?assert(lists:sum(Soon) > 14000),
	?assert(Late > 120000).

%% Internal.

self_of(Node) ->
	#{node => Node, cluster => <<"team">>, proto => tcp, families => [inet], hidden => false}.
