%% SPDX-License-Identifier: Apache-2.0
%%
%% The codec against tests/protocol-examples.txt, which the daemon's codec is tested against, too.

-module(epmd_mdns_proto_tests).

-include_lib("eunit/include/eunit.hrl").

%% The examples.

a_line_consists_of_encoded_words_test_() ->
	[{Line, ?_assertEqual(Meaning, words(Line))} || {Line, Meaning} <- examples("line")].

a_request_is_written_just_so_test_() ->
	[{Line, ?_assertEqual(<<Line/binary, "\n">>, encode(Meaning))}
		|| {Line, Meaning} <- examples("encode")].

an_answer_means_what_it_says_test_() ->
	[{Line, ?_assertEqual(Meaning, canonical(epmd_mdns_proto:decode(Line)))}
		|| {Line, Meaning} <- examples("reply") ++ examples("newer")].

%% An empty file would pass all of the above.
there_are_examples_of_everything_that_we_read_or_write_test() ->
	?assert(length(examples("line")) >= 19),
	?assert(length(examples("encode")) >= 15),
	?assert(length(examples("reply")) >= 36),
	?assert(length(examples("newer")) >= 1),
	Verbs = lists:usort([hd(string:lexemes(Line, " "))
		|| Kind <- ["encode", "reply"], {Line, _} <- examples(Kind)]),
	?assertEqual([], [<<"HELLO">>, <<"REGISTER">>, <<"LOOKUP">>, <<"LIST">>, <<"SUBSCRIBE">>, <<"STATUS">>,
		<<"CONNECTED">>, <<"DISCONNECTED">>, <<"APART">>, <<"TOGETHER">>, <<"PAIRS">>,
		<<"OK">>, <<"ERR">>, <<"NODE">>, <<"PAIR">>, <<"EVENT">>] -- Verbs).

%% What the file can't say.

