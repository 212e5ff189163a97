#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two Erlang nodes on two hosts find each other: no epmd, no DNS, no host list."""

import re
import time

import tap
from lan import Lan
from wait import wait_for

BACK = 3        # seconds in which a node has to be registered again


def registered(host, node, deadline=BACK):
    """Wait until that node is registered with the host's daemon (which may also hear an old advert); its NODE line."""
    with host.control() as control:
        return wait_for(lambda: next((line for line in control.lookup(node) if line.source == "local"), None), deadline,
                        f"{node} is registered")


def boots_without_daemon(lan):
    "a node boots without a daemon, and registers when one comes"
    host = lan[1]
    host.daemon.stop()
    node = host.erl("early")
    assert node.eval("nodes()") == "[]"
    host.start_daemon(wait=False)
    host.wait_daemon()
    start = time.monotonic()
    port = int(registered(host, node.name).port)
    took = time.monotonic() - start
    assert port in host.listening()
    node.stop()
    return f"registered {took:.2f} s after the daemon was there"


def pings(lan):
    "net_adm:ping of a@h1 and a@h2 is pong in both directions, by names alone"
    # Separate nodes for each direction: a connection that exists needs no name any more.
    a1, a2, b1, b2 = lan.each(lambda pair: pair[0].erl(pair[1]),
                              [(host, name) for name in "ab" for host in lan.hosts])
    start = time.monotonic()
    wait_for(lambda: a1.ping("a@h2") == "pong", 5, "a@h1 reaches a@h2")
    wait_for(lambda: b2.ping("b@h1") == "pong", 5, "b@h2 reaches b@h1")
    took = time.monotonic() - start
    assert a1.eval("nodes()") == "[a@h2]" and a2.eval("nodes()") == "[a@h1]"
    assert b1.eval("nodes()") == "[b@h2]" and b2.eval("nodes()") == "[b@h1]"
    assert a2.ping("b@h1") == "pong", "once known, a name works at once"
    lan.nodes = [a1, a2]
    for node in (b1, b2):
        node.stop()
    return f"both within {took:.2f} s of booting"


def uses_no_epmd(lan):
    "no epmd runs anywhere, and nothing listens on 4369"
    for host in lan.hosts:
        assert "epmd" not in host.running().values()
        assert 4369 not in host.listening()
        assert len(host.listening()) >= 1, "the distribution itself listens"


def lists_names(lan):
    "net_adm:names lists the nodes of the other host, of this one, and of no unknown one, with their ports"
    a1, _ = lan.nodes
    ports = {}
    for host in lan.hosts:
        with host.control() as control:
            ports[host.name] = control.lookup(f"a@{host.name}")[0].port
        assert int(ports[host.name]) in host.listening()
    wait_for(lambda: a1.eval('net_adm:names("h2")') == f'{{ok,[{{"a",{ports["h2"]}}}]}}', 3,
             "b@h2 has gone from the list, a@h2 remains")
    assert a1.eval("net_adm:names(h2)") == a1.eval('net_adm:names("h2")')
    assert a1.eval("net_adm:names()") == f'{{ok,[{{"a",{ports["h1"]}}}]}}'
    assert not re.search(r'"\w', a1.eval('net_adm:names("nowhere")'))


def daemon_restarts(lan):
    "the daemons are killed and restarted: the nodes stay connected, and are registered again within 3 s"
    a1, a2 = lan.nodes
    for node in (a1, a2):
        node.watch()
    slowest = 0
    for host, node, other in ((lan[1], a1, a2), (lan[2], a2, a1)):
        port = registered(host, node.name).port
        host.daemon.kill()
        assert node.eval("nodes()") == f"[{other.name}]", "without a daemon"
        assert node.ping(other.name) == "pong"
        host.start_daemon(wait=False)
        host.wait_daemon()
        start = time.monotonic()
        assert registered(host, node.name).port == port
        slowest = max(slowest, time.monotonic() - start)
    fresh = lan[2].erl("fresh")
    wait_for(lambda: fresh.ping(a1.name) == "pong", 5, "a new node reaches a@h1")
    fresh.stop()
    for node, other in ((a1, a2), (a2, a1)):
        assert other.name in node.eval("nodes()")
        lost = [message for message in re.findall(r"nodedown,'?(\w+@\w+)", node.watched()) if message == other.name]
        assert not lost, f"{node.name} has lost {other.name}"
    return f"{slowest:.2f} s"


def survives_no_daemon(lan):
    "and nodes that are connected outlive the end of both daemons"
    a1, a2 = lan.nodes
    lan.each(lambda host: host.daemon.kill())
    assert a1.ping(a2.name) == a2.ping(a1.name) == "pong"
    lan.each(lambda host: host.start_daemon())
    for host, node in zip(lan.hosts, lan.nodes):
        registered(host, node.name)
        assert node.alive and "nodedown,'?a@" not in node.watched()


if __name__ == "__main__":
    tap.main([boots_without_daemon, pings, uses_no_epmd, lists_names, daemon_restarts, survives_no_daemon], Lan(2))
