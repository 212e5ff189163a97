#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which address a node is given for another one, and that the distribution connects to it: IPv4 and IPv6, several
links, nodes that listen on one address only, addresses that change.

h1 and h4 are on both links, h2 on the first, h3 on the second.
"""

import contextlib
import ipaddress
import re
import time

import tap
from lan import Lan
from wait import wait_for

TYPE = "_erlang-dist._tcp"
INET6 = ("-proto_dist", "inet6_tcp")
FOLLOWED = 5        # seconds in which a change of address has to be followed


def bound(address):
    """The flags of a node that listens on this address only."""
    address = ipaddress.ip_address(address)
    size = 1 if address.version == 4 else 2
    words = [str(int.from_bytes(address.packed[i:i + size], "big")) for i in range(0, len(address.packed), size)]
    return ("-kernel", "inet_dist_use_interface", "{" + ",".join(words) + "}", *(INET6 if size == 2 else ()))


def address_of(words):
    """An address from the words of an Erlang tuple."""
    numbers = [int(word) for word in words.split(",")]
    if len(numbers) == 4:
        return ".".join(map(str, numbers))
    return str(ipaddress.IPv6Address(b"".join(number.to_bytes(2, "big") for number in numbers)))


def mapped(address):
    """An IPv4 address as an IPv6 socket shows it."""
    return str(ipaddress.IPv6Address("::ffff:" + address))


def told(node, other, family):
    """What address_please/3 tells a node: an address, or None."""
    name, host = other.name.split("@")
    answer = node.eval(f'epmd_mdns:address_please("{name}", "{host}", {family})')
    found = re.fullmatch(r"\{ok,\{([\d,]+)\},\d+,6\}", answer)
    return found and address_of(found[1])


def connects(node, other, address):
    """A node is told this address of another one, sooner or later, and connects to it."""
    family = "inet6" if ":" in address else "inet"
    wait_for(lambda: told(node, other, family) == address, 10, f"{node.name} is told {address} of {other.name}")
    assert node.ping(other.name) == "pong"
    info = node.eval(f"net_kernel:node_info('{other.name}', address)")
    found = address_of(re.search(r"\{\{([\d,]+)\},\d+\}", info)[1])
    assert found == address, f"connected to {found}, told {address}"


def seen(at, node, deadline=10, **attrs):
    """Wait until a host sees one endpoint of a node, and that it is like this; return its line."""
    name = getattr(node, "name", node)

    def found():
        with at.control() as control:
            lines = [line for line in control.lookup(name, wait=100) if not line.stale]
        good = len(lines) == 1 and all(lines[0].attrs.get(key) == value for key, value in attrs.items())
        return lines[0] if good else None
    return wait_for(found, deadline, f"{at.name} sees {name} {attrs}")


@contextlib.contextmanager
def running(lan, *nodes):
    """Erlang nodes, each given as (host, name, flags...); they start side by side, and are gone afterwards."""
    started = []
    try:
        for host, *arguments in nodes:
            started.append(host.erl(*arguments, wait=False))
        for node in started:
            assert node.eval("node()", 30) == node.name
        yield started
    finally:
        for node in started:
            node.kill()
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 0, 10, "no node is left")


def families(lan):
    "nodes of family inet connect over IPv4, those of inet6 over fd00::/8, and never over a link-local address"
    with running(lan, (lan[1], "four"), (lan[1], "six", *INET6), (lan[2], "four"), (lan[2], "six", *INET6)) as nodes:
        four1, six1, four2, six2 = nodes
        connects(four1, four2, "192.0.2.2")
        connects(six2, six1, "fd00::1")
        line = seen(lan[1], six2, addr="fd00::2,192.0.2.2", family="inet6")
    return line.addr


def both_families(lan):
    "a node of both families has two endpoints, and is reached by nodes that have only one of them"
    with running(lan, (lan[1], "both", "-proto_dist", "inet_tcp", "inet6_tcp"), (lan[2], "four"),
                 (lan[2], "six", *INET6)) as (both, four, six), lan[2].control() as control:
        connects(four, both, "192.0.2.1")
        connects(six, both, "fd00::1")
        found = {line.family: line for line in control.lookup(both.name)}
        assert set(found) == {"inet", "inet6"} and found["inet"].port != found["inet6"].port, found
        assert found["inet"].addr == "192.0.2.1" and found["inet6"].addr.split(",")[0] == "fd00::1", found


def mixed_families(lan):
    "nodes of family inet6 and of family inet connect to each other over IPv4"
    with running(lan, (lan[1], "four"), (lan[1], "six", *INET6), (lan[2], "four"), (lan[2], "six", *INET6)) as nodes:
        four1, six1, four2, six2 = nodes
        connects(six1, four2, mapped("192.0.2.2"))
        connects(four1, six2, "192.0.2.2")


def link_local(lan):
    "a host that has no IPv6 address but a link-local one is reached over IPv4, also by nodes of family inet6"
    watchers = (lan[1], lan[4])
    before = {host: host.status()["ignored-address"] for host in watchers}
    lan[3].ip(f"address delete {lan[3].address6}/64 dev eth1")
    try:
        with running(lan, (lan[3], "local", *INET6), (lan[1], "near", *INET6)) as (local, near):
            for host in watchers:
                host.wait_status(lambda status, host=host: status["ignored-address"] > before[host], 10,
                                 "the link-local address is heard, and ignored")
                seen(host, local, addr="198.51.100.3", family="inet6")
            connects(near, local, mapped("198.51.100.3"))
            assert told(near, local, "inet") == "198.51.100.3"
    finally:
        lan[3].ip(f"address add {lan[3].address6}/64 dev eth1 nodad")


def two_links(lan):
    "of a node on two links each host is given the address that is on its own"
    with running(lan, (lan[1], "homed"), (lan[2], "on1"), (lan[3], "on2"), (lan[4], "both")) as (homed, on1, on2, both):
        seen(lan[2], homed, addr="192.0.2.1", **{"if": "eth0"})
        seen(lan[3], homed, addr="198.51.100.1", **{"if": "eth1"})
        connects(on1, homed, "192.0.2.1")
        connects(on2, homed, "198.51.100.1")
        wait_for(lambda: "," in seen(lan[4], homed).addr, 10, "h4 hears the advert on both links")
        line = seen(lan[4], homed)
        assert set(line.addr.split(",")) == {"192.0.2.1", "198.51.100.1"}, line
        assert set(line.attrs["if"].split(",")) == {"eth0", "eth1"} and not line.conflict, line
        lan[4].wait_status(lambda status: status["nodes"] == 4, 5, "it is one node")
        connects(both, homed, line.addr.split(",")[0])
    return line.addr


def heard(host, node):
    """What avahi-browse shows on a host of the advert of a node: interface, IP version, target, address."""
    lines = host.check(f"avahi-browse -rptf {TYPE}", deadline=20).splitlines()
    rows = [line.split(";") for line in lines if line.startswith("=") and f'"node={node.name}"' in line]
    return {(row[1], row[2], row[6], row[7]) for row in rows}


def check_bound(lan, address, interface, version, there, elsewhere):
    """A node that is bound to an address of h1, as it looks from a host on that link and from one on the other."""
    six = INET6 if version == "IPv6" else ()
    nodes = (lan[1], f"only{version}", *bound(address)), (there, "peer", *six), (lan[1], "local", *six)
    with elsewhere.watch() as watch, running(lan, *nodes) as (only, peer, local):
        for host in (there, lan[4]):
            line = seen(host, only, addr=address, host="h1.local", **{"if": interface})
        row, = heard(there, only)
        assert (row[0], row[1], row[3]) == (interface, version, address), row
        assert re.fullmatch(r"[0-9a-f]{12}\.h1\.local", row[2]), row
        connects(peer, only, address)
        # h4 is on the other link as well.
        assert heard(lan[4], only) == {row}
        # The other link hears another node of the host, and nothing of this one.
        event = watch.next_event(10)
        assert event.words == ["up", local.name], event
        assert not watch.lookup(only.name) and not heard(elsewhere, only)
        # The host itself lists it with this address, for by no other it can be reached.
        assert seen(lan[1], only, source="local").addr == address
        connects(local, only, address)
    return line.addr


def bound_to_one(lan):
    "a node that listens on one IPv4 address is advertised with just this address, on its link and no other"
    return check_bound(lan, "192.0.2.1", "eth0", "IPv4", lan[2], lan[3])


def bound_to_one_ipv6(lan):
    "the same with an IPv6 address, on the other link"
    return check_bound(lan, "fd01::1", "eth1", "IPv6", lan[3], lan[2])


def bound_together(lan):
    "of two nodes that listen on the same address one ends, and the other is still there"
    with running(lan, (lan[1], "first", *bound("192.0.2.1")), (lan[1], "second", *bound("192.0.2.1")),
                 (lan[2], "peer")) as (first, second, peer), lan[2].watch() as watch:
        for node in (first, second):
            seen(lan[2], node, addr="192.0.2.1")
        first.kill()
        watch.wait_event("down", first.name, 5, reason="goodbye")
        assert heard(lan[2], second)
        connects(peer, second, "192.0.2.1")


def bound_to_loopback(lan):
    "a node that listens on a loopback address is found and reached on its host, and nowhere advertised"
    with running(lan, (lan[1], "hidden", *bound("127.0.0.1")), (lan[1], "local"),
                 (lan[1], "shown")) as (hidden, local, shown):
        connects(local, hidden, "127.0.0.1")
        lan[1].wait_status(lambda status: status["adverts"] == 2, 5, "the two others are advertised")
        for host in (lan[2], lan[3], lan[4]):
            seen(host, shown)
            with host.control() as control:
                assert not control.lookup(hidden.name)


def rebound(lan):
    "a node that registers with another address, or with none any more, is heard as it is now and where it is now"
    name = "rebound@h1"

    def only(there, elsewhere, address):
        seen(there, name, addr=address)
        elsewhere.wait_status(lambda status: status["nodes"] == 0, 5, "there is nothing on the other link")

    with lan[1].control() as lease:
        for address in ("192.0.2.1", "198.51.100.1", "127.0.0.1", "192.0.2.1"):
            lease.register(name, 37061, addr=address)
        only(lan[2], lan[3], "192.0.2.1")
        lease.register(name, 37061, addr="198.51.100.1")
        only(lan[3], lan[2], "198.51.100.1")
        lease.register(name, 37061)
        seen(lan[2], name, addr="192.0.2.1")
        seen(lan[3], name, addr="198.51.100.1")
        lease.register(name, 37061, addr="192.0.2.1")
        only(lan[2], lan[3], "192.0.2.1")
        lan[1].wait_status(lambda status: status["adverts"] == 1, 5, "one advert")
    lan[2].wait_status(lambda status: status["nodes"] == 0, 5, "no node is left")


def over_loopback(lan):
    "nodes of one host reach each other over loopback, IPv4 and IPv6"
    with running(lan, (lan[1], "a"), (lan[1], "b"), (lan[1], "sixa", *INET6), (lan[1], "sixb", *INET6)) as nodes:
        a, b, six_a, six_b = nodes
        connects(a, b, "127.0.0.1")
        connects(six_a, six_b, "::1")
        connects(six_a, a, mapped("127.0.0.1"))


def readdressed(lan):
    "a new address of a host is followed within 5 s, and a new connection uses it"
    took = []
    with running(lan, (lan[2], "moving"), (lan[1], "peer"), (lan[1], "next")) as (moving, *peers), \
            lan[1].watch() as watch:
        seen(lan[1], moving, addr="192.0.2.2")
        for peer, address in zip(peers, ("192.0.2.102", "192.0.2.2")):
            start = time.monotonic()
            lan[2].readdress(address)
            took.append(watch.wait_event("changed", moving.name, FOLLOWED, addr=address).when - start)
            seen(lan[1], moving, addr=address)
            connects(peer, moving, address)
            # No connection, in either direction, shall outlive the address: it would hang until net_ticktime is over.
            peer.kill()
            wait_for(lambda: moving.eval("nodes(connected)") == "[]", 10, "the connection has ended")
    return ", ".join(f"{seconds:.2f} s" for seconds in took)


def readdressed_bound(lan):
    "a node on an address that its host loses is not advertised until the host has it again, and the log says so"
    with running(lan, (lan[2], "fixed", *bound("192.0.2.2")), (lan[1], "peer")) as (fixed, peer), \
            lan[1].watch() as watch:
        seen(lan[1], fixed, addr="192.0.2.2")
        start = time.monotonic()
        lan[2].readdress("192.0.2.102")
        gone = watch.wait_event("down", fixed.name, FOLLOWED, reason="goodbye").when - start
        lan[2].daemon.wait_line(r"fixed@h2 is bound to 192\.0\.2\.2, which is on no interface", FOLLOWED)
        lan[2].wait_status(lambda status: status["adverts"] == 0, FOLLOWED, "it is not advertised")
        start = time.monotonic()
        lan[2].readdress("192.0.2.2")
        back = watch.wait_event("up", fixed.name, FOLLOWED, addr="192.0.2.2").when - start
        connects(peer, fixed, "192.0.2.2")
    return f"gone after {gone:.2f} s, back after {back:.2f} s"


def moved(lan):
    "an address that moves to another link takes the advert of the node that listens on it along"
    lan[1].ip("address add 192.0.2.77/24 dev eth0")
    with running(lan, (lan[1], "movable", *bound("192.0.2.77"))) as (movable,), \
            lan[2].watch() as first, lan[3].watch() as second:
        seen(lan[2], movable, addr="192.0.2.77")
        assert not second.lookup(movable.name)
        lan[1].ip("address delete 192.0.2.77/24 dev eth0", "address add 192.0.2.77/24 dev eth1")
        second.wait_event("up", movable.name, FOLLOWED, addr="192.0.2.77")
        first.wait_event("down", movable.name, FOLLOWED, reason="goodbye")
        lan[1].ip("address delete 192.0.2.77/24 dev eth1")


if __name__ == "__main__":
    tap.main([families, both_families, mixed_families, link_local, two_links, bound_to_one, bound_to_one_ipv6,
              bound_together, bound_to_loopback, rebound, over_loopback, readdressed, readdressed_bound, moved],
             Lan(4, links=[(1, 2, 4), (1, 3, 4)]))
