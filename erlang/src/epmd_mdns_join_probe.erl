%% SPDX-License-Identifier: Apache-2.0
%%
%% Whether a connection is alive, in a process of its own; if it is not, it is ended. An address that is gone, or a cable
%% that is pulled, leaves a connection that only hangs: OTP gives it up after net_ticktime, a minute by default.
%%
%% The question is one that the emulator of the other node answers by itself, however busy its processes are and whatever
%% version it has: a monitor on a name that nobody has. And net_kernel is asked what net_adm:ping/1 asks, for the sake of
%% nodes that are no BEAM. Any other traffic is an answer, too: on a connection that is busy with something large, the
%% question or its answer waits behind that.

-module(epmd_mdns_join_probe).

-include_lib("kernel/include/logger.hrl").

%% API.
-export([start/3]).

-export_type([result/0]).

%% unaffected: not asked, for the connection does not depend on what has happened. gone: there is none, or another one.
-type result() :: unaffected | alive | ended | gone.

%% How often to look, and how long to wait in between, in milliseconds. If this VM stands still for a while, as its
%% machine does when it is suspended, that is one wait, and not all the time that there is for an answer.
-define(LOOKS, 6).
-define(WAIT, 500).
%% Nobody registers that.
-define(NOBODY, '$epmd_mdns_nobody').

-record(connection, {
	%% The process that OTP has for it: another one, another connection.
	owner :: pid(),
	remote :: inet:ip_address() | unknown,
	received :: non_neg_integer(),
	%% Bytes that the system has taken, if there are more for it.
	sending :: non_neg_integer() | idle
}).

%% API.

%% The result is the reason with which the process ends. A connection to one of the addresses is good, and not asked. Why is
%% for the log.
-spec start(node(), [inet:ip_address()], Why :: binary()) -> {pid(), reference()}.
start(Node, Addresses, Why) ->
	spawn_monitor(fun() -> exit(run(Node, Addresses, Why)) end).

%% Internal.

run(Node, Addresses, Why) ->
	case connection(Node) of
		#connection{remote=Remote} = Connection ->
			case lists:member(Remote, Addresses) of
				true -> unaffected;
				false -> ask(Node, Connection, Why)
			end;
		none ->
			gone
	end.

%% Asking is another process: it is suspended while the connection takes nothing more.
ask(Node, Connection, Why) ->
	Self = self(),
	_ = spawn_link(fun() ->
		Self ! answer(Node)
	end),
	wait(?LOOKS, Node, Connection, Why).

answer(Node) ->
	Call = make_ref(),
	case erlang:send({net_kernel, Node}, {'$gen_call', {self(), Call}, {is_auth, node()}}, [noconnect]) of
		ok ->
			Monitor = monitor(process, {?NOBODY, Node}),
			receive
				{Call, _} -> answered;
				{'DOWN', Monitor, process, _, noproc} -> answered
			end;
		noconnect ->
			lost
	end.

wait(0, Node, _, Why) ->
	ok = give_up(Node, Why),
	ended;
wait(Looks, Node, Before=#connection{owner=Owner}, Why) ->
	receive
		answered -> alive
	after ?WAIT ->
		case connection(Node) of
			Now=#connection{owner=Owner} ->
				case moves(Before, Now) of
					true -> alive;
					false -> wait(Looks - 1, Node, Before#connection{sending=Now#connection.sending}, Why)
				end;
			_ ->
				gone
		end
	end.

%% Bytes that have come in were sent by a living host. Those that go out prove something only if there were others that had to
%% wait before: the system's buffer was full then, and takes more when the other end has confirmed some.
moves(#connection{received=Before}, #connection{received=Now}) when Now =/= Before -> true;
moves(#connection{sending=Before}, #connection{sending=Now}) -> is_integer(Before) andalso Now =/= Before.

%% The joiner has to know before the connection ends that nobody has asked for that.
give_up(Node, Why) ->
	?LOG_NOTICE(#{what => ended, node => atom_to_binary(Node), reason => Why,
		text => "the node does not answer over this connection any more; it is ended, and made anew if the node is in the cluster"},
		#{report_cb => fun epmd_mdns_client_log:format/1}),
	ok = epmd_mdns_join:unanswered(atom_to_binary(Node)),
	_ = erlang:disconnect_node(Node),
	ok.

%% One that is only being made is none.
connection(Node) ->
	case net_kernel:node_info(Node) of
		{ok, Info} ->
			case maps:from_list(Info) of
				#{state := up, owner := Owner, address := Address, in := In} ->
					#connection{owner=Owner, remote=remote(Address), received=In, sending=sending(Node)};
				_ ->
					none
			end;
		_ ->
			none
	end.

%% OTP's record net_address.
remote({net_address, {Ip, _}, _, _, _}) when is_tuple(Ip) -> unmapped(Ip);
remote(_) -> unknown.

%% An IPv4 address as an IPv6 socket has it.
unmapped({0, 0, 0, 0, 0, 16#FFFF, _, _} = Ip) -> inet:ipv4_mapped_ipv6_address(Ip);
unmapped(Ip) -> Ip.

%% With TLS the port is hidden behind processes.
sending(Node) ->
	case proplists:get_value(Node, erlang:system_info(dist_ctrl)) of
		Port when is_port(Port) ->
			case inet:getstat(Port, [send_oct, send_pend]) of
				{ok, Stats} ->
					case maps:from_list(Stats) of
						#{send_pend := 0} -> idle;
						#{send_oct := Sent, send_pend := Pending} -> Sent - Pending
					end;
				{error, _} ->
					idle
			end;
		_ ->
			idle
	end.