a_line_without_its_lf_is_malformed_test() ->
	?assertEqual({ok, [], #{}}, epmd_mdns_proto:receive_line(<<"OK\n">>)),
	?assertEqual(malformed, epmd_mdns_proto:receive_line(<<"OK">>)),
	?assertEqual(malformed, epmd_mdns_proto:receive_line(<<>>)).

a_line_has_at_most_2048_bytes_test() ->
	Longest = <<"ERR limit ", (binary:copy(<<"x">>, 2037))/binary, "\n">>,
	?assertMatch({error, <<"limit">>, _}, epmd_mdns_proto:receive_line(Longest)),
	?assertEqual(malformed, epmd_mdns_proto:receive_line(<<"ERR x", Longest/binary>>)).

an_answer_has_its_words_before_its_attributes_test() ->
	?assertEqual({ok, [<<"1">>, <<"fake/1">>], #{<<"a">> => <<"b=c">>}},
		epmd_mdns_proto:decode(<<"OK 1 fake/1 a=b=c">>)),
	?assertEqual(malformed, epmd_mdns_proto:decode(<<"OK a=1 b">>)),
	?assertEqual(malformed, epmd_mdns_proto:decode(<<"OK a=1 a=1">>)).

the_text_of_an_error_is_plain_words_test() ->
	?assertEqual({error, <<"limit">>, <<"100% of it">>}, epmd_mdns_proto:decode(<<"ERR limit 100% of it">>)).

a_creation_is_a_number_from_4_test() ->
	Creation = fun(Value) -> epmd_mdns_proto:creation(#{<<"creation">> => Value}) end,
	?assertEqual({ok, 4}, Creation(<<"4">>)),
	?assertEqual({ok, 4294967295}, Creation(<<"4294967295">>)),
	[?assertEqual(malformed, Creation(Bad))
		|| Bad <- [<<>>, <<"3">>, <<"4294967296">>, <<"-5">>, <<"+5">>, <<"5x">>, <<"99999999999999">>]],
	?assertEqual(malformed, epmd_mdns_proto:creation(#{})).

values_out_of_range_are_malformed_test_() ->
	Node = <<"NODE a@b port=1 family=inet proto=tcp addr=192.0.2.2 source=lan ">>,
	?assertMatch({node, _}, epmd_mdns_proto:decode(<<Node/binary, "age=1">>)),
	[{Bad, ?_assertEqual(malformed, epmd_mdns_proto:decode(<<Node/binary, Bad/binary>>))} || Bad <- [
		<<"age=-1">>, <<"age=4294967296">>, <<"type=secret">>, <<"dist=6">>, <<"dist=6-5">>, <<"dist=6-x">>,
		<<"cluster=a%20b">>, <<"cluster=">>, <<"otp=12345678901234567">>, <<"conflict=2">>, <<"stale=">>,
		<<"host=%FF">>, <<"if=%C3">>
	]].

an_endpoint_keeps_its_birth_and_not_its_age_test() ->
	?assertEqual(#{since => 90}, epmd_mdns_proto:dated(#{age => 10}, 100)),
	?assertEqual(#{since => 90}, epmd_mdns_proto:dated(#{since => 90}, 200)).

%% Any bytes at all are answered by a term of the type, and make no atom.
nothing_from_the_network_becomes_an_atom_test() ->
	{node, Node} = epmd_mdns_proto:decode(<<"NODE never_heard_of_1@h port=1 family=inet proto=tcp addr=::1 "
		"source=lan never-heard-of=1 cluster=never_heard_of_2">>),
	?assertEqual(<<"never_heard_of_1@h">>, maps:get(node, Node)),
	[?assertError(badarg, binary_to_existing_atom(list_to_binary(["never_heard_", Rest])))
		|| Rest <- ["of_1", "of_2"]],
	rand:seed(exsss, {1, 2, 3}),
	[?assertMatch(malformed, epmd_mdns_proto:decode(rand:bytes(N))) || N <- lists:seq(0, 2000)].

%% Internal.

examples(Kind) ->
	examples:read("protocol-examples.txt", Kind).

words(Line) ->
	case epmd_mdns_proto:words(Line) of
		{ok, Words} -> list_to_binary([[Word, $|] || Word <- Words]);
		malformed -> <<"malformed">>
	end.

%% "lookup node=a@b wait=5" is a request in words.
encode(Meaning) ->
	[Verb|Words] = binary:split(Meaning, <<" ">>, [global]),
	%% A word without "=" goes on where the one before it ends.
	Values = maps:from_list([list_to_tuple(binary:split(Word, <<"=">>)) || Word <- joined(Words)]),
	Line = line(Verb),
	Options = maps:from_list([{Key, epmd_mdns_proto_attribute:parse(Line, Key, Value)}
		|| Line =/= none, Key <- epmd_mdns_proto_attribute:keys(Line),
			{ok, Value} <- [maps:find(atom_to_binary(Key), Values)]]),
	[Node, From, To] = [maps:get(Key, Values, none) || Key <- [<<"node">>, <<"from">>, <<"to">>]],
	iolist_to_binary(epmd_mdns_proto:encode(case Verb of
		<<"hello">> -> {hello, 1};
		<<"register">> -> {register, Node, maps:merge(#{type => visible}, Options)};
		<<"lookup">> -> {lookup, Node, Options};
		<<"list">> -> {list, Options};
		<<"subscribe">> -> subscribe;
		<<"status">> -> status;
		<<"connected">> -> {connected, Node, maps:merge(#{type => visible}, Options)};
		<<"disconnected">> -> {disconnected, Node};
		<<"apart">> -> {apart, From, To, maps:get(reason, Options)};
		<<"together">> -> {together, From, To};
		<<"pairs">> -> pairs
	end)).

joined([Word, Next|Rest]) ->
	case binary:match(Next, <<"=">>) of
		nomatch -> joined([<<Word/binary, " ", Next/binary>>|Rest]);
		_ -> [Word|joined([Next|Rest])]
	end;
joined(Words) ->
	Words.

line(<<"register">>) -> register;
line(<<"lookup">>) -> lookup;
line(<<"list">>) -> list;
line(<<"connected">>) -> connected;
line(<<"apart">>) -> pair;
line(_) -> none.

canonical({ok, _, _}) -> <<"ok">>;
canonical({error, Token, _}) -> <<"error ", Token/binary>>;
canonical({node, Endpoint}) -> join([<<"node">>|parts(Endpoint)]);
canonical({pair, From, To, Reason}) ->
	join([<<"pair">>, [<<"from=">>, From], [<<"to=">>, To]|epmd_mdns_proto_attribute:format(pair, #{reason => Reason})]);
canonical({event, sync}) -> <<"event sync">>;
canonical({event, network, Reason}) -> <<"event network reason=", Reason/binary>>;
canonical({event, Kind, Endpoint, Reason}) ->
	join([<<"event">>, atom_to_binary(Kind)|parts(Endpoint)] ++ [[<<"reason=">>, Reason] || Reason =/= <<>>]);
canonical(Other) -> atom_to_binary(Other).

join(Words) ->
	iolist_to_binary(lists:join($\s, Words)).

parts(Endpoint) ->
	[[atom_to_binary(Key), $=, part(Key, maps:get(Key, Endpoint))]
		|| Key <- [node|epmd_mdns_proto_attribute:keys(node)],
		is_map_key(Key, Endpoint), {Key, maps:get(Key, Endpoint)} =/= {type, visible}].

part(addr, Addresses) -> lists:join($,, [inet:ntoa(Address) || Address <- Addresses]);
part('if', Names) -> lists:join($,, Names);
part(dist, {Low, High}) -> io_lib:format("~b-~b", [Low, High]);
part(_, true) -> <<"1">>;
part(_, Value) when is_integer(Value) -> integer_to_binary(Value);
part(_, Value) when is_atom(Value) -> atom_to_binary(Value);
part(_, Value) -> Value.
