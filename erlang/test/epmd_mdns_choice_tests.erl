%% SPDX-License-Identifier: Apache-2.0
%%
%% Filters, the order of addresses and loopback names against tests/choice-examples.txt, which the daemon and the command are tested against, too.

-module(epmd_mdns_choice_tests).

-include_lib("eunit/include/eunit.hrl").

a_filter_selects_just_so_test_() ->
	[{Line, ?_assertEqual(Meaning, selects(Line))} || {Line, Meaning} <- examples("filter")].

addresses_are_in_this_order_test_() ->
	[{Line, ?_assertEqual(Meaning, addresses(Line))} || {Line, Meaning} <- examples("addresses")].

a_name_is_loopback_just_so_test_() ->
	[{Line, ?_assertEqual(Meaning, is_loopback(Line))} || {Line, Meaning} <- examples("loopback")].

%% What is registered here is where its name says; so is any other name anywhere.
only_a_claim_of_another_host_is_misplaced_test_() ->
	[{binary_to_list(Node), ?_assertEqual(Meaning, epmd_mdns_choice:is_misplaced(#{node => Node, source => Source}))}
		|| {Node, Source, Meaning} <- [
			{<<"app@127.0.0.1">>, lan, true}, {<<"app@localhost">>, lan, true}, {<<"app@::1">>, other, true},
			{<<"app@127.0.0.1">>, local, false}, {<<"app@h2">>, lan, false}, {<<"localhost@h2">>, lan, false}]].

%% An empty file would pass all of the above.
there_are_examples_of_all_test() ->
	?assert(length(examples("filter")) >= 26),
	?assert(length(examples("addresses")) >= 22),
	?assert(length(examples("loopback")) >= 100).

%% Internal.

examples(Kind) ->
	examples:read("choice-examples.txt", Kind).

selects(Line) ->
	[Wanted, Found] = [attributes(Half) || Half <- binary:split(Line, <<"|">>)],
	Filter = maps:map(fun
		(host, Host) -> unicode:characters_to_list(Host);
		(_, Value) -> Value
	end, Wanted),
	case epmd_mdns_choice:selects(Filter, Found) of
		true -> <<"yes">>;
		false -> <<"no">>
	end.

is_loopback(Line) ->
	[Host, <<>>] = binary:split(Line, <<"|">>),
	case epmd_mdns_choice:is_loopback(unicode:characters_to_list(Host)) of
		true -> <<"yes">>;
		false -> <<"no">>
	end.

attributes(Text) ->
	maps:from_list([begin
		[Key, Value] = binary:split(Word, <<"=">>),
		attribute(binary_to_existing_atom(Key), Value)
	end || Word <- words(Text, <<" ">>)]).

attribute(source, Value) -> {source, binary_to_existing_atom(Value)};
attribute(Key, Value) -> {Key, Value}.

addresses(Line) ->
	[Asked, Endpoints] = binary:split(Line, <<"|">>),
	[Proto, Family] = [binary_to_existing_atom(Word) || Word <- words(Asked, <<" ">>)],
	case epmd_mdns_choice:addresses(Family, Proto, [endpoint(Text) || Text <- words(Endpoints, <<";">>)]) of
		[] -> <<"none">>;
		Answers -> list_to_binary(lists:join($\s, [answer(Family, Answer) || Answer <- Answers]))
	end.

endpoint(Text) ->
	[Proto, Family, Port, Addresses|Stale] = words(Text, <<" ">>),
	{#{node => <<"bob@h2">>, proto => binary_to_existing_atom(Proto), family => binary_to_existing_atom(Family),
		port => binary_to_integer(Port), addr => [parse(Address) || Address <- words(Addresses, <<",">>)]},
		Stale =:= [<<"stale">>]}.

parse(Address) ->
	{ok, Ip} = inet:parse_strict_address(binary_to_list(Address)),
	Ip.

%% Under IPv6 an IPv4 address is a mapped one.
answer(inet6, {ok, {0, 0, 0, 0, 0, 16#FFFF, _, _}=Mapped, Port, 6}) ->
	answer(inet, {ok, inet:ipv4_mapped_ipv6_address(Mapped), Port, 6});
answer(inet6, {ok, Ip, Port, 6}) when tuple_size(Ip) =:= 8 ->
	[inet:ntoa(Ip), $:, integer_to_list(Port)];
answer(inet, {ok, Ip, Port, 6}) when tuple_size(Ip) =:= 4 ->
	[inet:ntoa(Ip), $:, integer_to_list(Port)].

words(Text, Separator) ->
	[Word || Word <- binary:split(Text, Separator, [global]), Word =/= <<>>].
