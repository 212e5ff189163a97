#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Releases as mix makes them, with the label of a cluster in vm.args, on two hosts: they join each other."""

import mix
import tap
from lan import Lan
from mix import SLOW

# The quotes are those of docs/releases.md.
ARGS = """-epmd_mdns cluster '"my-team"'
"""
# With that, what bin/hello starts beside the release does not listen, and so is not advertised.
REMOTE_ARGS = "-dist_listen false\n"
JOINED = "IO.inspect({:epmd_mdns.wait(2, 20_000), Node.list(), Node.list(:hidden) |> Enum.map(&to_string/1)})"


def join(lan):
    "two releases with the label of a cluster in vm.args are connected by themselves"
    mix.make(lan[1], ARGS, REMOTE_ARGS)
    mix.copy(lan[1], lan[2])
    with lan[1].watch() as one, lan[2].watch() as two:
        lan.releases = [mix.start(host) for host in lan.hosts]
        one.wait_event("up", "hello@h2", SLOW, cluster="my-team")
        two.wait_event("up", "hello@h1", SLOW, cluster="my-team")
    for host, other in ((lan[1], "h2"), (lan[2], "h1")):
        shown = mix.hello(host, "rpc", JOINED)
        assert shown.startswith(f"{{:ok, [:hello@{other}], [\"rpc-"), shown
        assert shown.count('"') == 2, f"there is no hidden node but the one that asks: {shown}"


def remote(lan):
    "bin/hello remote and rpc enter them; they join nobody, nobody joins them, and nobody on the LAN hears of them"
    with lan[2].watch() as watch:
        terminal = mix.remote(lan[1])
        terminal.write("{Node.self(), Node.list(), length(Node.list(:hidden))}")
        terminal.wait_text(r"^\{:hello@h1, \[:hello@h2\], 1\}", SLOW)
        # The directory is asked by a node that is told of changes as they happen, and of its own host's first.
        shown = mix.hello(lan[1], "rpc", "IO.inspect({:epmd_mdns.nodes(), Map.keys(:epmd_mdns.peers())})")
        assert shown == '{["hello@h1", "hello@h2"], ["hello@h2"]}\n', shown
        terminal.kill()
        assert not watch.events, watch.events


def rejoin(lan):
    "one that is stopped, and started again, is joined again"
    with lan[1].watch() as watch:
        mix.hello(lan[2], "stop")
        watch.wait_event("down", "hello@h2", SLOW)
        assert lan.releases[1].wait(SLOW) == 0
        lan.releases[1] = mix.start(lan[2])
        watch.wait_event("up", "hello@h2", SLOW, cluster="my-team")
    shown = mix.hello(lan[1], "rpc", JOINED)
    assert shown.startswith("{:ok, [:hello@h2]"), shown
    for host, release in zip(lan.hosts, lan.releases):
        mix.hello(host, "stop")
        assert release.wait(SLOW) == 0


if __name__ == "__main__":
    tap.main([join, remote, rejoin], Lan(2, needs=["mix"]))
