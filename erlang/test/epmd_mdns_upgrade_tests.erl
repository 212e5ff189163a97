%% SPDX-License-Identifier: Apache-2.0
%%
%% A node that runs 0.1.0 is upgraded while it lives, as release_handler does it: in a VM of its own, which begins with
%% beams made from tests/fixtures.

-module(epmd_mdns_upgrade_tests).

-include_lib("eunit/include/eunit.hrl").

-export([upgrade/1]).

%% This version, whatever its number is.
-define(NEW, "999.0.0").

-define(BOB, "bob@h2 port=9 family=inet proto=tcp addr=192.0.2.2 source=lan cluster=team age=12").
-define(CAROL, "carol@h3 port=9 family=inet proto=tcp addr=192.0.2.3 source=lan cluster=team age=1").

a_living_node_comes_from_the_last_release_to_this_version_test_() ->
	{timeout, 120, fun() ->
		Dir = string:trim(os:cmd("mktemp -d")),
		try
			Old = old_release(Dir),
			New = new_release(Dir),
			Command = io_lib:format("ERL_CRASH_DUMP_SECONDS=0 ~ts/bin/erl -noinput -pa ~ts -pa ~ts "
				"-eval '~w:upgrade(\"~ts\"), io:put_chars(\"upgraded\"), halt().' 2>&1", [code:root_dir(), Old,
				filename:dirname(code:which(?MODULE)), ?MODULE, New]),
			?assertEqual("upgraded", os:cmd(lists:flatten(Command)))
		after
			file:del_dir_r(Dir)
		end
	end}.

%% A later upgrade from this very version finds states that need no conversion.
what_is_of_this_version_stays_as_it_is_test() ->
	ok = epmd_mdns_table:new(tcp),
	try
		{ok, Phase, Data, _} = epmd_mdns_client:init([]),
		?assertEqual({ok, Phase, Data}, epmd_mdns_client:code_change("0.1.0", Phase, Data, [])),
		{ok, State, _} = epmd_mdns_joiner:init([]),
		?assertEqual({ok, State}, epmd_mdns_joiner:code_change("0.1.0", State, [])),
		{ok, Prober, _} = epmd_mdns_prober:init([]),
		?assertEqual({ok, Prober}, epmd_mdns_prober:code_change("0.1.0", Prober, [])),
		ok = epmd_mdns_table:put(lease, kept),
		ok = epmd_mdns_table:new(tcp),
		?assertEqual(kept, epmd_mdns_table:get(lease, lost))
	after
		_ = process_flag(trap_exit, false),
		ok = net_kernel:monitor_nodes(false, [{node_type, all}]),
		ok = net_kernel:monitor_nodes(false, [{node_type, all}, nodedown_reason]),
		ets:delete(epmd_mdns_table)
	end.

%% The list of what is removed is complete, and names nothing that there is.
what_is_no_more_is_removed_test() ->
	Dir = string:trim(os:cmd("mktemp -d")),
	try
		ok = unpack(Dir),
		Before = modules(filename:join([Dir, "epmd_mdns-0.1.0", "src", "*.erl"])),
		Now = modules(filename:join(os:getenv("EPMD_MDNS_EBIN"), "*.beam")),
		{ok, [{_, [{_, Instructions}], _}]} = file:consult(filename:join(os:getenv("EPMD_MDNS_EBIN"), "epmd_mdns.appup")),
		[Removed] = [Removed || {apply, {epmd_mdns_upgrade, from, ["0.1.0", Removed]}} <- Instructions],
		?assertEqual(lists:sort(Before -- Now), lists:sort(Removed))
	after
		file:del_dir_r(Dir)
	end.

