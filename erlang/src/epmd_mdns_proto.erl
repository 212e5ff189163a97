%% SPDX-License-Identifier: Apache-2.0
%%
%% The codec of the control protocol (docs/protocol.md): lines to terms and back, and nothing else.
%% No process, no socket. What comes in has passed through many hands and perhaps over the
%% network, so every value is checked here, once, and none of it becomes an atom; whoever holds an
%% endpoint() may rely on it.

-module(epmd_mdns_proto).

%% API.
-export([encode/1]).
-export([receive_line/1]).
-export([decode/1]).
-export([words/1]).
-export([creation/1]).
-export([split_node/1]).
-export([is_label/2]).
-export([dated/1]).

-export_type([node_name/0, key/0, endpoint_id/0, endpoint/0, registration/0]).
-export_type([request/0, message/0]).

%% name@host in UTF-8. A binary and not an atom: anyone on the LAN can make up new names.
-type node_name() :: binary().
%% The same name in two halves, as strings of code points: the form in which OTP asks for a node.
-type key() :: {Name :: string(), Host :: string()}.
%% What tells the endpoints of one node apart.
-type endpoint_id() :: {proto(), family()}.
-type proto() :: tcp | tls.
-type family() :: inet | inet6.

-type endpoint() :: #{
	node := node_name(),
	port := inet:port_number(),
	family := family(),
	proto := proto(),
	addr := [inet:ip_address(), ...],
	source := local | lan,
	type := visible | hidden,
	host => binary(),
	'if' => [binary()],
	age => non_neg_integer(), %% In seconds, as the daemon says it.
	since => integer(), %% The same as POSIX time, as the table keeps it.
	cluster => binary(),
	otp => binary(),
	dist => {non_neg_integer(), non_neg_integer()},
	conflict => true,
	stale => true
}.

-type registration() :: #{
	port := inet:port_number(),
	family := family(),
	proto := proto(),
	type => visible | hidden,
	cluster => binary(),
	otp => binary(),
	dist => {non_neg_integer(), non_neg_integer()},
	addr => inet:ip_address()
}.

