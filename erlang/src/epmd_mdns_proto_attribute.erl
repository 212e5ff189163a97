%% SPDX-License-Identifier: Apache-2.0
%%
%% The attributes of lines: key=value. Those that describe an endpoint have one table, endpoint/0, as in
%% src/core/endpoint.c: a new one is one row there. Each kind of line adds its own. Every value from the daemon is checked here. Whatever breaks a rule throws malformed.

-module(epmd_mdns_proto_attribute).

%% API.
-export([keys/1]).
-export([parse/2]).
-export([parse/3]).
-export([format/2]).
-export([integer/2]).
-export([is_label/2]).

-export_type([line/0]).

%% The kinds of lines.
-type line() :: register | connected | node | lookup | list | pair.

%% API.

%% The attributes of a line, in the order in which they are written.
-spec keys(line()) -> [atom()].
keys(Line) ->
	[Key || {Key, _, _, _, _} <- rows(Line)].

%% Parses the attributes of a line. Those that have no row are ignored.
-spec parse(line(), epmd_mdns_proto_line:attributes()) -> #{atom() => term()}.
parse(Line, Attributes) ->
	lists:foldl(fun({Key, Name, Presence, Parse, _}, Parsed) ->
		case {maps:find(Name, Attributes), Presence} of
			{{ok, Value}, _} -> Parsed#{Key => Parse(Value)};
			{error, required} -> throw(malformed);
			{error, optional} -> Parsed;
			{error, {default, Default}} -> Parsed#{Key => Default}
		end
	end, #{}, rows(Line)).

%% Parses the value of one attribute.
-spec parse(line(), atom(), binary()) -> term().
parse(Line, Key, Value) ->
	{Key, _, _, Parse, _} = lists:keyfind(Key, 1, rows(Line)),
	Parse(Value).

%% The attributes as words. One that has its default value is left out.
-spec format(line(), map()) -> [iodata()].
format(Line, Map) ->
	[[Name, $=, Format(Value)] || {Key, Name, Presence, _, Format} <- rows(Line),
		{ok, Value} <- [maps:find(Key, Map)], Presence =/= {default, Value}].

%% binary_to_integer/1 alone would take a sign, too.
-spec integer(integer(), integer()) -> fun((binary()) -> integer()).
integer(Min, Max) ->
	fun(Digits) ->
		IsNumber = Digits =/= <<>> andalso byte_size(Digits) =< 10
			andalso lists:all(fun(C) -> C >= $0 andalso C =< $9 end, binary_to_list(Digits)),
		case IsNumber andalso binary_to_integer(Digits) of
			Integer when is_integer(Integer), Integer >= Min, Integer =< Max -> Integer;
			_ -> throw(malformed)
		end
	end.

%% Whether this may be the label of a cluster (at most 63 bytes) or an OTP release (16).
-spec is_label(binary(), pos_integer()) -> boolean().
is_label(Label, Max) ->
	byte_size(Label) >= 1 andalso byte_size(Label) =< Max
		andalso lists:all(fun is_label_char/1, binary_to_list(Label)).

%% Internal: the tables.

%% The rows are {Key, Name, Presence, Parse, Format}.
endpoint() ->
	[
		{family, <<"family">>, required, one_of([inet, inet6]), fun atom_to_binary/1},
		{proto, <<"proto">>, required, one_of([tcp, tls]), fun atom_to_binary/1},
		{type, <<"type">>, {default, visible}, one_of([visible, hidden]), fun atom_to_binary/1},
		{cluster, <<"cluster">>, optional, label(63), fun as_is/1},
		{otp, <<"otp">>, optional, label(16), fun as_is/1},
		{dist, <<"dist">>, optional, fun versions/1, fun format_versions/1}
	].

port() ->
	{port, <<"port">>, required, integer(1, 65535), fun integer_to_binary/1}.

rows(register) ->
	[port()|endpoint()] ++ [{addr, <<"addr">>, optional, fun address/1, fun inet:ntoa/1}];
rows(connected) ->
	[port()|endpoint()] ++ [{addr, <<"addr">>, required, fun address/1, fun inet:ntoa/1}, host()];
rows(node) ->
	{Required, Others} = lists:partition(fun(Row) -> element(3, Row) =:= required end, endpoint()),
	[port()|Required] ++ [
		{addr, <<"addr">>, required, fun addresses/1, fun format_addresses/1},
		source(required),
		host(),
		{'if', <<"if">>, optional, fun(Names) -> binary:split(utf8(Names), <<",">>, [global]) end,
			fun(Names) -> lists:join($,, Names) end},
		{age, <<"age">>, optional, integer(0, 4294967295), fun integer_to_binary/1}
	] ++ Others ++ [
		{conflict, <<"conflict">>, optional, fun flag/1, fun(true) -> <<"1">> end},
		{rival, <<"rival">>, optional, fun utf8/1, fun as_is/1},
		{stale, <<"stale">>, optional, fun flag/1, fun(true) -> <<"1">> end}
	];
rows(lookup) ->
	[lists:keyfind(Key, 1, endpoint()) || Key <- [family, proto]]
		++ [{wait, <<"wait">>, optional, integer(0, 60000), fun integer_to_binary/1}];
rows(list) ->
	[lists:keyfind(cluster, 1, endpoint()), host(), source(optional)];
rows(pair) ->
	[{reason, <<"reason">>, required, fun reason/1, fun(timed_out) -> <<"timed-out">>; (closed) -> <<"closed">> end}].

host() ->
	{host, <<"host">>, optional, fun utf8/1, fun as_is/1}.

source(Presence) ->
	{source, <<"source">>, Presence, fun epmd_mdns_proto_source:parse/1, fun epmd_mdns_proto_source:format/1}.

%% Internal: values.

one_of(Atoms) ->
	fun(Value) ->
		case [Atom || Atom <- Atoms, atom_to_binary(Atom) =:= Value] of
			[Atom] -> Atom;
			[] -> throw(malformed)
		end
	end.

reason(<<"timed-out">>) -> timed_out;
reason(<<"closed">>) -> closed;
reason(_) -> throw(malformed).

label(Max) ->
	fun(Value) ->
		_ = is_label(Value, Max) orelse throw(malformed),
		Value
	end.

is_label_char(C) ->
	(C >= $A andalso C =< $Z) orelse (C >= $a andalso C =< $z) orelse (C >= $0 andalso C =< $9)
		orelse C =:= $. orelse C =:= $_ orelse C =:= $-.

as_is(Value) ->
	Value.

utf8(Value) ->
	_ = is_list(unicode:characters_to_list(Value)) orelse throw(malformed),
	Value.

flag(<<"1">>) -> true;
flag(_) -> throw(malformed).

versions(Value) ->
	Version = integer(1, 255),
	case [Version(Part) || Part <- binary:split(Value, <<"-">>)] of
		[Low, High] when Low =< High -> {Low, High};
		_ -> throw(malformed)
	end.

format_versions({Low, High}) ->
	[integer_to_binary(Low), $-, integer_to_binary(High)].

addresses(Value) ->
	case [address(Part) || Part <- binary:split(Value, <<",">>, [global])] of
		Addresses when length(Addresses) =< 4 -> Addresses;
		_ -> throw(malformed)
	end.

%% The strict parser: the lax one takes "1.1" for 1.0.0.1.
address(Value) ->
	case inet:parse_strict_address(binary_to_list(Value)) of
		{ok, Address} -> Address;
		{error, einval} -> throw(malformed)
	end.

format_addresses(Addresses) ->
	lists:join($,, [inet:ntoa(Address) || Address <- Addresses]).