%% In that VM: the node stays what it is, and its processes what they are.
-spec upgrade(file:name()) -> ok.
upgrade(To) ->
	ok = logger:set_primary_config(level, error),
	ok = application:start(epmd_mdns),
	true = os:putenv("EPMD_MDNS_CLUSTER", "team"),
	test_node:with_daemon(#{nodes => [?BOB]}, fun(Daemon) ->
		{ok, 4711} = test_node:register_alice(5000),
		test_node:synced(Daemon),
		ok = epmd_mdns:subscribe(),
		{up, <<"bob@h2">>, _} = up(),
		ok = epmd_mdns:pause("dave@h4"),
		Answer = waiting(),
		ok = orphan(),
		Before = [{Name, whereis(Name)} || Name <- [epmd_mdns_sup, epmd_mdns_client, epmd_mdns_joiner]],
		ok = fake_daemon:flush(Daemon),
		{ok, _} = release_handler:upgrade_app(epmd_mdns, To),
		{ok, ?NEW} = application:get_key(epmd_mdns, vsn),
		%% All of it is the new code, and nothing of the old one is left.
		[] = [Module || {Module, File} <- code:all_loaded(), is_list(File), string:find(File, "epmd_mdns-0.1.0") =/= nomatch],
		[] = [Module || {Module, _} <- code:all_loaded(), erlang:check_old_code(Module), lists:prefix("epmd_mdns", atom_to_list(Module))],
		true = is_list(code:which(epmd_mdns_join_state)),
		Before = [{Name, whereis(Name)} || {Name, _} <- Before],
		3 = epmd_mdns_table:get(version, 1),
		[<<"bob@h2">>] = epmd_mdns:nodes() -- [<<"alice@h1">>],
		%% What 0.1.0 did not have runs.
		true = is_pid(whereis(epmd_mdns_prober)),
		%% The connection has been the same all the time: its next line is no HELLO. So the node is still registered.
		ok = fake_daemon:tell(Daemon, ["EVENT up ", ?CAROL, " reason=seen\n"]),
		{up, <<"carol@h3">>, _} = up(),
		{ok, 4711} = test_node:register_alice(5000),
		<<"REGISTER alice@h1 port=5000", _/binary>> = fake_daemon:expect(Daemon, <<>>),
		{ok, {192, 0, 2, 3}, 9, 6} = epmd_mdns:address_please("carol", "h3", inet),
		ok = test_node:wait_for(fun() -> is_map_key(<<"carol@h3">>, epmd_mdns:peers()) end),
		%% Who waits goes on waiting.
		ok = Answer(),
		%% What crashes is started again with what is in the table. Until here nothing has crashed, or the log would say so.
		ok = logger:set_primary_config(level, none),
		ok = test_node:kill_client(),
		_ = fake_daemon:expect(Daemon, <<"REGISTER alice@h1 port=5000">>),
		test_node:synced(Daemon),
		ok = test_node:kill(epmd_mdns_joiner),
		#{<<"dave@h4">> := _} = epmd_mdns_table:get(paused, #{}),
		{ok, 4711} = test_node:register_alice(5000),
		ok
	end).

%% Internal.

%% A program that waits for more nodes than there are.
waiting() ->
	Self = self(),
	{Pid, Monitor} = spawn_monitor(fun() -> Self ! {self(), epmd_mdns:wait(2, 6000)} end),
	ok = test_node:wait_for(fun() -> process_info(Pid, status) =:= {status, waiting} end),
	fun() ->
		receive
			{Pid, {error, timeout}} -> true = demonitor(Monitor, [flush]), ok;
			{'DOWN', Monitor, process, Pid, Reason} -> Reason
		end
	end.

%% Who looks for a node that nobody knows is killed; in 0.1.0 there is a process then that goes on listening.
orphan() ->
	Before = epmd_mdns_table:get(subscribers, []),
	Caller = spawn(fun() -> epmd_mdns:address_please("nobody", "h9", inet) end),
	ok = test_node:wait_for(fun() -> length(epmd_mdns_table:get(subscribers, [])) > length(Before) end),
	true = exit(Caller, kill),
	ok.

up() ->
	case test_node:event() of
		{join_failed, _, _} -> up();
		Event -> Event
	end.

old_release(Dir) ->
	ok = unpack(Dir),
	Lib = filename:join(Dir, "epmd_mdns-0.1.0"),
	Ebin = filename:join(Lib, "ebin"),
	ok = file:make_dir(Ebin),
	_ = [{ok, _} = compile:file(File, [{outdir, Ebin}]) || File <- filelib:wildcard(filename:join(Lib, "src/*.erl"))],
	{ok, App} = file:read_file(filename:join(Lib, "src/epmd_mdns.app.src.in")),
	ok = file:write_file(filename:join(Ebin, "epmd_mdns.app"), string:replace(App, "@VERSION@", "0.1.0")),
	Ebin.

new_release(Dir) ->
	Lib = filename:join(Dir, "epmd_mdns-" ++ ?NEW),
	ok = filelib:ensure_dir(filename:join([Lib, "ebin", "x"])),
	[{application, _, Keys}] = element(2, file:consult(filename:join(os:getenv("EPMD_MDNS_EBIN"), "epmd_mdns.app"))),
	Version = proplists:get_value(vsn, Keys),
	_ = [begin
		{ok, Content} = file:read_file(File),
		ok = file:write_file(filename:join([Lib, "ebin", filename:basename(File)]), case filename:extension(File) of
			".beam" -> Content;
			_ -> string:replace(Content, ["\"", Version, "\""], ["\"", ?NEW, "\""])
		end)
	end || File <- filelib:wildcard(filename:join(os:getenv("EPMD_MDNS_EBIN"), "epmd_mdns*"))],
	Lib.

unpack(Dir) ->
	Tar = filename:join([filename:dirname(os:getenv("PROTOCOL_EXAMPLES")), "fixtures", "epmd_mdns-0.1.0.tar.gz"]),
	erl_tar:extract(Tar, [compressed, {cwd, Dir}]).

modules(Wildcard) ->
	[list_to_atom(filename:rootname(filename:basename(File))) || File <- filelib:wildcard(Wildcard)].
