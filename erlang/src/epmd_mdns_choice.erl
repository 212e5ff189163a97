%% SPDX-License-Identifier: Apache-2.0
%%
%% Two rules that the daemon and the command have in C as well (core/choice, core/filter): which addresses a connection
%% can use, and which endpoints are wanted. tests/choice-examples.txt holds the two together. Pure.

-module(epmd_mdns_choice).

-export([addresses/3]).
-export([selects/2]).
-export([host_name/1]).

-export_type([answer/0, filter/0]).

%% The 6 is the version of the distribution protocol.
-type answer() :: {ok, inet:ip_address(), inet:port_number(), 6}.
%% What is absent is any. A host is named by the node's name, or by its name in mDNS.
-type filter() :: #{cluster => binary(), host => string(), source => epmd_mdns_proto_source:source()}.

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

%% Internal.

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
