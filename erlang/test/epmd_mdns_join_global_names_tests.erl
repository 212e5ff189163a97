%% SPDX-License-Identifier: Apache-2.0

-module(epmd_mdns_join_global_names_tests).

-include_lib("eunit/include/eunit.hrl").

%% For global.
-export([resolve/3]).

-define(NAME, {?MODULE, name}).
-define(BOB, <<"bob@h2">>).

a_name_that_is_missing_twice_is_registered_anew_test() ->
	with_name(fun() ->
		log_catcher:with(fun() ->
			Before = row(),
			ok = look([[?NAME], [?NAME]]),
			?assertEqual(self(), global:whereis_name(?NAME)),
			?assertNotEqual(Before, row()),
			?assertMatch({notice, #{what := global_names, node := ?BOB, count := 1}}, log_catcher:logged())
		end)
	end).

%% How a conflict of the name is resolved stays as its owner wants it.
the_method_stays_test_() ->
	[fun() ->
		with_name(Method, fun() ->
			ok = look([[?NAME], [?NAME]]),
			?assertEqual(Method, element(3, row()))
		end)
	end || Method <- [fun global:notify_all_name/3, fun ?MODULE:resolve/3]].

what_is_known_after_a_moment_stays_as_it_is_test() ->
	unchanged([[?NAME], []]).

what_is_known_is_not_asked_for_again_test() ->
	unchanged([[]]).

a_node_that_does_not_answer_is_left_alone_test() ->
	unchanged([unknown]),
	unchanged([[?NAME], unknown]).

a_name_that_is_gone_meanwhile_stays_gone_test() ->
	with_name(fun() ->
		ok = epmd_mdns_join_global_names:look(?BOB, fun(Names) ->
			_ = global:unregister_name(?NAME),
			Names
		end, [0], 0),
		?assertEqual(undefined, global:whereis_name(?NAME))
	end).

a_name_that_is_gone_at_the_last_moment_is_no_line_in_the_log_test() ->
	log_catcher:with(fun() ->
		with_name(fun() ->
			_ = put(asked, 0),
			ok = epmd_mdns_join_global_names:look(?BOB, fun(Names) ->
				1 =:= put(asked, get(asked) + 1) andalso global:unregister_name(?NAME),
				Names
			end, [0], 0),
			?assertEqual(2, get(asked)),
			?assertEqual(undefined, global:whereis_name(?NAME)),
			?assert(log_catcher:is_quiet())
		end)
	end).

who_has_no_names_asks_nobody_test() ->
	ok = epmd_mdns_join_global_names:look(?BOB, fun(Names) -> error({asked, Names}) end, [0], 0).

each_look_asks_for_itself_test() ->
	with_name(fun() ->
		ok = look([[], [?NAME], []], [0, 0]),
		?assertEqual([], asked())
	end).

%% `global` is not through with a node that isn't connected.
a_node_that_is_not_connected_is_not_asked_test() ->
	with_name(fun() ->
		Before = row(),
		ok = epmd_mdns_join_global_names:joined(atom_to_binary(node())),
		ok = epmd_mdns_join_global_names:joined(<<"nobody has made an atom of this@h9">>),
		?assertEqual(Before, row())
	end).

%% Internal.

resolve(_, One, _) ->
	One.

unchanged(Answers) ->
	with_name(fun() ->
		Before = row(),
		ok = look(Answers),
		?assertEqual([], asked()),
		?assertEqual(Before, row())
	end).

with_name(Test) ->
	with_name(fun global:random_exit_name/3, Test).

with_name(Method, Test) ->
	yes = global:register_name(?NAME, self(), Method),
	try
		Test()
	after
		global:unregister_name(?NAME)
	end.

%% It is another one after each registration: it has the monitor.
row() ->
	[Row] = ets:lookup(global_names, ?NAME),
	Row.

%% Answers in turn.
look(Answers) ->
	look(Answers, [0]).

look(Answers, Delays) ->
	_ = put(answers, Answers),
	epmd_mdns_join_global_names:look(?BOB, fun(Names) ->
		?assertEqual([?NAME], Names),
		[Answer|Rest] = get(answers),
		_ = put(answers, Rest),
		Answer
	end, Delays, 0).

asked() ->
	get(answers).
