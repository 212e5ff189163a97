%% SPDX-License-Identifier: Apache-2.0
%%
%% Examples that the tests in C and in Erlang share, from tests/*-examples.txt.

-module(examples).

-export([read/2]).

%% The second and the third column of the examples of a kind, with the escapes undone.
read(Name, Kind) ->
	Directory = filename:dirname(os:getenv("PROTOCOL_EXAMPLES", "../tests/protocol-examples.txt")),
	{ok, File} = file:read_file(filename:join(Directory, Name)),
	[{bytes(Line), bytes(Meaning)} || Row = <<C, _/binary>> <- binary:split(File, <<"\n">>, [global]),
		C =/= $#,
		[RowKind, Line, Meaning] <- [binary:split(Row, <<"\t">>, [global])],
		RowKind =:= list_to_binary(Kind)].

bytes(Escaped) ->
	list_to_binary(unescape(binary_to_list(Escaped))).

unescape([$\\, $x, High, Low|Rest]) -> [list_to_integer([High, Low], 16)|unescape(Rest)];
unescape([$\\, $\\|Rest]) -> [$\\|unescape(Rest)];
unescape([C|Rest]) -> [C|unescape(Rest)];
unescape([]) -> [].
