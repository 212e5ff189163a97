%% SPDX-License-Identifier: Apache-2.0
%%
%% A new version of the application under a living node, for the instructions of epmd_mdns.appup.
%%
%% release_handler finds the processes of applications, but ours belong to kernel, below a child that isn't said to be a
%% supervisor. And it loads module after module, while net_kernel may be in any of them and must not fail. So all is done
%% here: the workers stand still, all modules are loaded at once, each process converts its state, and the workers go on.
%% The connection to the daemon is the client's all the time, so nobody sees the node leave.
%%
%% No caller is killed for running old code: net_kernel is among those that might.

-module(epmd_mdns_upgrade).

%% API.
-export([from/2]).

%% The first two call the client, and so have to stand still before it.
-define(WORKERS, [epmd_mdns_prober, epmd_mdns_joiner, epmd_mdns_client]).

%% All times are in milliseconds. How long a process may take to stand still, or to convert its state.
-define(STEP, 5000).
%% Whoever has called the old code is done then: a callback takes less than a second.
-define(CALLBACKS, 2000).
%% How long to wait until no process runs older code than the one that is to be replaced, and how often to look.
-define(PURGE, 5000).
-define(POLL, 20).

%% API.

%% The modules come from where this one does. Those of the older version that are no more are removed.
-spec from(Version :: string(), Removed :: [module()]) -> ok | {error, term()}.
from(Version, Removed) ->
	Ebin = filename:dirname(code:which(?MODULE)),
	Code = code(Ebin),
	Modules = [Module || {Module, _, _} <- Code],
	{ok, Prepared} = code:prepare_loading(Code),
	case purge(Modules, ?PURGE) andalso replace(Prepared, Version) of
		ok ->
			receive after ?CALLBACKS -> ok end,
			ok = end_orphans(),
			_ = [code:delete(Module) || Module <- Removed],
			%% What is still in use is purged by the next upgrade.
			_ = purge(Modules ++ Removed, 10 * ?POLL),
			ok;
		false ->
			{error, not_purged};
		Error ->
			Error
	end.

%% Internal.

%% All modules of the new version but this one, which is loaded.
code(Ebin) ->
	{ok, Names} = erl_prim_loader:list_dir(Ebin),
	[begin
		{ok, Beam, File} = erl_prim_loader:get_file(filename:join(Ebin, Name)),
		{list_to_atom(filename:basename(Name, ".beam")), File, Beam}
	end || Name <- Names, filename:extension(Name) =:= ".beam", Name =/= ?MODULE_STRING ++ ".beam"].

%% A VM that isn't distributed has no processes.
replace(Prepared, Version) ->
	Workers = [{Module, Pid, stand_still(Pid)} || Module <- ?WORKERS, Pid <- [whereis(Module)], is_pid(Pid)],
	case code:finish_loading(Prepared) of
		ok ->
			%% The supervisor first: it owns the table, and starts the worker that couldn't convert its state.
			_ = [{stand_still(Sup), change(epmd_mdns_sup, Sup, Version), go_on(Sup)}
				|| Sup <- [whereis(epmd_mdns_sup)], is_pid(Sup)],
			lists:foreach(fun({Module, Pid, IsStill}) ->
				IsStill andalso change(Module, Pid, Version) andalso go_on(Pid) orelse exit(Pid, kill)
			end, lists:reverse(Workers)),
			start_new(whereis(epmd_mdns_sup));
		Error ->
			_ = [go_on(Pid) || {_, Pid, _} <- Workers],
			Error
	end.

%% A supervisor does not start by itself what only its new code has. A worker that is just being started again is no concern.
start_new(undefined) ->
	ok;
start_new(Sup) ->
	_ = [supervisor:restart_child(Sup, Id) || {Id, undefined, _, _} <- supervisor:which_children(Sup)],
	ok.

stand_still(Pid) ->
	is_ok(fun() -> sys:suspend(Pid, ?STEP) end).

change(Module, Pid, Version) ->
	is_ok(fun() -> sys:change_code(Pid, Module, Version, [], ?STEP) end).

go_on(Pid) ->
	is_ok(fun() -> sys:resume(Pid, ?STEP) end).

is_ok(Fun) ->
	try
		Fun() =:= ok
	catch exit:_ ->
		false
	end.

%% 0.1.0 left a process behind, which waited for a node, when the one that had asked for it was killed.
end_orphans() ->
	_ = [exit(Pid, kill) || Pid <- epmd_mdns_table:get(subscribers, []), Pid =/= self(),
		erlang:check_process_code(Pid, epmd_mdns_lookup)],
	ok.

purge(Modules, Timeout) ->
	case [Module || Module <- Modules, not code:soft_purge(Module)] of
		[] -> true;
		_ when Timeout =< 0 -> false;
		Left -> receive after ?POLL -> purge(Left, Timeout - ?POLL) end
	end.