-type request() ::
	{hello, 1} |
	{register, node_name(), registration()} |
	{lookup, node_name(), #{family => family(), proto => proto(), wait => 0..60000}} |
	{list, #{cluster => binary(), host => binary(), source => local | lan}} |
	subscribe |
	status.

-type message() ::
	{ok, Positional :: [binary()], epmd_mdns_proto_line:attributes()} |
	{error, Token :: binary(), Text :: binary()} |
	{node, endpoint()} |
	{event, up | changed | down, endpoint(), Reason :: binary()} |
	{event, sync} |
	ignored |
	malformed.

-define(MAX_LINE, 2048).

%% API.

%% The line of a request, with its LF. Attributes with their default value are left out.
-spec encode(request()) -> iolist().
encode({hello, Version}) ->
	epmd_mdns_proto_line:join([<<"HELLO">>, text(Version)]);
encode({register, Node, Registration}) ->
	Keys = [port, family, proto, type, cluster, otp, dist, addr],
	epmd_mdns_proto_line:join([<<"REGISTER">>, Node|attributes(Keys, Registration)]);
encode({lookup, Node, Options}) ->
	epmd_mdns_proto_line:join([<<"LOOKUP">>, Node|attributes([family, proto, wait], Options)]);
encode({list, Options}) ->
	epmd_mdns_proto_line:join([<<"LIST">>|attributes([cluster, host, source], Options)]);
encode(subscribe) ->
	epmd_mdns_proto_line:join([<<"SUBSCRIBE">>]);
encode(status) ->
	epmd_mdns_proto_line:join([<<"STATUS">>]).

%% What a line says that comes from a socket with {packet, line} and a buffer of more than 2048 bytes.
%% Such a socket cuts an overlong line into pieces, and without an LF at its end it is just that.
-spec receive_line(binary()) -> message().
receive_line(Line) when byte_size(Line) =< ?MAX_LINE, binary_part(Line, byte_size(Line), -1) =:= <<"\n">> ->
	decode(binary_part(Line, 0, byte_size(Line) - 1));
receive_line(_) ->
	malformed.

%% What a line of the daemon, given without its LF, says.
-spec decode(binary()) -> message().
decode(Line) ->
	try
		message(epmd_mdns_proto_line:split(Line))
	catch throw:malformed ->
		malformed
	end.

%% The decoded words of a line.
-spec words(binary()) -> {ok, [binary(), ...]} | malformed.
words(Line) ->
	try
		{ok, [epmd_mdns_proto_line:unescape(Word) || Word <- epmd_mdns_proto_line:split(Line)]}
	catch throw:malformed ->
		malformed
	end.

%% The creation in the attributes of the answer to a REGISTER.
-spec creation(epmd_mdns_proto_line:attributes()) -> {ok, 4..4294967295} | malformed.
creation(Attributes) ->
	try
		{ok, (integer(4, 4294967295))(maps:get(<<"creation">>, Attributes, <<>>))}
	catch throw:malformed ->
		malformed
	end.

%% The halves of a node's name, or error for what OTP would not accept as the name of a node.
-spec split_node(binary()) -> {ok, key()} | error.
split_node(Node) ->
	case unicode:characters_to_list(Node) of
		Chars when is_list(Chars), length(Chars) =< 255 ->
			case lists:splitwith(fun(C) -> C =/= $@ end, Chars) of
				{Name=[_|_], [$@|Host=[_|_]]} ->
					case lists:all(fun is_name_char/1, Name)
							andalso lists:all(fun is_host_char/1, Host) of
						true -> {ok, {Name, Host}};
						false -> error
					end;
				_ ->
					error
			end;
		_ ->
			error
	end.

%% Whether this may be the label of a cluster (at most 63 bytes) or an OTP release (16).
-spec is_label(binary(), pos_integer()) -> boolean().
is_label(Label, Max) ->
	byte_size(Label) >= 1 andalso byte_size(Label) =< Max
		andalso lists:all(fun(C) -> C =:= $. orelse is_name_char(C) end, binary_to_list(Label)).

%% The endpoint with the time of its birth in place of its age, which would soon be wrong.
-spec dated(endpoint()) -> endpoint().
dated(Endpoint) ->
	case maps:take(age, Endpoint) of
		{Age, Rest} -> Rest#{since => erlang:system_time(second) - Age};
		error -> Endpoint
	end.

%% Internal: out.

attributes(Keys, Map) ->
	[[atom_to_binary(Key), $=, text(Value)]
		|| Key <- Keys, {ok, Value} <- [maps:find(Key, Map)], {Key, Value} =/= {type, visible}].

text(Value) when is_binary(Value) -> Value;
text(Value) when is_atom(Value) -> atom_to_binary(Value);
text(Value) when is_integer(Value) -> integer_to_binary(Value);
text({Low, High}) -> [text(Low), $-, text(High)];
text(Address) -> inet:ntoa(Address).

%% Internal: in. Whatever breaks a rule throws malformed.

%% The text after the token of an ERR is the only part of a line that is not encoded.
message([<<"ERR">>, Token|Text]) ->
	{error, epmd_mdns_proto_line:unescape(Token), iolist_to_binary(lists:join($\s, Text))};
message([Verb|Words]) ->
	message(epmd_mdns_proto_line:unescape(Verb), [epmd_mdns_proto_line:unescape(Word) || Word <- Words]).

message(<<"OK">>, Words) ->
	{Positional, Rest} = lists:splitwith(fun(Word) -> not epmd_mdns_proto_line:is_attribute(Word) end, Words),
	{ok, Positional, epmd_mdns_proto_line:attributes(Rest)};
message(<<"NODE">>, [Node|Words]) ->
	{node, endpoint(Node, epmd_mdns_proto_line:attributes(Words))};
message(<<"EVENT">>, [<<"sync">>|Words]) ->
	_ = epmd_mdns_proto_line:attributes(Words),
	{event, sync};
message(<<"EVENT">>, [<<"up">>|Words]) ->
	event(up, Words);
message(<<"EVENT">>, [<<"changed">>|Words]) ->
	event(changed, Words);
message(<<"EVENT">>, [<<"down">>|Words]) ->
	event(down, Words);
message(<<"EVENT">>, [_|_]) ->
	ignored;
message(_, _) ->
	throw(malformed).

event(Kind, [Node|Words]) ->
	Attributes = epmd_mdns_proto_line:attributes(Words),
	{event, Kind, endpoint(Node, Attributes), maps:get(<<"reason">>, Attributes, <<>>)};
event(_, []) ->
	throw(malformed).

endpoint(Node, Attributes) ->
	_ = split_node(Node) =:= error andalso throw(malformed),
	lists:foldl(fun({Name, Presence, Parse}, Endpoint) ->
		case maps:find(atom_to_binary(Name), Attributes) of
			{ok, Value} -> Endpoint#{Name => Parse(Value)};
			error when Presence =:= optional -> Endpoint;
			error -> throw(malformed)
		end
	end, #{node => Node, type => visible}, fields()).

fields() ->
	[
		{port, required, integer(1, 65535)},
		{family, required, one_of([inet, inet6])},
		{proto, required, one_of([tcp, tls])},
		{addr, required, fun addresses/1},
		{source, required, one_of([local, lan])},
		{type, optional, one_of([visible, hidden])},
		{host, optional, fun utf8/1},
		{'if', optional, fun(Names) -> binary:split(utf8(Names), <<",">>, [global]) end},
		{age, optional, integer(0, 4294967295)},
		{cluster, optional, label(63)},
		{otp, optional, label(16)},
		{dist, optional, fun versions/1},
		{conflict, optional, fun flag/1},
		{stale, optional, fun flag/1}
	].

%% binary_to_integer/1 alone would take a sign, too.
integer(Min, Max) ->
	fun(Digits) ->
		IsNumber = Digits =/= <<>> andalso byte_size(Digits) =< 10
			andalso lists:all(fun(C) -> C >= $0 andalso C =< $9 end, binary_to_list(Digits)),
		case IsNumber andalso binary_to_integer(Digits) of
			Integer when is_integer(Integer), Integer >= Min, Integer =< Max -> Integer;
			_ -> throw(malformed)
		end
	end.

one_of(Atoms) ->
	fun(Value) ->
		case [Atom || Atom <- Atoms, atom_to_binary(Atom) =:= Value] of
			[Atom] -> Atom;
			[] -> throw(malformed)
		end
	end.

label(Max) ->
	fun(Value) ->
		_ = is_label(Value, Max) orelse throw(malformed),
		Value
	end.

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

addresses(Value) ->
	case [address(binary_to_list(Part)) || Part <- binary:split(Value, <<",">>, [global])] of
		Addresses when length(Addresses) =< 4 -> Addresses;
		_ -> throw(malformed)
	end.

%% The strict parser: the lax one takes "1.1" for 1.0.0.1.
address(String) ->
	case inet:parse_strict_address(String) of
		{ok, Address} -> Address;
		{error, einval} -> throw(malformed)
	end.

is_name_char(C) ->
	(C >= $A andalso C =< $Z) orelse (C >= $a andalso C =< $z) orelse (C >= $0 andalso C =< $9)
		orelse C =:= $_ orelse C =:= $-.

is_host_char(C) ->
	C > 16#20 andalso C =< 16#FF andalso C =/= $@ andalso not (C >= 16#7F andalso C =< 16#9F).
