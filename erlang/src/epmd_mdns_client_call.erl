%% SPDX-License-Identifier: Apache-2.0
%%
%% Calls to the client, for callers that must neither wait for long nor crash with it.

-module(epmd_mdns_client_call).

%% API. Timeouts are in milliseconds.
-export([call/3]).
-export([insist/3]).

%% How soon the next client is asked for what one has died of, or before.
-define(RETRY, 100).

%% API.

%% Whatever goes wrong with a call is the daemon's fault, or will be over soon.
-spec call(term(), timeout(), Default) -> term() | Default.
call(Request, Timeout, Default) ->
	try
		gen_statem:call(epmd_mdns_client, Request, Timeout)
	catch exit:_ ->
		Default
	end.

%% As call/3, but the request is made for certain: it doesn't die with the client that should have come to it. The next
%% one is asked, for as long as the distribution runs under this supervisor: the next supervisor is another node's.
-spec insist(term(), timeout(), Default) -> term() | Default.
insist(Request, Timeout, Default) ->
	Supervisor = whereis(epmd_mdns_sup),
	{Pid, Monitor} = spawn_monitor(fun() -> exit({answer, ask(Request, Supervisor, Default)}) end),
	receive
		{'DOWN', Monitor, process, Pid, {answer, Answer}} ->
			Answer
	after Timeout ->
		true = demonitor(Monitor, [flush]),
		Default
	end.

%% Internal.

ask(Request, Supervisor, Default) ->
	try
		gen_statem:call(epmd_mdns_client, Request, infinity)
	catch exit:_ ->
		case whereis(epmd_mdns_sup) of
			Supervisor when is_pid(Supervisor) -> receive after ?RETRY -> ask(Request, Supervisor, Default) end;
			_ -> Default
		end
	end.
