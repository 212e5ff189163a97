%% SPDX-License-Identifier: Apache-2.0
%%
%% The questions of OTP that the table alone can't answer: nodes that nobody on the LAN has heard of, hosts in
%% all their spellings. What the LAN knows comes first, then OTP's own erl_epmd, unless that is switched off.

-module(epmd_mdns_lookup).

%% API. Deadlines are in monotonic time, in milliseconds.
-export([address/4]).
-export([port/3]).
-export([names/2]).

%% How long an advert may take from host to host, in milliseconds: Avahi delays it by up to 0.4 s, a busy host by more.
-define(ADVERT, 800).
%% How long those that we are connected to may take to answer; they need a millisecond.
-define(PEERS, 150).
%% The version of the distribution protocol. OTP 25 and later speak no other.
-define(VERSION, 6).

%% API.

%% Where the node is, for one that the table didn't have a moment ago. If it is on the LAN, but with another
%% protocol or IP version, DNS and epmd can't know better, and asking them costs time.
%%
%% net_kernel, which asks by itself on OTP 25 and 27, only wants to know whether to try this protocol; the process
%% that it then starts for the connection asks again. So net_kernel need not wait, or it would do nothing else
%% while many look for nodes that nobody knows and a name server is dead: a second for each. Where there are
%% several protocols the question finds the right one, and has to be answered.
-spec address(string(), term(), inet | inet6, integer()) ->
	epmd_mdns_table:answer() | {ok, inet:ip_address()} | {error, term()}.
address(Name, Host, Family, Deadline) ->
	case whereis(net_kernel) =:= self() andalso not epmd_mdns_config:has_more_protocols() of
		true -> worth_trying(Name, Host, Family);
		false -> find(Name, Host, Family, Deadline)
	end.

%% The port of a node. With a tuple for a host the caller is OTP, and the node one that address/4 hasn't found
%% on the LAN. A namesake on the LAN at that address is another node: what the epmd there says is worth more.
-spec port(string(), term(), integer()) ->
	{port, inet:port_number(), non_neg_integer()} | noport | closed | {error, term()}.
port(Name, Host, Deadline) ->
	case known_port(Name, epmd_mdns_lookup_host:parse(Host)) of
		noport -> stock_port(Name, Host, Deadline);
		Port when is_tuple(Host) -> better_port(stock_port(Name, Host, Deadline), Port);
		Port -> Port
	end.

%% Tools take an error for a reason to start an epmd: there is none while the daemon is up, even if nothing
%% is known of that host.
-spec names(term(), integer()) -> {ok, [{string(), inet:port_number()}]} | {error, address}.
names(Host, Deadline) ->
	Parsed = epmd_mdns_lookup_host:parse(Host),
	case {epmd_mdns_lookup_directory:at(Parsed), Parsed} of
		{{_, []}, invalid} -> {error, address};
		{{up, []}, own} -> {ok, []};
		{{up, []}, _} -> stock_names(Host, {ok, []}, Deadline);
		{{down, []}, _} -> stock_names(Host, {error, address}, Deadline);
		{{_, Found}, _} -> {ok, epmd_mdns_lookup_directory:names_and_ports(Found)}
	end.

%% Internal.

worth_trying(Name, Host, Family) ->
	case {on_the_lan(Name, Host, Family), Family} of
		{unknown, inet} -> {ok, {0, 0, 0, 0}};
		{unknown, inet6} -> {ok, {0, 0, 0, 0, 0, 0, 0, 0}};
		{unknown, _} -> {error, eafnosupport};
		{{doubtful, Answer}, _} -> Answer;
		{Answer, _} -> Answer
	end.

