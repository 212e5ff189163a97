%% SPDX-License-Identifier: Apache-2.0
%%
%% What docs/architecture.md calls pure has the same result for the same arguments, and no effect. This reads it from
%% the beams: no function of a pure module reaches an impure one, through whatever modules of the application.

-module(epmd_mdns_pure_tests).

-include_lib("eunit/include/eunit.hrl").

-define(PURE, [epmd_mdns_choice, epmd_mdns_client_lease, epmd_mdns_client_pairs, epmd_mdns_client_state,
	epmd_mdns_join_faults, epmd_mdns_join_instances, epmd_mdns_join_pauses, epmd_mdns_join_policy, epmd_mdns_join_state, epmd_mdns_join_talk,
	epmd_mdns_proto, epmd_mdns_proto_attribute, epmd_mdns_proto_line, epmd_mdns_proto_source]).

-define(IMPURE_MODULES, [application, atomics, code, counters, ets, file, gen_event, gen_server, gen_statem, gen_tcp, init,
	io, logger, net_kernel, os, persistent_term, proc_lib, rand, supervisor, sys, timer]).
-define(IMPURE_BIFS, ['!', cancel_timer, date, demonitor, disconnect_node, erase, get, is_alive, link,
	localtime, make_ref, monitor, monotonic_time, node, nodes, now, open_port, process_flag, process_info, processes, put,
	register, registered, self, send, send_after, send_nosuspend, spawn, spawn_link, spawn_monitor, spawn_opt,
	start_timer, system_info, system_time, time, time_offset, timestamp, unique_integer, universaltime, unlink,
	unregister, whereis]).

what_is_called_pure_is_pure_test_() ->
	Calls = calls(),
	[{atom_to_list(Module), fun() ->
		Own = [Function || Function={M, _, _} <- maps:keys(Calls), M =:= Module],
		?assertNotEqual([], Own),
		?assertEqual([], impure(Own, Calls))
	end} || Module <- ?PURE].

%% The check itself finds what it looks for.
what_is_impure_is_found_test_() ->
	Calls = calls(),
	[{atom_to_list(Function), ?_assert(lists:member({What, Via}, impure([Via], Calls)))} || {What, Via={_, Function, _}} <- [
		{{erlang, monotonic_time, 1}, {epmd_mdns_backoff, restarts, 2}},
		{{rand, uniform, 1}, {epmd_mdns_backoff, delay, 2}},
		{'receive', {epmd_mdns_join, wait_until, 2}},
		{{erlang, self, 0}, {epmd_mdns_join_log, retry, 1}}
	]] ++ [{"through another module", ?_assertMatch([_|_], impure([{epmd_mdns_backoff, rest, 1}], Calls))}].

%% Internal.

%% What is reached, each with the function that calls it.
impure(Functions, Calls) ->
	Reached = reach(Functions, Calls, #{}),
	lists:usort([{Call, Function} || Function <- maps:keys(Reached), Call <- maps:get(Function, Calls, []), is_impure(Call)]).

reach([], _, Reached) ->
	Reached;
reach([Function|Rest], Calls, Reached) when is_map_key(Function, Reached) ->
	reach(Rest, Calls, Reached);
reach([Function|Rest], Calls, Reached) ->
	reach(maps:get(Function, Calls, []) ++ Rest, Calls, Reached#{Function => []}).

is_impure('receive') -> true;
is_impure({erlang, Name, _}) -> lists:member(Name, ?IMPURE_BIFS);
is_impure({Module, _, _}) -> lists:member(Module, ?IMPURE_MODULES).

%% The calls of every function of the application.
calls() ->
	maps:from_list([Function || Beam <- filelib:wildcard(filename:join(os:getenv("EPMD_MDNS_EBIN"), "*.beam")),
		Function <- functions(Beam)]).

functions(Beam) ->
	{ok, {Module, [{abstract_code, {raw_abstract_v1, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
	Local = [{Name, Arity} || {function, _, Name, Arity, _} <- Forms],
	[{{Module, Name, Arity}, calls(Clauses, Module, Local)} || {function, _, Name, Arity, Clauses} <- Forms].

calls({call, _, {remote, _, {atom, _, Module}, {atom, _, Name}}, Args}, Own, Local) ->
	[{Module, Name, length(Args)}|calls(Args, Own, Local)];
calls({call, _, {atom, _, Name}, Args}, Own, Local) ->
	[resolve(Name, length(Args), Own, Local)|calls(Args, Own, Local)];
calls({'fun', _, {function, Name, Arity}}, Own, Local) ->
	[resolve(Name, Arity, Own, Local)];
calls({'fun', _, {function, {atom, _, Module}, {atom, _, Name}, {integer, _, Arity}}}, _, _) ->
	[{Module, Name, Arity}];
calls({op, _, '!', Left, Right}, Own, Local) ->
	[{erlang, '!', 2}|calls([Left, Right], Own, Local)];
calls(Receive, Own, Local) when is_tuple(Receive), element(1, Receive) =:= 'receive' ->
	['receive'|calls(tl(tuple_to_list(Receive)), Own, Local)];
calls(Form, Own, Local) when is_tuple(Form) ->
	calls(tuple_to_list(Form), Own, Local);
calls([Form|Rest], Own, Local) ->
	calls(Form, Own, Local) ++ calls(Rest, Own, Local);
calls(_, _, _) ->
	[].

resolve(Name, Arity, Own, Local) ->
	case lists:member({Name, Arity}, Local) of
		true -> {Own, Name, Arity};
		false -> {erlang, Name, Arity}
	end.
