%% SPDX-License-Identifier: Apache-2.0
%%
%% Which host somebody means. Callers name a host in many ways: an atom, a string or a binary, with or
%% without a domain, an address as text or as a tuple; and what they get back depends on whether it is
%% this one.

-module(epmd_mdns_lookup_host).

%% API.
-export([parse/1]).
-export([is_at/2]).
-export([text/1]).

-export_type([host/0]).

%% Names are in lower case, without a trailing .local.
-type host() :: own | {ip, inet:ip_address()} | {name, string()} | invalid.

%% API.

-spec parse(term()) -> host().
parse({0, 0, 0, 0, 0, 16#FFFF, AB, CD}) ->
	parse({AB bsr 8, AB band 255, CD bsr 8, CD band 255});
parse(Host) when is_tuple(Host) ->
	case inet:is_ip_address(Host) of
		true ->
			case is_own_address(Host) of
				true -> own;
				false -> {ip, Host}
			end;
		false ->
			invalid
	end;
parse(Host) ->
	case text(Host) of
		"" -> invalid;
		Text -> parse_text(Text)
	end.

%% Whether the endpoint's node runs on the host. On this host that is known for certain: it is what is
%% registered with our own daemon. Elsewhere the host part of the node's name counts as well as the
%% name under which the host goes by itself in mDNS.
-spec is_at(epmd_mdns_proto:endpoint(), host()) -> boolean().
is_at(#{source := Source}, own) ->
	epmd_mdns_proto_source:is_here(Source);
is_at(#{addr := Addresses}, {ip, Address}) ->
	lists:member(Address, Addresses);
is_at(Endpoint, {name, Name}) ->
	epmd_mdns_choice:selects(#{host => Name}, Endpoint);
is_at(_, invalid) ->
	false.

%% What a caller has given as a name, of a host or a node, as a string; "" if it can't be one.
-spec text(term()) -> string().
text(Atom) when is_atom(Atom) ->
	atom_to_list(Atom);
text(Binary) when is_binary(Binary) ->
	text(unicode:characters_to_list(Binary));
text(Address) when is_tuple(Address) ->
	case inet:is_ip_address(Address) of
		true -> inet:ntoa(Address);
		false -> ""
	end;
text(String) ->
	case io_lib:char_list(String) of
		true -> String;
		false -> ""
	end.

%% Internal.

parse_text(Text) ->
	case inet:parse_strict_address(Text) of
		{ok, Address} ->
			parse(Address);
		{error, einval} ->
			Name = epmd_mdns_choice:host_name(Text),
			case epmd_mdns_choice:is_loopback(Text) orelse lists:member(Name, own_names()) of
				true -> own;
				false -> {name, Name}
			end
	end.

%% The interfaces are asked, for the directory does not tell: there the nodes of this host have a loopback
%% address.
is_own_address({127, _, _, _}) ->
	true;
is_own_address({0, 0, 0, 0, 0, 0, 0, 1}) ->
	true;
is_own_address(Address) ->
	case inet:getifaddrs() of
		{ok, Interfaces} -> lists:any(fun({_, Options}) -> lists:member({addr, Address}, Options) end, Interfaces);
		{error, _} -> false
	end.

own_names() ->
	{ok, Host} = inet:gethostname(),
	Names = [Host, net_adm:localhost()],
	NodeHost = case is_alive() of
		true -> [tl(lists:dropwhile(fun(C) -> C =/= $@ end, atom_to_list(node())))];
		false -> []
	end,
	[epmd_mdns_choice:host_name(Name) || Name <- NodeHost ++ Names].