%% What is known without a daemon is old: a node may have been started anew at another port since. So may one whose connection
%% has ended: when global hears of it from others, its advert is still on its way. A first lookup that fails costs global names
%% of that node, for good.
find(Name, Host, Family, Deadline) ->
	ok = epmd_mdns_client:refresh(),
	IsUp = epmd_mdns_table:get(daemon, absent) =:= up,
	case on_the_lan(Name, Host, Family) of
		unknown -> unknown(peers(Name, Host, Family, Deadline), IsUp, Name, Host, Family, Deadline);
		{doubtful, Answer} -> doubtful(Answer, IsUp, Name, Host, Family, Deadline);
		Answer when IsUp -> Answer;
		Answer -> newer(peers(Name, Host, Family, Deadline), Answer)
	end.

unknown(none, IsUp, Name, Host, Family, Deadline) ->
	case IsUp andalso is_shared(Host) of
		true -> soon(Name, Host, Family, Deadline);
		false -> beyond_the_lan(Name, Host, Family, Deadline)
	end;
unknown(Answer, _, _, _, _, _) ->
	Answer.

%% If somebody listens there, that is it, as a rule. If not, those that we are connected to may know more, or an advert is on
%% its way.
doubtful(Last, IsUp, Name, Host, Family, Deadline) ->
	case is_closed(Last, Family) andalso peers(Name, Host, Family, Deadline) of
		false -> Last;
		Answer when Answer =/= none, Answer =/= Last -> Answer;
		_ when not IsUp -> Last;
		_ -> changed(Last, Name, Host, Family, Deadline)
	end.

is_closed({ok, Ip, Port, _}, Family) ->
	case gen_tcp:connect(Ip, Port, [Family, {active, false}], ?PEERS) of
		{ok, Socket} -> ok = gen_tcp:close(Socket), false;
		{error, Reason} -> Reason =:= econnrefused
	end.

changed(Last, Name, Host, Family, Deadline) ->
	IsNews = fun() -> on_the_lan(Name, Host, Family) =/= {doubtful, Last} end,
	ok = await(node_name(Name, Host), IsNews, min(?ADVERT, left(Deadline))),
	case on_the_lan(Name, Host, Family) of
		Answer={ok, _, _, _} -> Answer;
		{doubtful, Answer} -> Answer;
		_ -> Last
	end.

newer(none, Answer) -> Answer;
newer(Answer, _) -> Answer.

%% In a cluster the nodes that we are connected to may know more.
peers(Name, Host, Family, Deadline) ->
	Endpoints = case is_shared(Host) of
		true -> epmd_mdns_lookup_peers:ask(node_name(Name, Host), min(?PEERS, left(Deadline)));
		false -> []
	end,
	case epmd_mdns_choice:addresses(Family, epmd_mdns_config:proto(), [{Endpoint, false} || Endpoint <- Endpoints]) of
		[Answer|_] -> Answer;
		[] -> none
	end.

on_the_lan(Name, Host, Family) ->
	case epmd_mdns_table:find(Name, epmd_mdns_lookup_host:text(Host), Family) of
		unreachable -> {error, eprotonosupport};
		Other -> Other
	end.

beyond_the_lan(Name, Host, Family, Deadline) ->
	case fallback() of
		true -> epmd_mdns_lookup_stock:address(Name, plain(Host), Family, left(Deadline));
		false -> {error, nxdomain}
	end.

%% In a cluster we hear of a node from others before its advert gets here: global connects a new node to all at once. If
%% one of these connections fails, global disconnects the two nodes from everybody else, to prevent overlapping
%% partitions. So a node that isn't known yet is given as long as an advert takes. Meanwhile DNS is asked, too.
soon(Name, Host, Family, Deadline) ->
	{Pid, Monitor} = spawn_monitor(fun() -> exit({answer, beyond_the_lan(Name, Host, Family, Deadline)}) end),
	ok = await(node_name(Name, Host), fun() -> true end, min(?ADVERT, left(Deadline))),
	case on_the_lan(Name, Host, Family) of
		unknown ->
			receive
				{'DOWN', Monitor, process, Pid, {answer, Answer}} -> Answer;
				{'DOWN', Monitor, process, Pid, _} -> {error, nxdomain}
			end;
		Answer ->
			true = demonitor(Monitor, [flush]),
			sure(Answer)
	end.

