%% SPDX-License-Identifier: Apache-2.0
%%
%% The process that epmd_mdns:start_link/0 returns. kernel links its own fate to it: when it dies, the
%% node dies. So it does nothing that could fail, and it owns what must outlive the client: the table.

-module(epmd_mdns_sup).
-behaviour(supervisor).

%% In an interactive VM a module is loaded when something calls it: in net_kernel, perhaps, and after an
%% upgrade has taken its file away. So all are loaded before anything else.
-define(MODULES, [epmd_mdns, epmd_mdns_backoff, epmd_mdns_client, epmd_mdns_client_call, epmd_mdns_client_lease,
	epmd_mdns_client_log, epmd_mdns_client_pairs, epmd_mdns_client_peers, epmd_mdns_client_state,
	epmd_mdns_client_subscribers, epmd_mdns_config,
	epmd_mdns_join, epmd_mdns_join_attempt, epmd_mdns_join_attempts, epmd_mdns_join_faults, epmd_mdns_join_global,
	epmd_mdns_join_global_names, epmd_mdns_join_instances, epmd_mdns_join_log, epmd_mdns_join_message,
	epmd_mdns_join_names, epmd_mdns_join_pauses, epmd_mdns_join_policy, epmd_mdns_join_probe, epmd_mdns_join_state, epmd_mdns_join_talk, epmd_mdns_join_waiting,
	epmd_mdns_joiner, epmd_mdns_lookup, epmd_mdns_lookup_directory, epmd_mdns_lookup_host, epmd_mdns_lookup_peers,
	epmd_mdns_lookup_query, epmd_mdns_lookup_stock, epmd_mdns_prober, epmd_mdns_proto, epmd_mdns_proto_attribute,
	epmd_mdns_proto_line, epmd_mdns_proto_source, epmd_mdns_table, epmd_mdns_table_entries,
	epmd_mdns_upgrade]).

%% API.
-export([start_link/0]).
-export([start_worker/1]).

%% supervisor.
-export([init/1]).

%% API.

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
	supervisor:start_link({local, ?MODULE}, ?MODULE, []).

%% For this supervisor only. It tries a start that fails again at once, thousands of times a second, each
%% with a page in the log. So no start fails: something that only waits takes the place of the worker.
-spec start_worker(module()) -> {ok, pid()}.
start_worker(Module) ->
	try Module:start_link() of
		{ok, Pid} ->
			ok = epmd_mdns_backoff:started(Module),
			{ok, Pid};
		_ ->
			{ok, rest(Module)}
	catch _:_ ->
		{ok, rest(Module)}
	end.

%% supervisor.

%% An ordinary restart intensity says: if the worker can't be kept alive, give up and let somebody
%% above decide. Above us is only the end of the VM, and a node that merely can't be found is better
%% than no node. A million restarts a second can't be reached, so the supervisor never gives up; a
%% worker that finds traces of a predecessor rests a little before it does anything, so a crash that
%% repeats itself doesn't spin (epmd_mdns_backoff:rest/1).
%%
%% It is called again after an upgrade of the code.
-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
	_ = [code:ensure_loaded(Module) || Module <- ?MODULES],
	ok = epmd_mdns_table:new(epmd_mdns_config:proto()),
	{ok, {#{strategy => one_for_one, intensity => 1000000, period => 1}, [
		#{id => epmd_mdns_client, start => {?MODULE, start_worker, [epmd_mdns_client]}, shutdown => 1000},
		#{id => epmd_mdns_joiner, start => {?MODULE, start_worker, [epmd_mdns_joiner]}, shutdown => 1000},
		#{id => epmd_mdns_prober, start => {?MODULE, start_worker, [epmd_mdns_prober]}, shutdown => 1000}
	]}}.

%% Internal.

rest(Module) ->
	Rest = epmd_mdns_backoff:failed(Module),
	_ = Module =:= epmd_mdns_client andalso epmd_mdns_table:put(daemon, down),
	spawn_link(fun() ->
		receive after Rest -> exit({no_worker, Module}) end
	end).
