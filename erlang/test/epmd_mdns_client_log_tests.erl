%% SPDX-License-Identifier: Apache-2.0

-module(epmd_mdns_client_log_tests).

-include_lib("eunit/include/eunit.hrl").

a_report_is_one_line_of_text_test_() ->
	[?_assertEqual(Text, lists:flatten(io_lib:format(Format, Arguments))) || {Report, Text} <- [
		{#{what => daemon_found}, "epmd_mdns: daemon_found"},
		{#{what => daemon_lost, reason => closed, socket => "/run/x"},
			"epmd_mdns: daemon_lost (reason: closed, socket: /run/x)"},
		{#{what => bad_option, option => fallback, value => [$a, 0], text => "it is true or false"},
			"epmd_mdns: bad_option: it is true or false (option: fallback, value: [97,0])"},
		{#{what => registration_refused, node => <<"a@h1">>, text => <<"held by pid 5">>},
			"epmd_mdns: registration_refused: held by pid 5 (node: a@h1)"}
	], {Format, Arguments} <- [epmd_mdns_client_log:format(Report)]].
