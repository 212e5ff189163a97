%% SPDX-License-Identifier: Apache-2.0

-module(epmd_mdns_config_tests).

-include_lib("eunit/include/eunit.hrl").

%% The options. Flags belong to a VM, so those are tested in a child.

without_options_there_are_defaults_test() ->
	?assertEqual({#{socket => "/run/epmd-mdns/control", cluster => undefined, fallback => true,
		join_hidden => false}, []},
		epmd_mdns_config:read()).

every_option_may_come_from_the_environment_test() ->
	with_process_env([{"EPMD_MDNS_SOCKET", "/tmp/x"}, {"EPMD_MDNS_CLUSTER", "my-team"},
			{"EPMD_MDNS_FALLBACK", "false"}, {"EPMD_MDNS_JOIN_HIDDEN", "true"}], fun() ->
		?assertEqual({#{socket => "/tmp/x", cluster => <<"my-team">>, fallback => false, join_hidden => true}, []},
			epmd_mdns_config:read()),
		with_env([{cluster, team}], fun() ->
			?assertMatch({#{socket := "/tmp/x", cluster := <<"team">>}, []}, epmd_mdns_config:read())
		end)
	end),
	with_process_env([{"EPMD_MDNS_CLUSTER", ""}], fun() ->
		?assertMatch({#{cluster := undefined}, [#{option := "cluster", value := ""}]}, epmd_mdns_config:read())
	end).

a_release_has_its_options_in_the_application_environment_test() ->
	with_env([{cluster, team}, {fallback, false}, {join_hidden, true}, {socket, <<"/tmp/y">>}], fun() ->
		?assertEqual({#{socket => "/tmp/y", cluster => <<"team">>, fallback => false, join_hidden => true}, []},
			epmd_mdns_config:read())
	end).

a_wrong_value_is_a_problem_and_the_default_stays_test_() ->
	Default = element(1, epmd_mdns_config:read()),
	[{lists:flatten(io_lib:format("~0p", [Option])), fun() ->
		with_env([Option], fun() ->
			?assertMatch({Default, [#{what := bad_option, option := Key, value := Value, text := _}]},
				epmd_mdns_config:read())
		end)
	end} || Option={Key, Value} <- [
		{cluster, ""}, {cluster, "a b"}, {cluster, lists:duplicate(64, $c)}, {cluster, 5}, {cluster, "å"},
		{cluster, {a}}, {fallback, maybe_not}, {fallback, 1}, {join_hidden, 1}, {socket, ""}, {socket, lists:duplicate(108, $s)},
		{socket, 5}, {socket, [$a, 0]}, {colour, "red"}
	]].

flags_are_pairs_and_the_last_one_wins_test() ->
	?assertEqual({#{socket => "/tmp/z", cluster => <<"b-c">>, fallback => false, join_hidden => false}, []},
		in_child("-epmd_mdns cluster a -epmd_mdns cluster b-c socket /tmp/z -epmd_mdns fallback false",
			"epmd_mdns_config:read()")).

%% OTP reads the same flag as Erlang terms when the application is loaded.
a_value_may_be_quoted_as_a_term_test() ->
	?assertMatch({#{socket := "/tmp/z", cluster := <<"b-c">>}, []},
		in_child("-epmd_mdns cluster '\"b-c\"' -epmd_mdns socket '\"/tmp/z\"'", "epmd_mdns_config:read()")),
	?assertMatch({#{cluster := <<"b-c">>}, []},
		in_child("-epmd_mdns cluster \"'b-c'\"", "epmd_mdns_config:read()")),
	?assertMatch({#{cluster := undefined}, [#{value := "\"b"}]},
		in_child("-epmd_mdns cluster '\"b'", "epmd_mdns_config:read()")).

a_flag_without_a_value_is_a_problem_test() ->
	?assertMatch({#{cluster := undefined}, [#{option := "cluster"}]},
		in_child("-epmd_mdns cluster", "epmd_mdns_config:read()")).

%% Facts about the VM.

the_protocol_is_that_of_proto_dist_test() ->
	?assertEqual(tcp, epmd_mdns_config:proto()),
	?assertEqual(tls, in_child("-proto_dist inet6_tls", "epmd_mdns_config:proto()")),
	?assertEqual(tcp, in_child("-proto_dist inet6_tcp", "epmd_mdns_config:proto()")).

%% net_kernel doesn't tell which of several listeners it is that it registers.
each_listener_has_the_protocol_of_its_place_in_proto_dist_test() ->
	?assertEqual([tcp, tcp, tls, tls], in_child("-proto_dist inet_tcp inet6_tcp inet6_tls",
		"[epmd_mdns_config:proto(N) || N <- lists:seq(1, 4)]")).

%% net_kernel connects with the last of them.
a_node_of_several_protocols_connects_with_the_last_test() ->
	?assertEqual(tls, in_child("-proto_dist inet_tcp inet_tls", "epmd_mdns_config:proto()")),
	?assertEqual(tcp, in_child("-proto_dist inet_tls inet_tcp", "epmd_mdns_config:proto()")).

a_registration_says_what_the_vm_is_test() ->
	Otp = list_to_binary(erlang:system_info(otp_release)),
	?assertEqual(#{port => 5, family => inet, proto => tcp, type => visible, otp => Otp, dist => {6, 6}},
		registration(inet)),
	?assertEqual(#{port => 5, family => inet, proto => tcp, type => visible, otp => Otp, dist => {6, 6},
		cluster => <<"team">>}, epmd_mdns_config:registration(#{cluster => <<"team">>}, 5, tcp, inet)).

a_hidden_node_says_so_test() ->
	Type = "maps:get(type, epmd_mdns_config:registration(#{cluster => undefined}, 5, tcp, inet))",
	?assertEqual(hidden, in_child("-hidden", Type)),
	?assertEqual(visible, in_child("-hidden false", Type)),
	persistent_term:put({net_kernel, publish_type}, hidden),
	try
		?assertMatch(#{type := hidden}, registration(inet))
	after
		persistent_term:erase({net_kernel, publish_type})
	end.

the_address_is_the_one_that_distribution_is_bound_to_test_() ->
	Ip6 = {16#FD00, 0, 0, 0, 0, 0, 0, 1},
	[fun() ->
		with_kernel_env(Env, fun() ->
			?assertEqual(Address, maps:get(addr, registration(Family), all))
		end)
	end || {Family, Env, Address} <- [
		{inet, [], all},
		{inet, [{inet_dist_use_interface, {192, 0, 2, 1}}], {192, 0, 2, 1}},
		{inet6, [{inet_dist_use_interface, Ip6}], Ip6},
		{inet6, [{inet_dist_use_interface, {192, 0, 2, 1}}], all},
		{inet, [{inet_dist_use_interface, {0, 0, 0, 0}}], all},
		{inet6, [{inet_dist_use_interface, {0, 0, 0, 0, 0, 0, 0, 0}}], all},
		{inet, [{inet_dist_use_interface, "localhost"}], all},
		{inet, [{inet_dist_listen_options, [{ip, loopback}]}], {127, 0, 0, 1}},
		{inet6, [{inet_dist_listen_options, [{ip, loopback}]}], {0, 0, 0, 0, 0, 0, 0, 1}},
		{inet, [{inet_dist_listen_options, [{ip, {1, 1, 1, 1}}, inet, {ifaddr, {2, 2, 2, 2}}]}], {2, 2, 2, 2}},
		{inet, [{inet_dist_listen_options, [{nodelay, true}]}], all},
		{inet, [{inet_dist_listen_options, nonsense}], all},
		{inet, [{inet_dist_listen_options, [{ip, {1, 1, 1, 1}}]}, {inet_dist_use_interface, {2, 2, 2, 2}}],
			{2, 2, 2, 2}}
	]].

%% Internal.

registration(Family) ->
	epmd_mdns_config:registration(#{cluster => undefined}, 5, tcp, Family).

with_process_env(Env, Test) ->
	[true = os:putenv(Key, Value) || {Key, Value} <- Env],
	try
		Test()
	after
		[os:unsetenv(Key) || {Key, _} <- Env]
	end.

with_env(Env, Test) ->
	[ok = application:set_env(epmd_mdns, Key, Value) || {Key, Value} <- Env],
	try
		Test()
	after
		[ok = application:unset_env(epmd_mdns, Key) || {Key, _} <- Env]
	end.

with_kernel_env(Env, Test) ->
	[ok = application:set_env(kernel, Key, Value) || {Key, Value} <- Env],
	try
		Test()
	after
		[ok = application:unset_env(kernel, Key) || {Key, _} <- Env]
	end.

%% What the expression is worth in a VM with these flags.
in_child(Flags, Expression) ->
	Ebin = filename:dirname(code:which(?MODULE)),
	AppEbin = os:getenv("EPMD_MDNS_EBIN"),
	Output = os:cmd(lists:concat(["erl -noinput -boot start_clean -pa '", AppEbin, "' -pa '", Ebin, "' ", Flags,
		" -eval 'io:format(\"~0p.\", [", Expression, "]), halt().'"])),
	{ok, Tokens, _} = erl_scan:string(Output),
	{ok, Term} = erl_parse:parse_term(Tokens),
	Term.
