#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Multicast falls silent, and TCP does not: what is connected stays known, and is connected again."""

import json
import shutil
import time

import tap
from lan import Lan
from wait import wait_for

TTL = 10        # seconds
TEAM = ["-epmd_mdns", "cluster", "team"]
# Notes the nodes of which a subscriber is told that they are down.
NOTE_DOWN = ("register(downs, spawn(fun() -> ok = epmd_mdns:subscribe(), (fun Loop(Downs) -> receive "
             "{epmd_mdns, {down, Node, _}} -> Loop([Node | Downs]); {epmd_mdns, _} -> Loop(Downs); "
             "{get, From} -> From ! {downs, Downs}, Loop(Downs) end end)([]) end)), ok")
DOWNS = "downs ! {get, self()}, receive {downs, Downs} -> Downs after 5000 -> timeout end"


def note_downs(node):
    """Begin anew to note them."""
    node.eval("whereis(downs) =:= undefined orelse exit(whereis(downs), kill)")
    wait_for(lambda: node.eval("whereis(downs)") == "undefined", 5, "the one before is gone")
    node.eval(NOTE_DOWN)


def listed(host):
    """What is listed: the source of each node."""
    with host.control() as control:
        return {line.node: line.source for line in control.must("LIST").nodes}


def wait_listed(host, expected, deadline, what):
    wait_for(lambda: listed(host) == expected, deadline, f"{host.name}: {what}: {expected}")


def wait_unheard(lan, deadline=3 * TTL):
    """Wait until every daemon hears nobody, and knows the others from its own node."""
    names = {node.name for node in lan.nodes}
    for host, node in zip(lan.hosts, lan.nodes):
        wait_listed(host, {name: "local" if name == node.name else "peer" for name in names}, deadline,
                    "all are listed, and not heard")


def stays_known(lan):
    "adverts expire under a connected cluster: every node is listed and found as ever, and said not to be heard"
    lan.each(lambda host: host.start_daemon(f"--ttl={TTL}"))
    lan.nodes = lan.each(lambda host: host.erl("abc"[int(host.name[1]) - 1], *TEAM))
    for node in lan.nodes:
        assert node.eval("epmd_mdns:wait(3, 20000)", 30) == "ok"
        note_downs(node)
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 3, 10, "all are heard")
    lan.silence()
    begin = time.monotonic()
    wait_unheard(lan)
    took = time.monotonic() - begin
    for node in lan.nodes:
        assert node.eval("length(epmd_mdns:nodes())") == "3"
        assert node.eval(DOWNS) == "[]", "nobody is told that a node is down"
    alice = lan.nodes[0]
    assert alice.eval("[maps:get(heard, E, true) || E <- epmd_mdns:lookup('c@h3')]") == "[false]"
    assert alice.eval("element(1, epmd_mdns:address_please(\"c\", \"h3\", inet))") == "ok"
    with lan[1].control() as control:
        [line] = control.must("LOOKUP c@h3").nodes
        assert (line.source, line.addr, line.cluster, line.host) == ("peer", "192.0.2.3", "team", "h3.local"), line
    return f"after {took:.0f} s"


def people_are_told(lan):
    "list and resolve say 'connected, not heard', status says how many"
    shown = lan[1].cli("list").stdout
    assert shown.count("connected, not heard") == 2, shown
    resolved = lan[1].cli("resolve", "c@h3")
    assert resolved.returncode == 0 and "connected, not heard from h3.local" in resolved.stdout, resolved
    [carol] = [node for node in json.loads(lan[1].cli("list", "--json").stdout) if node["node"] == "c@h3"]
    assert carol["source"] == "peer" and carol["heard"] is False, carol
    assert json.loads(lan[1].cli("status", "--json").stdout)["nodes"]["unheard"] == 2
    assert "Connected" in lan[1].cli("status").stdout


def stranger_finds_it(lan):
    "a node that is started in the silence finds the nodes that others of its host are connected to"
    dave = lan[1].erl("d", *TEAM)
    assert dave.eval("epmd_mdns:wait(4, 20000)", 30) == "ok", dave.eval("epmd_mdns:peers()")
    dave.kill()
    for node in lan.nodes:
        wait_for(lambda node=node: node.eval("length(nodes())") == "2", 20, "the others are connected, and it is missed")
        wait_for(lambda node=node: node.eval("length(epmd_mdns:nodes())") == "3", 10, "it is missed in the mirror, too")
    wait_unheard(lan, 10)


def daemon_restarts(lan):
    "a daemon is killed and started anew in the silence: two seconds later it lists all again"
    alice = lan.nodes[0]
    note_downs(alice)
    lan[1].daemon.kill()
    lan[1].start_daemon(f"--ttl={TTL}")
    begin = time.monotonic()
    wait_listed(lan[1], {"a@h1": "local", "b@h2": "peer", "c@h3": "peer"}, 5, "all are listed")
    took = time.monotonic() - begin
    assert took <= 2, f"{took:.1f} s"
    downs = alice.eval(DOWNS)
    assert downs == "[]", f"{downs} are said to be down"
    return f"after {took:.1f} s"


def connects_again(lan):
    "a connection that is lost in the silence is made again"
    alice, _, carol = lan.nodes
    alice.eval("erlang:disconnect_node('c@h3')")
    begin = time.monotonic()
    for node in lan.nodes:
        wait_for(lambda node=node: node.eval("length(nodes())") == "2", 30, f"{node.name} is connected to both again")
    took = time.monotonic() - begin
    wait_unheard(lan, 10)
    assert carol.connected() == {"a@h1", "b@h2"}
    return f"after {took:.1f} s"


def heard_again(lan):
    "multicast comes back: the nodes are heard again, and no connected one was down in between"
    for node in lan.nodes:
        note_downs(node)
    lan.end_silence()
    begin = time.monotonic()
    for host, own in zip(lan.hosts, lan.nodes):
        wait_listed(host, {node.name: "local" if node is own else "lan" for node in lan.nodes}, 60, "all are heard")
    for node in lan.nodes:
        wait_for(lambda node=node: node.eval("[N || N <- epmd_mdns:nodes(), E <- epmd_mdns:lookup(N), "
                                             "maps:is_key(heard, E)]") == "[]", 5, "all are heard")
        assert node.eval(DOWNS) == "[]"
    return f"after {time.monotonic() - begin:.0f} s"


def dead_is_gone(lan):
    "a node that dies in the silence is gone from the list when its connections have ended: no zombie"
    lan.silence()
    wait_unheard(lan)
    lan.nodes[2].kill()
    begin = time.monotonic()
    wait_listed(lan[1], {"a@h1": "local", "b@h2": "peer"}, 10, "it is gone")
    took = time.monotonic() - begin
    wait_listed(lan[2], {"a@h1": "peer", "b@h2": "local"}, 10, "it is gone")
    for node in lan.nodes[:2]:
        wait_for(lambda node=node: node.eval("length(epmd_mdns:nodes())") == "2", 5, "it is gone")
    lan.end_silence()
    return f"after {took:.1f} s"


if __name__ == "__main__":
    LAN = Lan(3, daemon=False)
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        print("1..0 # SKIP needs nft")
        raise SystemExit(77)
    tap.main([stays_known, people_are_told, stranger_finds_it, daemon_restarts, connects_again, heard_again, dead_is_gone], LAN)
