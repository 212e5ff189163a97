#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections that die without a sign, because an address changes or a cable is pulled: they are ended, and made anew at the
new address, long before OTP's net_ticktime is over. Those that only look so stay.
"""

import contextlib
import shutil
import time

import tap
from lan import Lan
from wait import wait_for

TEAM = ("-epmd_mdns", "cluster", "team")
INET6 = ("-proto_dist", "inet6_tcp")
FOLLOWED = 5        # seconds in which a change of address reaches the LAN
LIMIT = 5           # ... and in which a connection is made anew, from then on
ENDED = 4           # ... in which one is ended whose other end has vanished, after the advert has expired

# Notes with which result each check of a connection ends.
NOTE_CHECKS = """register(checks, spawn(fun() -> erlang:trace(whereis(epmd_mdns_prober), true, ['receive']),
    (fun Loop(Ended) -> receive {trace, _, 'receive', {'DOWN', _, process, _, Result}} -> Loop([Result | Ended]);
    {ended, From} -> From ! {ended, Ended}, Loop(Ended); _ -> Loop(Ended) end end)([]) end)), ok""".replace("\n", " ")


def connection(node, other):
    """The process that a node has for its connection to another one, or None: another process, another connection."""
    found = node.eval(f"case net_kernel:node_info('{other.name}') of {{ok, Info}} -> "
                      "{proplists:get_value(state, Info), proplists:get_value(owner, Info)}; _ -> down end")
    return found[4:-1] if found.startswith("{up,") else None


def checks(node):
    """The results of its checks so far, as a list."""
    text = node.eval("checks ! {ended, self()}, receive {ended, List} -> List after 5000 -> timeout end")
    return [word for word in text.strip("[]").split(",") if word]


@contextlib.contextmanager
def pair(lan, *flags, alone=None):
    """a@h1 and b@h2, joined; alone: the one of them, 1 or 2, that checks its connections."""
    nodes = [lan[number].erl(name, *TEAM, *flags, wait=False) for number, name in ((1, "a"), (2, "b"))]
    try:
        a, b = nodes
        for node, other in ((a, b), (b, a)):
            assert node.eval("node()", 30) == node.name
            wait_for(lambda node=node, other=other: connection(node, other), 15, f"{node.name} has joined {other.name}")
            node.wait_known(other)      # one advert is enough for a connection, but here the loss of each is of interest
            node.eval(NOTE_CHECKS)
        for number, node in enumerate(nodes, 1):
            if alone not in (None, number):
                assert node.eval("supervisor:terminate_child(epmd_mdns_sup, epmd_mdns_prober)") == "ok"
        yield a, b
    finally:
        for node in nodes:
            node.kill()
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 0, 15, "no node is left")


def wait_network(watch, reason, deadline):
    """Wait for EVENT network."""
    end = time.monotonic() + deadline
    while True:
        event = watch.next_event(max(end - time.monotonic(), 0))
        if event.words == ["network"]:
            assert event.reason == reason, event
            return event


class Connections:
    """The connection of two nodes as both have it, and how long it takes until both have another one that works."""

    def __init__(self, a, b):
        self.nodes = ((a, b), (b, a))
        self.before = self.now()

    def now(self):
        return [connection(node, other) for node, other in self.nodes]

    def renewed(self, since):
        def is_new():
            return all(now and now != before for now, before in zip(self.now(), self.before))
        wait_for(is_new, LIMIT + 15, "both have another connection")
        took = time.monotonic() - since
        for node, other in self.nodes:
            assert node.ping(other.name) == "pong"
            status = node.eval("epmd_mdns:peers()")
            assert "connected" in status, f"{node.name}: {status}"
        assert took <= LIMIT, f"took {took:.2f} s"
        return took


def change(host, address, address6):
    """Give a host another address in the place of an IPv4 or an IPv6 one."""
    if address:
        host.readdress(address)
    else:
        host.ip(f"address add {address6}/64 dev eth0 nodad", f"address delete {host.address6}/64 dev eth0")
        host.address6 = address6


def renewed(lan, number, flags=(), address=None, address6=None, alone=None):
    """The host gets another address, and the nodes another connection."""
    with pair(lan, *flags, alone=alone) as (a, b), lan[1].watch() as one, lan[2].watch() as two:
        connections = Connections(a, b)
        moving, own, watch = (b, two, one) if number == 2 else (a, one, two)
        change(lan[number], address, address6)
        if alone == number:
            reported = wait_network(own, "readdressed", FOLLOWED).when
        else:
            event = watch.wait_event("changed", moving.name, FOLLOWED)
            while (address or address6) not in event.addr:
                event = watch.wait_event("changed", moving.name, FOLLOWED)
            reported = event.when
        took = connections.renewed(reported)
        ended = [node.name for node in (a, b) if node.reports("ended: the node does not answer")]
        assert ended and (alone is None or ended == [(a, b)[alone - 1].name]), f"ended by {ended}"
    return f"{took:.2f} s"


def peer(lan):
    "the peer's host gets another IPv4 address: both have another connection <= 5 s after the LAN has reported it"
    return renewed(lan, 2, address="192.0.2.102")


def peer_alone(lan):
    "... also if the peer does nothing about it"
    return renewed(lan, 2, address="192.0.2.2", alone=1)


def own(lan):
    "this host gets another IPv4 address: the same"
    return renewed(lan, 1, address="192.0.2.101")


def own_alone(lan):
    "... also if the peer does nothing about it: the daemon has told this host's nodes"
    return renewed(lan, 1, address="192.0.2.1", alone=1)


def peer6(lan):
    "the peer's host gets another IPv6 address: the same"
    return renewed(lan, 2, INET6, address6="fd00::102")


def own6(lan):
    "this host gets another IPv6 address: the same"
    return renewed(lan, 1, INET6, address6="fd00::101")


def mesh(lan):
    "one of four hosts gets another address: the mesh is whole again <= 10 s after the LAN has reported that"
    nodes = [host.erl("m", *TEAM, wait=False) for host in lan.hosts]
    pairs = [(node, other) for node in nodes for other in nodes if node is not other]
    try:
        for node in nodes:
            assert node.eval("node()", 30) == node.name
        wait_for(lambda: all(connection(*pair) for pair in pairs), 20, "all have joined all")
        for pair in pairs:
            pair[0].wait_known(pair[1])
        moving = nodes[1]
        before = {pair: connection(*pair) for pair in pairs if moving in pair}
        with lan[1].watch() as watch:
            lan[2].readdress("192.0.2.122")
            reported = watch.wait_event("changed", moving.name, FOLLOWED, addr="192.0.2.122").when

        def is_whole():
            now = {pair: connection(*pair) for pair in pairs}
            return all(now.values()) and all(now[pair] != old for pair, old in before.items())
        wait_for(is_whole, 40, "the mesh is whole")
        took = time.monotonic() - reported
        assert took <= 10, f"took {took:.2f} s"
        for node, other in pairs:
            assert node.ping(other.name) == "pong"
        states = [node.eval("lists:usort(maps:values(epmd_mdns:peers()))") for node in nodes]
        assert states == ["[connected]"] * 4, states
    finally:
        for node in nodes:
            node.kill()
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 0, 15, "no node is left")
    return f"{took:.2f} s"


def restart_daemons(lan, *options):
    def restart(host):
        host.daemon.stop()
        host.start_daemon(*options)
    lan.each(restart)


def vanished(lan):
    "a host that vanishes silently: its node is down ~3 s after its advert has expired; it is joined when it is back"
    restart_daemons(lan, "--ttl=10")
    with pair(lan) as (a, b), lan[1].watch() as watch:
        connections = Connections(a, b)
        a.watch()
        lan.cut(lan[2])
        try:
            start = time.monotonic()
            expired = watch.wait_event("down", b.name, 40, reason="expired").when
            wait_for(lambda: "nodedown" in a.watched(), ENDED + 10, "a@h1 has been told nodedown")
            took = time.monotonic() - expired
            assert took <= ENDED, f"nodedown {took:.2f} s after the advert has expired"
        finally:
            lan.restore(lan[2])
        wait_for(lambda: all(now and now != before for now, before in zip(connections.now(), connections.before)), 30,
                 "they have joined each other again")
        assert a.ping(b.name) == "pong"
    return f"expired {expired - start:.1f} s after the cut, down {took:.1f} s after that"


def silent(lan):
    "multicast is lost, unicast is not: the advert expires, the question is answered, the connection stays"
    with pair(lan) as (a, b), lan[1].watch() as watch:
        connections = Connections(a, b)
        lan.each(lambda host: host.check(["nft", "add table inet mute; add chain inet mute in { type filter hook input "
                                          "priority 0; }; add rule inet mute in udp dport 5353 ip daddr 224.0.0.251 drop; "
                                          "add rule inet mute in udp dport 5353 ip6 daddr ff02::fb drop"]))
        try:
            watch.wait_event("down", b.name, 30, reason="expired")
            wait_for(lambda: all("alive" in checks(node) for node in (a, b)), 20, "both have checked their connection")
            assert connections.now() == connections.before, "it is the same connection"
            assert not any("ended" in checks(node) for node in (a, b))
        finally:
            lan.each(lambda host: host.check(["nft", "delete table inet mute"]))


def busy(lan):
    "a connection that is busy for longer than a check takes is not cut, at neither end"
    with pair(lan) as (a, b), lan[1].watch() as one, lan[2].watch() as two:
        connections = Connections(a, b)
        b.eval("register(sink, spawn(fun() -> (fun Loop() -> receive _ -> Loop() end end)() end)), ok")
        lan[1].check("tc qdisc add dev eth0 root tbf rate 16mbit burst 64kb latency 400ms")
        try:
            # 64 MB, half a minute; what asks comes last.
            a.eval("[spawn(fun() -> {sink, 'b@h2'} ! binary:copy(<<7>>, 1 bsl 23) end) || _ <- lists:seq(1, 8)], ok")
            for host, watch in ((lan[1], one), (lan[2], two)):
                host.ip(f"address add 192.0.2.{200 + int(host.name[1])}/24 dev eth0")
                wait_network(watch, "readdressed", FOLLOWED)
            wait_for(lambda: all("alive" in checks(node) for node in (a, b)), 20, "both have checked their connection")
            assert connections.now() == connections.before, "it is the same connection"
            assert not any("ended" in checks(node) for node in (a, b))
            busy_still = int(a.eval("{ok, [{_, Pending}]} = inet:getstat(proplists:get_value('b@h2', "
                                    "erlang:system_info(dist_ctrl)), [send_pend]), Pending"))
            assert busy_still > 0, "it has been busy all the time"
        finally:
            lan[1].check("tc qdisc delete dev eth0 root")
            for host in lan.hosts[:2]:
                host.ip(f"address delete 192.0.2.{200 + int(host.name[1])}/24 dev eth0")


if __name__ == "__main__":
    tests = [peer, peer_alone, own, own_alone, peer6, own6, mesh, busy, vanished, silent]
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        tests.remove(silent)
    tap.main(tests, Lan(4))
