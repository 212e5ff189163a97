%% SPDX-License-Identifier: Apache-2.0
%%
%% Who wants to hear of changes. The client holds the monitors; the pids stand in the table, so that a
%% client that is started again finds them.

-module(epmd_mdns_client_subscribers).

%% API, for the client only.
-export([restore/0]).
-export([add/2]).
-export([remove/2]).
-export([notify/3]).
-export([tell/2]).

-export_type([subscribers/0]).

-opaque subscribers() :: #{pid() => reference()}.

%% API.

-spec restore() -> subscribers().
restore() ->
	maps:from_list([{Pid, monitor(process, Pid)} || Pid <- epmd_mdns_table:get(subscribers, [])]).

%% A new subscriber is told first what there is. Nothing can get lost between that and the changes, as
%% both come from the one process that writes the table.
-spec add(pid(), subscribers()) -> subscribers().
add(Pid, Subscribers) when is_map_key(Pid, Subscribers) ->
	Subscribers;
add(Pid, Subscribers) ->
	_ = [Pid ! message({up, Node, Endpoints}, <<"present">>)
		|| {Node, Endpoints} <- epmd_mdns_table:directory()],
	keep(Subscribers#{Pid => monitor(process, Pid)}).

-spec remove(pid(), subscribers()) -> subscribers().
remove(Pid, Subscribers) ->
	case maps:take(Pid, Subscribers) of
		{Monitor, Rest} ->
			true = demonitor(Monitor, [flush]),
			keep(Rest);
		error ->
			Subscribers
	end.

-spec notify([epmd_mdns_table:change()], Reason :: binary(), subscribers()) -> ok.
notify(Changes, Reason, Subscribers) ->
	_ = [Pid ! message(Change, Reason)
		|| Change <- Changes, Change =/= none, Pid <- maps:keys(Subscribers)],
	ok.

-spec tell(tuple(), subscribers()) -> ok.
tell(Event, Subscribers) ->
	_ = [Pid ! {epmd_mdns, Event} || Pid <- maps:keys(Subscribers)],
	ok.

%% Internal.

message({Kind, Node, Endpoints}, Reason) ->
	{epmd_mdns, {Kind, Node, #{reason => Reason, endpoints => Endpoints}}}.

keep(Subscribers) ->
	ok = epmd_mdns_table:put(subscribers, maps:keys(Subscribers)),
	Subscribers.
