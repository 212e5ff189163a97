%% SPDX-License-Identifier: Apache-2.0
%%
%% The form of a line (docs/protocol.md, section 1): words, the encoding inside a word, attributes. What
%% the words mean is for epmd_mdns_proto. Whatever breaks a rule throws malformed.
%%
%% There is no matching of binaries here, nor anywhere in the application: what OTP 25 compiles it to, OTP 29
%% does not always load.

-module(epmd_mdns_proto_line).

%% API.
-export([join/1]).
-export([split/1]).
-export([unescape/1]).
-export([attributes/1]).
-export([is_attribute/1]).

-export_type([attributes/0]).

-type attributes() :: #{Key :: binary() => Value :: binary()}.

%% API.

%% The words of a line, encoded, and its LF.
-spec join([iodata(), ...]) -> iolist().
join(Words) ->
	[lists:join($\s, [escape(Word) || Word <- Words]), $\n].

%% The words of a line without its LF, still encoded.
-spec split(binary()) -> [binary(), ...].
split(Line) ->
	Words = binary:split(Line, <<" ">>, [global]),
	_ = lists:member(<<>>, Words) andalso throw(malformed),
	Words.

%% Every byte that may not stand for itself is an error, and so is an encoded NUL. The result is a binary
%% of its own: kept for long, it doesn't keep the buffer of the socket with it.
-spec unescape(binary()) -> binary().
unescape(Word) ->
	list_to_binary(unescape_bytes(binary_to_list(Word))).

-spec attributes([binary()]) -> attributes().
attributes(Words) ->
	lists:foldl(fun(Word, Attributes) ->
		case attribute(Word) of
			{Key, Value} when not is_map_key(Key, Attributes) -> Attributes#{Key => Value};
			_ -> throw(malformed)
		end
	end, #{}, Words).

-spec is_attribute(binary()) -> boolean().
is_attribute(Word) ->
	attribute(Word) =/= error.

%% Internal.

escape(Word) ->
	[escape_byte(Byte) || Byte <- binary_to_list(iolist_to_binary(Word))].

escape_byte(Byte) when Byte > 16#20, Byte < 16#7F, Byte =/= $% -> Byte;
escape_byte(Byte) -> io_lib:format("%~2.16.0B", [Byte]).

unescape_bytes([$%, High, Low|Rest]) ->
	case hex(High) * 16 + hex(Low) of
		0 -> throw(malformed);
		Byte -> [Byte|unescape_bytes(Rest)]
	end;
unescape_bytes([Byte|Rest]) when Byte > 16#20, Byte < 16#7F, Byte =/= $% ->
	[Byte|unescape_bytes(Rest)];
unescape_bytes([]) ->
	[];
unescape_bytes(_) ->
	throw(malformed).

hex(C) when C >= $0, C =< $9 -> C - $0;
hex(C) when C >= $A, C =< $F -> C - $A + 10;
hex(C) when C >= $a, C =< $f -> C - $a + 10;
hex(_) -> throw(malformed).

attribute(Word) ->
	case binary:split(Word, <<"=">>) of
		[Key, Value] ->
			case is_key(binary_to_list(Key)) of
				true -> {Key, Value};
				false -> error
			end;
		[_] ->
			error
	end.

is_key([C|Rest]) ->
	C >= $a andalso C =< $z andalso lists:all(fun is_key_char/1, Rest);
is_key([]) ->
	false.

is_key_char(C) ->
	(C >= $a andalso C =< $z) orelse (C >= $0 andalso C =< $9) orelse C =:= $-.
