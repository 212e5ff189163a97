%% SPDX-License-Identifier: Apache-2.0
%%
%% What the user has set, and what this VM says of itself.
%%
%% All of it may be read before any application runs: -epmd_mdns KEY VALUE comes from init,
%% EPMD_MDNS_KEY from the environment, sys.config from where OTP keeps it for applications that it loads.
%% A flag wins over the environment of the application, as
%% everywhere in OTP, and both win over the environment of the process.
%%
%% OTP itself reads -epmd_mdns too, when the application is loaded, and takes each value for an
%% Erlang term: there a value such as my-team or /run/x must be written "my-team", in quotes.
%% So quotes are understood here as well, and that spelling is right everywhere.

-module(epmd_mdns_config).

%% API.
-export([read/0]).
-export([proto/0]).
-export([proto/1]).
-export([has_more_protocols/0]).
-export([registration/4]).

-export_type([config/0, problem/0]).

-include_lib("kernel/include/dist.hrl").

-type config() :: #{
	socket := string(),
	cluster := binary() | undefined,
	fallback := boolean(),
	join_hidden := boolean()
}.

%% For the log: an option that is not used, and why.
-type problem() :: #{what := bad_option, option := term(), value := term(), text := string()}.

-define(SOCKET, "/run/epmd-mdns/control").
%% A path in sun_path has at most 108 bytes, its NUL included.
-define(MAX_SOCKET, 107).

%% API.

