%% SPDX-License-Identifier: Apache-2.0
%%
%% The process that epmd_mdns:start_link/0 returns. kernel links its own fate to it: when it dies, the
%% node dies. So it does nothing that could fail, and it owns what must outlive the client: the table.

-module(epmd_mdns_sup).
-behaviour(supervisor).

%% API.
-export([start_link/0]).

%% supervisor.
-export([init/1]).

%% API.

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
	supervisor:start_link({local, ?MODULE}, ?MODULE, []).

%% supervisor.

%% An ordinary restart intensity says: if the worker can't be kept alive, give up and let somebody
%% above decide. Above us is only the end of the VM, and a node that merely can't be found is better
%% than no node. A million restarts a second can't be reached, so the supervisor never gives up; a
%% client that finds traces of a predecessor waits a little before it connects, so a crash that
%% repeats itself doesn't spin.
-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
	ok = epmd_mdns_table:new(epmd_mdns_config:proto()),
	{ok, {#{strategy => one_for_one, intensity => 1000000, period => 1}, [
		#{id => epmd_mdns_client, start => {epmd_mdns_client, start_link, []}, shutdown => 1000}
	]}}.
