%% SPDX-License-Identifier: Apache-2.0
%%
%% A logger handler that sends the reports of epmd_mdns to a test, as {log, Level, Report}.

-module(log_catcher).

%% API.
-export([with/1]).
-export([logged/0]).
-export([is_quiet/0]).

%% logger.
-export([log/2]).

%% API.

-spec with(fun(() -> Result)) -> Result.
with(Test) ->
	ok = logger:add_handler(?MODULE, ?MODULE, #{config => self()}),
	ok = logger:set_module_level([epmd_mdns_client_log, epmd_mdns_join_log, epmd_mdns_join_probe], all),
	try
		Test()
	after
		ok = logger:unset_module_level([epmd_mdns_client_log, epmd_mdns_join_log, epmd_mdns_join_probe]),
		ok = logger:remove_handler(?MODULE),
		ok = flush()
	end.

%% The next line of the log.
-spec logged() -> {logger:level(), logger:report()} | nothing.
logged() ->
	receive {log, Level, Report} -> {Level, Report} after 10000 -> nothing end.

%% Nothing has been logged that was not asked for.
-spec is_quiet() -> boolean().
is_quiet() ->
	receive {log, _, _} -> false after 0 -> true end.

%% logger.

-spec log(logger:log_event(), logger:handler_config()) -> ok.
log(#{level := Level, msg := {report, Report=#{what := _}}}, #{config := Pid}) ->
	Pid ! {log, Level, Report},
	ok;
log(_, _) ->
	ok.

%% Internal.

%% Tests may share a process.
flush() ->
	receive {log, _, _} -> flush() after 0 -> ok end.
