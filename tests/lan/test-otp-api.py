#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a program may ask of epmd_mdns, with the examples of docs/erlang.md and docs/elixir.md as they stand there."""

import os
import re
import textwrap

import tap
from box import HERE
from lan import Lan

FLAGS = "-start_epmd false -epmd_module epmd_mdns -setcookie x"


def example(document, begin):
    """The indented block of a document that begins with this line."""
    with open(os.path.join(HERE, "..", "..", "docs", document)) as file:
        match = re.search(rf"^    {re.escape(begin)}\n(?:    .*\n|\n)*", file.read(), re.MULTILINE)
    assert match, f"{document} has no example that begins with {begin!r}"
    return textwrap.dedent(match[0])


def asks(lan):
    "nodes/0, lookup/1 and info/0 say what docs/erlang.md shows"
    alice = lan.alice = lan[1].erl("alice")
    with lan[1].watch() as watch:
        lan.bob = lan[2].erl("bob")
        port = watch.wait_event("up", "bob@h2", 5).port
    alice.eval("ok = epmd_mdns:subscribe(), (fun Wait() -> receive {epmd_mdns, {up, <<\"bob@h2\">>, _}} -> ok; "
               "{epmd_mdns, _} -> Wait() after 5000 -> error(late) end end)()")
    assert alice.eval("epmd_mdns:nodes()") == '[<<"alice@h1">>,<<"bob@h2">>]'
    release = alice.eval("list_to_binary(erlang:system_info(otp_release))")
    assert alice.eval("[maps:without([since, 'if'], E) || E <- epmd_mdns:lookup('bob@h2')] =:= "
                      f"[#{{node => <<\"bob@h2\">>, port => {port}, family => inet, proto => tcp, addr => [{{192,0,2,2}}], "
                      f"source => lan, type => visible, host => <<\"h2.local\">>, otp => {release}, dist => {{6,6}}}}]") == "true"
    for name in ('"bob@h2"', '<<"bob@h2">>', "'bob@h2'"):
        assert alice.eval(f"length(epmd_mdns:lookup({name}))") == "1"
    assert alice.eval('epmd_mdns:lookup("nobody@h2")') == "[]"
    assert alice.eval("maps:without([server], epmd_mdns:info()) =:= #{node => <<\"alice@h1\">>, cluster => undefined, "
                      "daemon => up, fallback => true, join_hidden => false, nodes => 2, socket => \"/run/epmd-mdns/control\"}") == "true"
    assert alice.eval("maps:get(server, epmd_mdns:info())").startswith('<<"epmd-mdnsd/')


def erlang_example(lan):
    "the example of docs/erlang.md tells who comes and goes"
    host, alice = lan[1], lan.alice
    host.write("/run/lan/watcher.erl", "-module(watcher).\n-export([watch/0]).\n\n" + example("erlang.md", "watch() ->"))
    host.check(host.otp_argv(["erlc", "-o", "/run/lan", "/run/lan/watcher.erl"]), deadline=30)
    alice.eval('{module, watcher} = code:load_abs("/run/lan/watcher"), Out = group_leader(), '
               "spawn(fun() -> group_leader(Out, self()), watcher:watch() end), ok")
    alice.wait_line(r"^bob@h2 is at 192\.0\.2\.2:\d+$", 5)
    carol = lan[2].erl("carol")
    alice.wait_line(r"^carol@h2 is at 192\.0\.2\.2:\d+$", 5)
    carol.kill()
    alice.wait_line(r"^carol@h2 has gone: goodbye$", 5)


def elixir_example(lan):
    "the example of docs/elixir.md knows who is there"
    host = lan[1]
    script = example("elixir.md", "defmodule Watcher do") + textwrap.dedent("""
        {:ok, watcher} = Watcher.start_link([])
        wait = fn wait, is_there ->
          nodes = :sys.get_state(watcher)
          if MapSet.member?(nodes, "dora@h2") == is_there, do: nodes, else: wait.(wait, is_there)
        end
        IO.puts("up: #{inspect(MapSet.member?(wait.(wait, true), "bob@h2"))}")
        IO.puts("ask: #{inspect(:epmd_mdns.info().daemon)}")
        IO.puts("gone: #{inspect(MapSet.size(wait.(wait, false)) > 0)}")
        """)
    host.write("/run/lan/watcher.exs", script)
    elixir = host.spawn(["env", "LC_ALL=C.UTF-8", *host.otp_argv(["elixir", "--sname", "ex", "--erl", f"{FLAGS} -pa {host.ebin}",
                                                                  "/run/lan/watcher.exs"])], "elixir")
    dora = lan[2].erl("dora")
    elixir.wait_line("^up: true$", 30)
    elixir.wait_line("^ask: :up$", 5)
    dora.kill()
    elixir.wait_line("^gone: true$", 5)
    assert elixir.wait(10) == 0


def subscribers(lan):
    "a subscriber is told each change once, and nothing any more when it has unsubscribed"
    alice = lan.alice
    alice.eval("register(other, spawn(fun() -> (fun Loop(Seen) -> receive {seen, From} -> From ! {seen, lists:reverse(Seen)}, "
               "Loop(Seen); M -> Loop([M | Seen]) end end)([]) end)), ok = epmd_mdns:subscribe(whereis(other))")
    with lan[1].watch() as watch:
        node = lan[2].erl("twice")
        watch.wait_event("up", node.name, 5)
        node.kill()
        watch.wait_event("down", node.name, 5)
    # Events reach this VM on another connection than ours: its own next answer comes behind them.
    seen = alice.eval("(fun Wait() -> other ! {seen, self()}, receive {seen, L} -> case [K || {epmd_mdns, {K, "
                      "<<\"twice@h2\">>, _}} <- L] of [up, down] -> done; [_, _, _ | _] = Odd -> Odd; _ -> erlang:yield(), Wait() end end end)()")
    assert seen == "done", seen
    alice.eval("ok = epmd_mdns:unsubscribe(whereis(other)), other ! {seen, self()}, receive {seen, _} -> ok end")
    assert alice.eval("epmd_mdns:unsubscribe(whereis(other))") == "ok", "once more does no harm"


if __name__ == "__main__":
    tap.main([asks, erlang_example, elixir_example, subscribers], Lan(2))
