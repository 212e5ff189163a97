%% SPDX-License-Identifier: Apache-2.0
%%
%% The sources from which the daemon knows nodes. The table here is the only place that lists them, as that of
%% src/core/source.c is in the daemon.

-module(epmd_mdns_proto_source).

%% API.
-export([parse/1]).
-export([format/1]).
-export([is_here/1]).

-export_type([source/0]).

%% One of the table, or other: a daemon that is newer than this module may have more sources.
-type source() :: local | lan | peer | other | atom().

%% API.

-spec parse(binary()) -> source().
parse(Name) ->
	case lists:keyfind(Name, 2, table()) of
		{Source, _, _} -> Source;
		false -> other
	end.

-spec format(source()) -> binary().
format(Source) ->
	{Source, Name, _} = lists:keyfind(Source, 1, table()),
	Name.

%% Whether its nodes run on this host.
-spec is_here(source()) -> boolean().
is_here(Source) ->
	lists:keymember(here, 3, [Row || Row={S, _, _} <- table(), S =:= Source]).

%% Internal.

%% local: registered with the daemon. lan: heard by mDNS. peer: not heard, but a node of this host is connected to it.
table() ->
	[
		{local, <<"local">>, here},
		{lan, <<"lan">>, elsewhere},
		{peer, <<"peer">>, elsewhere}
	].
