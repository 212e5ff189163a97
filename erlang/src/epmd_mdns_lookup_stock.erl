%% SPDX-License-Identifier: Apache-2.0
%%
%% What OTP's own erl_epmd says, that is DNS and epmd, for all that isn't on the LAN.
%%
%% Either can take its time: a dead name server many seconds, an epmd that hangs for ever. Our callers
%% can't wait so long, the least so net_kernel, in which address_please/3 runs on OTP 25 and 27. So the
%% question is put in a process of its own, which is killed when the time is up, or with the caller, together with
%% the sockets that it has open.

-module(epmd_mdns_lookup_stock).

%% API. Timeouts are in milliseconds; at the latest then the answer is {error, timeout}.
-export([address/4]).
-export([port/3]).
-export([names/2]).

%% API.

-spec address(string(), term(), inet | inet6, timeout()) ->
	{ok, inet:ip_address()} | {error, term()}.
address(Name, Host, Family, Timeout) ->
	within(Timeout, fun() -> erl_epmd:address_please(Name, Host, Family) end).

-spec port(string(), term(), timeout()) ->
	{port, inet:port_number(), non_neg_integer()} | noport | closed | {error, term()}.
port(Name, Host, Timeout) ->
	within(Timeout, fun() -> erl_epmd:port_please(Name, Host, Timeout) end).

-spec names(term(), timeout()) -> {ok, [{string(), inet:port_number()}]} | {error, term()}.
names(Host, Timeout) ->
	within(Timeout, fun() -> erl_epmd:names(Host) end).

%% Internal.

%% The answer travels as the reason of the exit, so it can't come late: a monitor that is gone brings
%% no message. An exception is an answer too, as erl_epmd raises on many an odd argument.
within(Timeout, Fun) ->
	Caller = self(),
	{Pid, Monitor} = spawn_monitor(fun() ->
		Asker = self(),
		_ = spawn(fun() -> watch(Asker, Caller, Timeout) end),
		exit({answer, try Fun() catch _:Reason -> {error, Reason} end})
	end),
	receive
		{'DOWN', Monitor, process, Pid, {answer, Answer}} ->
			Answer;
		{'DOWN', Monitor, process, Pid, Reason} ->
			{error, Reason}
	after Timeout ->
		true = exit(Pid, kill),
		true = demonitor(Monitor, [flush]),
		{error, timeout}
	end.

%% The caller may be killed while it waits, as the process that sets up a connection is when its time is up. A
%% link would tell the asker, but could also kill the caller.
watch(Asker, Caller, Timeout) ->
	_ = monitor(process, Asker),
	_ = monitor(process, Caller),
	receive
		{'DOWN', _, process, _, _} -> exit(Asker, kill)
	after Timeout ->
		exit(Asker, kill)
	end.
