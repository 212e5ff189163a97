%% SPDX-License-Identifier: Apache-2.0
%%
%% Three rules that the daemon and the command have in C as well (core/choice, core/filter, core/node-name): which addresses a
%% connection can use, which endpoints are wanted, and which names every host takes for itself. tests/choice-examples.txt holds
%% the two together. Pure.

-module(epmd_mdns_choice).

-export([addresses/3]).
-export([selects/2]).
-export([host_name/1]).
-export([is_loopback/1]).
-export([is_misplaced/1]).

-export_type([answer/0, filter/0]).

%% The 6 is the version of the distribution protocol.
-type answer() :: {ok, inet:ip_address(), inet:port_number(), 6}.
%% What is absent is any. A host is named by the node's name, or by its name in mDNS.
-type filter() :: #{cluster => binary(), host => string(), source => epmd_mdns_proto_source:source()}.

-define(LOOPBACK_NAMES, ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback",
	"localhost4", "localhost6", "localhost4.localdomain4", "localhost6.localdomain6"]).

%% The addresses of one node's endpoints for a connection by this protocol over this family, the best one first: what is up goes
%% before what is stale, then the rank of the address; among equals the order of the daemon counts.
-spec addresses(inet | inet6, tcp | tls, [{epmd_mdns_proto:endpoint(), IsStale :: boolean()}]) -> [answer()].
addresses(Family, Proto, Endpoints) ->
	Candidates = [{{Stale, Rank}, {ok, Ip, Port, 6}} ||
		{#{proto := P, family := Listener, addr := Addresses, port := Port}, Stale} <- Endpoints,
		P =:= Proto,
		Address <- Addresses,
		{Rank, Ip} <- usable(Family, Listener, Address)],
	[Answer || {_, Answer} <- lists:keysort(1, Candidates)].

%% Whether an endpoint is wanted.
-spec selects(filter(), epmd_mdns_proto:endpoint()) -> boolean().
selects(Filter, Endpoint) ->
	lists:all(fun
		({cluster, Cluster}) -> maps:get(cluster, Endpoint, none) =:= Cluster;
		({host, Host}) -> lists:member(host_name(Host), host_names(Endpoint));
		({source, Source}) -> maps:get(source, Endpoint) =:= Source
	end, maps:to_list(Filter)).

%% A host's name as it is compared: without the case of ASCII letters, as in DNS, a trailing dot, and a trailing ".local".
-spec host_name(string()) -> string().
host_name(Name) ->
	without(".local", without(".", [lower(C) || C <- Name])).

%% Whether every host takes this name, or address, for itself: localhost and names below it (RFC 6761), the aliases that
%% distributions put into /etc/hosts, and loopback and unspecified addresses in all spellings that OTP takes, IPv6 ones also in
%% brackets or with a zone. A trailing dot and ASCII case don't matter.
-spec is_loopback(string()) -> boolean().
is_loopback(Host) ->
	Name = without(".", [lower(C) || C <- Host]),
	lists:member(Name, ?LOOPBACK_NAMES) orelse without(".localhost", Name) =/= Name orelse is_loopback_address(Name).

%% Whether another host claims a node whose name stands for this one. The daemon of 0.1.0 reports such adverts.
-spec is_misplaced(epmd_mdns_proto:endpoint()) -> boolean().
is_misplaced(#{node := Node, source := Source}) ->
	{ok, {_, Host}} = epmd_mdns_proto:split_node(Node),
	not epmd_mdns_proto_source:is_here(Source) andalso is_loopback(Host).

%% Internal.

is_loopback_address(Text) ->
	[Literal|_] = string:split(without_brackets(Text), "%"),
	case inet:parse_address(lists:flatten(lists:join($., [plain_zero(Field) || Field <- string:split(Literal, ".", all)]))) of
		{ok, {127, _, _, _}} -> true;
		{ok, {0, 0, 0, 0, 0, 16#FFFF, Ab, _}} -> Ab bsr 8 =:= 127;
		{ok, {0, 0, 0, 0, 0, 0, 0, Last}} -> Last =< 1;
		{ok, {0, 0, 0, 0}} -> true;
		_ -> false
	end.

%% inet doesn't take a zero in hexadecimal, unlike inet_aton().
plain_zero("0x0" ++ Zeros=Field) ->
	case string:trim(Zeros, leading, "0") of
		"" -> "0";
		_ -> Field
	end;
plain_zero(Field) ->
	Field.

without_brackets([$[|Rest]=Text) ->
	case lists:suffix("]", Rest) of
		true -> lists:droplast(Rest);
		false -> Text
	end;
without_brackets(Text) ->
	Text.

%% OTP can't connect to a link-local IPv6 address: it has nowhere to put the interface. An IPv4 address
%% it takes under IPv6 too, if it is written as a mapped one.
usable(inet, inet, Ip={_, _, _, _}) -> [{0, Ip}];
usable(inet, inet6, Ip={_, _, _, _}) -> [{1, Ip}];
usable(inet6, inet6, {A, _, _, _, _, _, _, _}) when A band 16#FFC0 =:= 16#FE80 -> [];
usable(inet6, inet6, Ip={_, _, _, _, _, _, _, _}) -> [{0, Ip}];
usable(inet6, inet6, Ip={_, _, _, _}) -> [{1, inet:ipv4_mapped_ipv6_address(Ip)}];
usable(inet6, inet, Ip={_, _, _, _}) -> [{2, inet:ipv4_mapped_ipv6_address(Ip)}];
usable(_, _, _) -> [].

host_names(Endpoint=#{node := Node}) ->
	{ok, {_, HostPart}} = epmd_mdns_proto:split_node(Node),
	[host_name(HostPart), host_name(unicode:characters_to_list(maps:get(host, Endpoint, <<>>)))].

lower(C) when C >= $A, C =< $Z -> C + ($a - $A);
lower(C) -> C.

without(Suffix, Text) ->
	Length = length(Text) - length(Suffix),
	case Length > 0 andalso lists:suffix(Suffix, Text) of
		true -> lists:sublist(Text, Length);
		false -> Text
	end.
