%% SPDX-License-Identifier: Apache-2.0
%%
%% The codec of the control protocol (docs/protocol.md): lines to terms and back, and nothing else.
%% No process, no socket. What comes in has passed through many hands and perhaps over the
%% network, so every value is checked here, once, and none of it becomes an atom; whoever holds an
%% endpoint() may rely on it. Pure.

-module(epmd_mdns_proto).

%% API.
-export([encode/1]).
-export([receive_line/1]).
-export([decode/1]).
-export([words/1]).
-export([creation/1]).
-export([split_node/1]).
-export([join_node/1]).
-export([dated/2]).

-export_type([node_name/0, key/0, endpoint_id/0, endpoint/0, registration/0]).
-export_type([request/0, message/0, reason/0]).

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
	source := epmd_mdns_proto_source:source(),
	type := visible | hidden,
	host => binary(),
	'if' => [binary()],
	age => non_neg_integer(), %% In seconds, as the daemon says it.
	since => integer(), %% The same as POSIX time, as the table keeps it.
	cluster => binary(),
	otp => binary(),
	dist => {non_neg_integer(), non_neg_integer()},
	conflict => true,
	rival => binary(), %% The host of another claim.
	stale => true,
	heard => false, %% Not heard on the LAN, but there is a connection. Says the table, not the daemon.
	%% What else epmd_mdns_proto_attribute has in its table.
	atom() => term()
}.

-type registration() :: #{
	port := inet:port_number(),
	family := family(),
	proto := proto(),
	type => visible | hidden,
	cluster => binary(),
	otp => binary(),
	dist => {non_neg_integer(), non_neg_integer()},
	addr => inet:ip_address(),
	host => binary(),
	atom() => term()
}.

%% Why a node can't reach another.
-type reason() :: timed_out | closed.

-type request() ::
	{hello, 1} |
	{register, node_name(), registration()} |
	{lookup, node_name(), #{family => family(), proto => proto(), wait => 0..60000}} |
	{list, #{cluster => binary(), host => binary(), source => epmd_mdns_proto_source:source()}} |
	subscribe |
	status |
	{connected, node_name(), registration()} |
	{disconnected, node_name()} |
	{apart, From :: node_name(), To :: node_name(), reason()} |
	{together, From :: node_name(), To :: node_name()} |
	pairs.

-type message() ::
	{ok, Positional :: [binary()], epmd_mdns_proto_line:attributes()} |
	{error, Token :: binary(), Text :: binary()} |
	{node, endpoint()} |
	{pair, From :: node_name(), To :: node_name(), reason()} |
	{event, up | changed | down, endpoint(), Reason :: binary()} |
	{event, sync} |
	%% About this host, not about a node. The reason is readdressed or resumed; a later daemon may have others.
	{event, network, Reason :: binary()} |
	ignored |
	malformed.

-define(MAX_LINE, 2048).

%% API.

%% The line of a request, or of an endpoint, with its LF. Attributes with their default value are left out.
-spec encode(request() | {node, endpoint()}) -> iolist().
encode({hello, Version}) ->
	epmd_mdns_proto_line:join([<<"HELLO">>, integer_to_binary(Version)]);
encode({register, Node, Registration}) ->
	epmd_mdns_proto_line:join([<<"REGISTER">>, Node|epmd_mdns_proto_attribute:format(register, Registration)]);
encode({lookup, Node, Options}) ->
	epmd_mdns_proto_line:join([<<"LOOKUP">>, Node|epmd_mdns_proto_attribute:format(lookup, Options)]);
encode({list, Options}) ->
	epmd_mdns_proto_line:join([<<"LIST">>|epmd_mdns_proto_attribute:format(list, Options)]);
encode(subscribe) ->
	epmd_mdns_proto_line:join([<<"SUBSCRIBE">>]);
encode(status) ->
	epmd_mdns_proto_line:join([<<"STATUS">>]);
encode({connected, Node, Endpoint}) ->
	epmd_mdns_proto_line:join([<<"CONNECTED">>, Node|epmd_mdns_proto_attribute:format(connected, Endpoint)]);
encode({disconnected, Node}) ->
	epmd_mdns_proto_line:join([<<"DISCONNECTED">>, Node]);
encode({apart, From, To, Reason}) ->
	epmd_mdns_proto_line:join([<<"APART">>, From, To|epmd_mdns_proto_attribute:format(pair, #{reason => Reason})]);
encode({together, From, To}) ->
	epmd_mdns_proto_line:join([<<"TOGETHER">>, From, To]);
encode(pairs) ->
	epmd_mdns_proto_line:join([<<"PAIRS">>]);
encode({node, Endpoint=#{node := Node}}) ->
	epmd_mdns_proto_line:join([<<"NODE">>, Node|epmd_mdns_proto_attribute:format(node, Endpoint)]).

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
		{ok, (epmd_mdns_proto_attribute:integer(4, 4294967295))(maps:get(<<"creation">>, Attributes, <<>>))}
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

-spec join_node(key()) -> node_name().
join_node({Name, Host}) ->
	case unicode:characters_to_binary([Name, $@, Host]) of
		Node when is_binary(Node) -> Node
	end.

%% The endpoint with the time of its birth, in POSIX time, in place of its age, which would soon be wrong.
-spec dated(endpoint(), Now :: integer()) -> endpoint().
dated(Endpoint, Now) ->
	case maps:take(age, Endpoint) of
		{Age, Rest} -> Rest#{since => Now - Age};
		error -> Endpoint
	end.

%% Internal. Whatever breaks a rule throws malformed.

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
message(<<"PAIR">>, [From, To|Words]) ->
	_ = (From =:= To orelse split_node(From) =:= error orelse split_node(To) =:= error) andalso throw(malformed),
	{pair, From, To, maps:get(reason, epmd_mdns_proto_attribute:parse(pair, epmd_mdns_proto_line:attributes(Words)))};
message(<<"EVENT">>, [<<"sync">>|Words]) ->
	_ = epmd_mdns_proto_line:attributes(Words),
	{event, sync};
message(<<"EVENT">>, [<<"network">>|Words]) ->
	{event, network, maps:get(<<"reason">>, epmd_mdns_proto_line:attributes(Words), <<>>)};
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
	(epmd_mdns_proto_attribute:parse(node, Attributes))#{node => Node}.

is_name_char(C) ->
	(C >= $A andalso C =< $Z) orelse (C >= $a andalso C =< $z) orelse (C >= $0 andalso C =< $9)
		orelse C =:= $_ orelse C =:= $-.

is_host_char(C) ->
	C > 16#20 andalso C =< 16#FF andalso C =/= $@ andalso not (C >= 16#7F andalso C =< 16#9F).