%% The configuration, and what is wrong with it. A wrong value counts as not given.
-spec read() -> {config(), [problem()]}.
read() ->
	Raw = flags(),
	Flags = [{Key, unquote(Value)} || {Key, Value} <- Raw],
	Default = #{socket => ?SOCKET, cluster => undefined, fallback => true, join_hidden => false},
	lists:foldl(fun({Key, Value}, {Config, Problems}) ->
		case check(to_string(Key), to_string(Value)) of
			{ok, Option, Good} ->
				{Config#{Option := Good}, Problems};
			{error, Text} ->
				{Config, [#{what => bad_option, option => Key, value => Value, text => Text}|Problems]}
		end
	end, {Default, []}, environment() ++ application_env(Raw) ++ Flags).

%% The protocol in which this VM's distribution connects: the last of -proto_dist, for net_kernel has its
%% listeners in reverse order, and takes the first.
-spec proto() -> tcp | tls.
proto() ->
	lists:last(protos()).

%% That of the Nth listener: net_kernel starts them in the order of -proto_dist.
-spec proto(pos_integer()) -> tcp | tls.
proto(Nth) ->
	lists:nth(min(Nth, length(protos())), protos()).

-spec has_more_protocols() -> boolean().
has_more_protocols() ->
	length(protos()) > 1.

%% What is to be registered for a distribution listening on this port.
-spec registration(config(), inet:port_number(), tcp | tls, inet | inet6) -> epmd_mdns_proto:registration().
registration(#{cluster := Cluster}, Port, Proto, Family) ->
	Known = #{cluster => Cluster, addr => bound_to(Family)},
	maps:merge(#{
		port => Port,
		family => Family,
		proto => Proto,
		type => type(),
		otp => list_to_binary(erlang:system_info(otp_release)),
		dist => {?ERL_DIST_VER_LOW, ?ERL_DIST_VER_HIGH}
	}, maps:filter(fun(_, Value) -> Value =/= undefined end, Known)).

%% Internal.

protos() ->
	case init:get_argument(proto_dist) of
		{ok, [Names=[_|_]|_]} -> [proto_of(Name) || Name <- Names];
		_ -> [tcp]
	end.

proto_of(Name) ->
	case lists:suffix("_tls", Name) of
		true -> tls;
		false -> tcp
	end.

environment() ->
	[{Key, Value} || Key <- ["socket", "cluster", "fallback", "join_hidden"],
		Value <- [os:getenv("EPMD_MDNS_" ++ string:uppercase(Key))], Value =/= false].

%% A release has loaded the application by now. erl -config has not, and its file would never be read. Flags
%% that OTP can't read are an error to it: then it had better not try.
%%
%% Where the application is loaded OTP has put the flags there as well: a wrong one is told once.
application_env(Flags) ->
	_ = init:get_argument(config) =/= error andalso lists:all(fun is_term/1, Flags)
		andalso application:load(epmd_mdns),
	[Pair || Pair={Key, _} <- application:get_all_env(epmd_mdns), not lists:keymember(to_string(Key), 1, Flags)].

is_term({Key, Value}) ->
	lists:all(fun(Text) ->
		case erl_scan:string(Text ++ ".") of
			{ok, Tokens, _} -> element(1, erl_parse:parse_term(Tokens)) =:= ok;
			_ -> false
		end
	end, [Key, Value]).

%% -epmd_mdns a 1 b 2 -epmd_mdns c 3 gives [{"a", "1"}, {"b", "2"}, {"c", "3"}].
flags() ->
	case init:get_argument(epmd_mdns) of
		{ok, Occurrences} -> lists:flatmap(fun pairs/1, Occurrences);
		error -> []
	end.

pairs([Key, Value|Rest]) -> [{Key, Value}|pairs(Rest)];
pairs([Key]) -> [{Key, ""}];
pairs([]) -> [].

unquote([Quote|Rest]) when Rest =/= [], Quote =:= $" orelse Quote =:= $' ->
	case lists:last(Rest) of
		Quote -> lists:droplast(Rest);
		_ -> [Quote|Rest]
	end;
unquote(Value) ->
	Value.

to_string(Value) when is_atom(Value) -> atom_to_list(Value);
to_string(Value) when is_binary(Value) -> binary_to_list(Value);
to_string(Value) -> Value.

check("socket", Path) ->
	case io_lib:printable_unicode_list(Path) andalso byte_size(unicode:characters_to_binary(Path)) of
		Size when is_integer(Size), Size >= 1, Size =< ?MAX_SOCKET -> {ok, socket, Path};
		_ -> {error, "the path of a socket has 1 to 107 bytes"}
	end;
check("cluster", Label) ->
	case io_lib:latin1_char_list(Label) andalso epmd_mdns_proto_attribute:is_label(list_to_binary(Label), 63) of
		true -> {ok, cluster, list_to_binary(Label)};
		false -> {error, "the label of a cluster has 1 to 63 characters of A-Z a-z 0-9 . _ -"}
	end;
check("fallback", Value) ->
	check_boolean(fallback, Value);
check("join_hidden", Value) ->
	check_boolean(join_hidden, Value);
check(_, _) ->
	{error, "there is no such option"}.

check_boolean(Option, "true") -> {ok, Option, true};
check_boolean(Option, "false") -> {ok, Option, false};
check_boolean(Option, _) -> {error, atom_to_list(Option) ++ " is true or false"}.

%% net_kernel notes early whether it was started hidden, which need not be by -hidden; OTP 25.0 does
%% not yet.
type() ->
	Flag = case init:get_argument(hidden) of
		{ok, [[Value|_]|_]} when Value =/= "true" -> visible;
		{ok, _} -> hidden;
		error -> visible
	end,
	case persistent_term:get({net_kernel, publish_type}, Flag) of
		hidden -> hidden;
		_ -> visible
	end.

%% The one address that distribution listens on, or undefined for all. Of the two ways to set it
%% inet_dist_use_interface wins in inet_tcp_dist, and of several options the last.
bound_to(Family) ->
	Options = case application:get_env(kernel, inet_dist_listen_options) of
		{ok, List} when is_list(List) -> List;
		_ -> []
	end,
	Addresses = [Address || {Key, Address} <- Options, Key =:= ip orelse Key =:= ifaddr],
	case {application:get_env(kernel, inet_dist_use_interface), Addresses} of
		{{ok, Address}, _} -> address(Family, Address);
		{undefined, []} -> undefined;
		{undefined, _} -> address(Family, lists:last(Addresses))
	end.

address(inet, loopback) -> {127, 0, 0, 1};
address(inet6, loopback) -> {0, 0, 0, 0, 0, 0, 0, 1};
address(inet, Address={A, _, _, _}) when A =/= 0 -> Address;
address(inet6, Address) when tuple_size(Address) =:= 8, Address =/= {0, 0, 0, 0, 0, 0, 0, 0} -> Address;
address(_, _) -> undefined.
