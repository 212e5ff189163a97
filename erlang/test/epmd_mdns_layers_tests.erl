%% SPDX-License-Identifier: Apache-2.0
%%
%% No modules of the application call each other in a circle: who reads one reads what it calls, and is done.

-module(epmd_mdns_layers_tests).

-include_lib("eunit/include/eunit.hrl").

no_circle_test() ->
	Calls = calls(),
	?assertNotEqual([], Calls),
	?assertEqual([], circles(Calls)).

%% The check itself finds what it looks for.
circle_is_found_test() ->
	?assertEqual([[a, b, c]], [lists:sort(Circle) || Circle <- circles([{a, b}, {b, c}, {c, a}, {c, d}])]).

%% Which modules call which others.
calls() ->
	Modules = xref_of(os:getenv("EPMD_MDNS_EBIN")),
	{ok, Calls} = xref:q(Modules, "strict (ME || AM)"),
	xref:stop(Modules),
	Calls.

xref_of(Directory) ->
	{ok, Xref} = xref:start([{xref_mode, functions}]),
	ok = xref:set_default(Xref, [{warnings, false}, {verbose, false}]),
	{ok, [_|_]} = xref:add_directory(Xref, Directory),
	Xref.

circles(Calls) ->
	Graph = digraph:new(),
	_ = [digraph:add_vertex(Graph, Module) || {From, To} <- Calls, Module <- [From, To]],
	_ = [digraph:add_edge(Graph, From, To) || {From, To} <- Calls],
	Circles = digraph_utils:cyclic_strong_components(Graph),
	digraph:delete(Graph),
	Circles.
