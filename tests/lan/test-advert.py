#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a host says of its nodes, as others hear it: docs/advert.md, and how it follows changes."""

import re

import tap
from lan import Lan
from wait import wait_for

TYPE = "_erlang-dist._tcp"


def up(at, node, **attrs):
    """Wait until every endpoint of a node that LOOKUP tells at a host is like this; return the first."""
    def found():
        with at.control() as control:
            lines = [line for line in control.lookup(node, wait=100) if not line.stale]
        good = lines and all(line.attrs.get(key) == value for line in lines for key, value in attrs.items())
        return lines[0] if good else None
    return wait_for(found, 10, f"{at.name} sees {node} {attrs}")


def no_advert(host):
    host.wait_status(lambda status: status["adverts"] == 0, 5, "no advert is left")


def browsed(lan):
    "avahi-browse shows the type, and the advert with its TXT record"
    with lan[1].control() as lease:
        lease.register("alice@h1", 37061, otp="27", dist="5-6", cluster="team", type="hidden", family="inet6")
        browse = lan[2].spawn("stdbuf -oL avahi-browse -arp", "avahi-browse")
        line = browse.wait_line(rf"^=;eth0;IPv4;(alice\\064h1.*);{TYPE};local;h1\.local;.*;37061;(.*)", 5)
        assert re.fullmatch(r"alice\\064h1\\032[0-9a-f]{12}", line[1]), line[1]
        assert set(re.findall(r'"(.*?)"', line[2])) == {
            "txtvers=1", "node=alice@h1", "proto=tcp", "family=inet6", "otp=27", "dist=5-6", "cluster=team",
            "type=hidden"}, line[2]
        browse.stop()
    no_advert(lan[1])


def passed_on(lan):
    "every attribute of a registration reaches the other host"
    with lan[1].control() as lease:
        lease.register("bob@h1", 37061, otp="27", dist="5-6", cluster="team", type="hidden", proto="tls")
        line = up(lan[2], "bob@h1")
        assert (line.port, line.family, line.proto, line.source) == ("37061", "inet", "tls", "lan"), line
        assert (line.otp, line.dist, line.cluster, line.type) == ("27", "5-6", "team", "hidden"), line
        assert (line.addr, line.host, line.attrs["if"]) == ("192.0.2.1", "h1.local", "eth0"), line
    no_advert(lan[1])


def long_names(lan):
    "a name of 255 characters, percent signs and letters beyond ASCII arrive as they were"
    names = ["n" * 251 + "@h1x", "x@" + "\u00e5" * 253, "percent@100%25", "y" * 62 + "@h1"]
    for name in names:
        with lan[1].control() as lease:
            lease.register(name, 37061)
            up(lan[2], name, port="37061", source="lan")
    no_advert(lan[1])


def endpoints(lan):
    "a node may have an endpoint for each protocol and family, and each is advertised"
    with lan[1].control() as lease, lan[2].watch() as watch:
        for port, (proto, family) in enumerate([(p, f) for p in ("tcp", "tls") for f in ("inet", "inet6")], 37001):
            lease.register("many@h1", port, proto=proto, family=family)
        wait_for(lambda: len(watch.lookup("many@h1")) == 4, 10, "h2 sees four endpoints")
        found = {(line.proto, line.family): line.port for line in watch.lookup("many@h1")}
        assert found == {("tcp", "inet"): "37001", ("tcp", "inet6"): "37002",
                         ("tls", "inet"): "37003", ("tls", "inet6"): "37004"}, found
        only = wait_for(lambda: watch.lookup("many@h1", proto="tls", family="inet6"), 10, "h2 knows its IPv6 address, too")
        assert {line.port for line in only if line.family == "inet6"} == {"37004"}, only
        assert all(":" in address for line in only for address in line.addr.split(",")), only
    no_advert(lan[1])
    lan[2].wait_status(lambda status: status["nodes"] == 0, 5, "all four are gone")


def changed(lan):
    "an endpoint that changes is replaced on the LAN, however quickly, and leaves nothing behind"
    with lan[1].control() as lease:
        for port in (37001, 37002, 37003, 37001, 37004):
            lease.register("quick@h1", port)
        up(lan[2], "quick@h1", port="37004")
        lease.register("quick@h1", 37005, cluster="team")
        up(lan[2], "quick@h1", port="37005", cluster="team")
        lan[1].wait_status(lambda status: status["adverts"] == 1, 5, "one advert")
    no_advert(lan[1])
    # The same with an end that is as quick: what was said before has to be taken back.
    for number in range(20):
        with lan[1].control() as lease:
            for port in (37001, 37002, 37003):
                lease.register(f"brief{number}@h1", port)
    no_advert(lan[1])
    lan[2].wait_status(lambda status: status["nodes"] == 0, 5, "h2 sees nothing any more")


def loopback(lan):
    "a node that is bound to loopback is known here, and never advertised"
    with lan[1].control() as hidden, lan[1].control() as shown, lan[2].watch() as watch:
        hidden.register("hidden@h1", 37001, addr="127.0.0.1")
        assert hidden.lookup("hidden@h1")[0].addr == "127.0.0.1"
        shown.register("shown@h1", 37002)
        event = watch.next_event(10)
        assert event.words == ["up", "shown@h1"], f"the first that h2 hears of h1 is {event}"
        assert lan[1].status()["adverts"] == 1
    no_advert(lan[1])


def renamed(lan):
    "the adverts follow a change of the host's name in Avahi"
    with lan[1].control() as lease:
        lease.register("carol@h1", 37061)
        up(lan[2], "carol@h1", host="h1.local")
        lan[1].rename("other")
        up(lan[2], "carol@h1", host="other.local")
        lan[1].wait_status(lambda status: status["host"] == "other.local", 5, "STATUS tells the name")
        lan[1].rename("h1")
        up(lan[2], "carol@h1", host="h1.local")


def readdressed(lan):
    "another host learns of a new address"
    with lan[1].control() as lease:
        lease.register("dave@h1", 37061)
        up(lan[2], "dave@h1", addr="192.0.2.1")
        lan[1].readdress("192.0.2.101")
        up(lan[2], "dave@h1", addr="192.0.2.101")
        lan[1].readdress("192.0.2.1")
        up(lan[2], "dave@h1", addr="192.0.2.1")


def unlinked(lan):
    "an interface that goes down takes what was heard on it, and brings it back"
    with lan[1].control() as near, lan[2].control() as far, lan[1].watch() as watch:
        near.register("near@h1", 37001)
        far.register("far@h2", 37002)
        watch.wait_event("up", "far@h2", 5)
        lan[1].ip("link set eth0 down")
        watch.wait_event("down", "far@h2", 5)
        assert watch.lookup("near@h1")
        lan[1].ip("link set eth0 up", f"address replace {lan[1].address6}/64 dev eth0 nodad")
        watch.wait_event("up", "far@h2", 10)
        up(lan[2], "near@h1")


if __name__ == "__main__":
    tap.main([browsed, passed_on, long_names, endpoints, changed, loopback, renamed, readdressed, unlinked], Lan(2))