sure({doubtful, Answer}) -> Answer;
sure(Answer) -> Answer.

%% The process that subscribes ends by itself, in time or with its caller: that may be killed while it waits, as the one that
%% sets up a connection is when its time is up.
await(Node, IsNews, Timeout) ->
	Caller = self(),
	{Pid, Monitor} = spawn_monitor(fun() ->
		_ = monitor(process, Caller),
		_ = erlang:send_after(Timeout, self(), overdue),
		%% Without a client nothing will be heard.
		case epmd_mdns_client:subscribe(self()) of
			ok -> heard(Node, IsNews);
			{error, not_running} -> ok
		end
	end),
	receive
		{'DOWN', Monitor, process, Pid, _} ->
			ok
	after Timeout ->
		true = exit(Pid, kill),
		true = demonitor(Monitor, [flush]),
		ok
	end.

heard(Node, IsNews) ->
	receive
		{epmd_mdns, {Kind, Node, _}} when Kind =:= up; Kind =:= changed ->
			case IsNews() of
				true -> ok;
				false -> heard(Node, IsNews)
			end;
		{epmd_mdns, _} -> heard(Node, IsNews);
		overdue -> ok;
		{'DOWN', _, process, _, _} -> ok
	end.

better_port(Port={port, _, _}, _) -> Port;
better_port(_, Port) -> Port.

known_port(Name, Host) ->
	{_, All} = epmd_mdns_lookup_directory:at(Host),
	Proto = epmd_mdns_config:proto(),
	Found = [Endpoint || Endpoint=#{proto := P} <- All, P =:= Proto],
	case {lists:keyfind(Name, 1, epmd_mdns_lookup_directory:names_and_ports(Found)), Host} of
		{{Name, Port}, _} -> {port, Port, ?VERSION};
		{false, own} -> own_port(Name);
		{false, _} -> noport
	end.

%% RabbitMQ asks for its own, and registers again if there is none. A daemon that is away is no reason.
own_port(Name) ->
	case epmd_mdns_client_lease:port(Name, epmd_mdns_config:proto(), epmd_mdns_table:get(lease, epmd_mdns_client_lease:new())) of
		{ok, Port} -> {port, Port, ?VERSION};
		error -> noport
	end.

stock_port(Name, Host, Deadline) ->
	case fallback() of
		true -> epmd_mdns_lookup_stock:port(Name, plain(Host), left(Deadline));
		false -> noport
	end.

stock_names(Host, Default, Deadline) ->
	case fallback() andalso epmd_mdns_lookup_stock:names(plain(Host), left(Deadline)) of
		{ok, Names} -> {ok, Names};
		_ -> Default
	end.

%% Whether other nodes may know it: a name that means this host they take for theirs.
is_shared(Host) ->
	maps:get(cluster, epmd_mdns_lookup_directory:config()) =/= undefined
		andalso not epmd_mdns_choice:is_loopback(epmd_mdns_lookup_host:text(Host)).

node_name(Name, Host) ->
	unicode:characters_to_binary([Name, $@, epmd_mdns_lookup_host:text(Host)]).

fallback() ->
	maps:get(fallback, epmd_mdns_lookup_directory:config()).

%% erl_epmd takes an address as a tuple, and no binary. A name that means this host is not for name servers: they might know another
%% host by it.
plain(Host) when is_tuple(Host) ->
	Host;
plain(Host) ->
	Text = epmd_mdns_lookup_host:text(Host),
	case epmd_mdns_choice:is_loopback(Text) andalso inet:parse_address(Text) of
		{error, einval} -> "localhost";
		_ -> Text
	end.

left(Deadline) ->
	max(0, Deadline - erlang:monotonic_time(millisecond)).
