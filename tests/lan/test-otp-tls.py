#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Distribution over TLS, with certificates that both sides verify: who connects, who is refused, who doesn't try."""

import re

import stock
import tap
import tls
from lan import Lan
from wait import wait_for

AT_ONCE = 0.1       # seconds; a name server that is asked and says nothing takes ten times as long


def link(node, other):
    """What carries the connection to that node: "tcp", "tls", or None if there is none."""
    kind = node.eval(f"case lists:keyfind('{other.name}', 1, erlang:system_info(dist_ctrl)) of {{_, C}} "
                     "when is_pid(C) -> tls; {_, C} when is_port(C) -> tcp; false -> none end")
    return None if kind == "none" else kind


def endpoints(host, node):
    """The endpoints of a node that the host knows, as {protocol: port}."""
    with host.control() as control:
        return {line.proto: int(line.port) for line in control.lookup(node.name)}


def connects(lan):
    "nodes that speak TLS find each other and connect, by short and by long names, and are announced as such"
    lan.authority = tls.Authority()
    lan.flags = [tls.flags(host, lan.authority) for host in lan.hosts]
    first = lan[1].erl("l@h1.local", *lan.flags[0], long=True), lan[2].erl("l@h2.local", *lan.flags[1], long=True)
    second = lan.a, _ = lan[1].erl("a", *lan.flags[0]), lan[2].erl("b", *lan.flags[1])
    for a, b in (first, second):
        a.wait_known(b)
        b.wait_known(a)
        for host in lan.hosts[:2]:
            assert list(endpoints(host, a)) == list(endpoints(host, b)) == ["tls"]
        for dialling, other in ((a, b), (b, a)):
            assert dialling.ping(other.name) == "pong"
            assert link(dialling, other) == link(other, dialling) == "tls"
            dialling.part(other)
    lan.each(lambda node: node.stop(), first)
    for host in lan.hosts[:2]:
        host.wait_status(lambda status: status["nodes"] == len(second), 10, "the first two are gone")


def is_tried(lan):
    "a node whose port is tried by `resolve` and the doctor logs nothing: nothing is sent to it"
    for host in (lan[1], lan[2]):
        for _ in range(10):
            shown = host.cli("resolve", "--proto=tls", "a@h1")
            assert shown.returncode == 0 and re.search(r"^yes .* open  ", shown.stdout, re.MULTILINE), shown
        ports = re.search("^.*ports: .*", host.cli("doctor").stdout, re.MULTILINE)[0]
        assert ports.startswith("ok "), ports
    # Its answer comes behind all that it had to log.
    lan.a.eval("logger_std_h:filesync(default)")
    reports = [report for report in lan.a.reports() if "epmd_mdns: daemon_" not in report]
    assert reports == [], reports


def refuses_other_name(lan):
    "a node whose certificate carries the name of another host is found, and refused"
    own = lan.authority.issue("other", "other.local")
    node = lan[3].erl("c", *tls.flags(lan[3], lan.authority, own))
    lan.a.wait_known(node)
    start = len(lan.a.lines)
    assert lan.a.ping(node.name) == "pang"
    lan.a.wait_line("hostname_check_failed", 5, start)
    assert node.eval("nodes()") == "[]"
    node.kill()


def refuses_stranger(lan):
    "nor does a node get in whose certificate another authority has issued, although it knows where to knock"
    own = tls.Authority("stranger").issue("h3", "h3.local")
    node = lan[3].erl("d", *tls.flags(lan[3], lan.authority, own))
    node.wait_known(lan.a)
    start = len(lan.a.lines)
    assert node.ping(lan.a.name) == "pang"
    lan.a.wait_line("(?i)unknown_ca|unknown ca", 5, start)
    assert node.eval("nodes()") == "[]"
    node.kill()


def admits_good(lan):
    "with a certificate for its host such a node is let in, so that it was the certificate that kept it out"
    node = lan[3].erl("e", *lan.flags[2])
    wait_for(lambda: node.ping(lan.a.name) == "pong", 5, f"{node.name} reaches {lan.a.name}")
    assert link(node, lan.a) == "tls"
    node.kill()


def hangs(lan):
    "a connection over TLS that hangs, for the host of the other node has got another address, is ended at either end"
    node = lan[3].erl("m", *lan.flags[2])
    node.wait_known(lan.a)
    lan.a.wait_known(node)
    assert lan.a.ping(node.name) == "pong"

    def owners():
        return [here.eval(f"net_kernel:node_info('{there.name}', owner)") for here, there in ((lan.a, node), (node, lan.a))]

    kept, before = lan[3].address, owners()
    with lan[1].watch() as watch:
        lan[3].readdress("192.0.2.103")
        try:
            watch.wait_event("changed", node.name, 5, addr="192.0.2.103")
            # Whoever has something to send may have connected them again.
            wait_for(lambda: all(now != old for now, old in zip(owners(), before)), 5, "the connection has been ended")
            assert any(one.reports("ended: the node does not answer") for one in (lan.a, node)), "and by one of the two"
            assert lan.a.ping(node.name) == "pong" and link(lan.a, node) == "tls"
        finally:
            node.kill()
            lan[3].readdress(kept)


def leaves_alone(dialling, dialled):
    """A node doesn't try to reach one that speaks another protocol; the seconds that its answer takes. Each argument is
    a host and a node on it."""
    (here, node), (there, other) = dialling, dialled
    node.wait_known(other)
    name, _, host = other.name.partition("@")

    def counters():
        return here.tcp()["ActiveOpens"], there.tcp()["PassiveOpens"]

    # First with a resolver that knows the host, and would lead on to its epmd and to the node's port ...
    stock.know(here, {host: there.address})
    assert node.eval(f'inet:getaddr("{host}", inet)') == "{ok,{%s}}" % there.address.replace(".", ",")
    before = counters()
    assert node.ping(other.name) == "pang"
    assert counters() == before, "nobody has connected to anything"
    # ... then with one that knows nothing, and takes its time.
    stock.know(here, {})
    took, answer = re.fullmatch(r"\{(\d+),\{(\w+),.*\}\}", node.eval(
        f'timer:tc(epmd_mdns, address_please, ["{name}", "{host}", inet])')).groups()
    assert answer == "error" and int(took) / 1e6 <= AT_ONCE, (took, answer)
    return int(took) / 1e6


def speaks_one(lan):
    "a TCP node knows at once that it can't reach a TLS node, or a TLS node a TCP node, and doesn't try"
    plain = lan[3].erl("t")
    resolvers = {host: stock.DeadDns(host) for host in (lan[1], lan[3])}
    times = [leaves_alone((lan[3], plain), (lan[1], lan.a)), leaves_alone((lan[1], lan.a), (lan[3], plain))]
    for resolver in resolvers.values():
        assert not resolver.asked(), resolver.asked()
    lan.plain = plain
    return "address_please took %d and %d us" % tuple(1e6 * time for time in times)


def speaks_both(lan):
    "a node that speaks both is found over TCP by one that speaks TCP, and over TLS by one that speaks TLS"
    both = lan[2].erl("both", *tls.flags(lan[2], lan.authority, proto="inet_tcp inet_tls"))
    ports = endpoints(lan[2], both)
    assert sorted(ports) == ["tcp", "tls"] and ports["tcp"] != ports["tls"], ports
    assert set(ports.values()) <= lan[2].listening()
    for node, proto in ((lan.plain, "tcp"), (lan.a, "tls")):
        wait_for(lambda: node.ping(both.name) == "pong", 5, f"{node.name} reaches {both.name}")
        assert link(node, both) == link(both, node) == proto
        node.part(both)
    assert endpoints(lan[1], both) == endpoints(lan[3], both) == ports
    lan.both = both


def prefers_last(lan):
    "by itself it connects over the protocol that it names last, as OTP does it, and knows that it can't over the other"
    lan.both.wait_known(lan.a)
    lan.both.wait_known(lan.plain)
    assert lan.both.ping(lan.a.name) == "pong" and link(lan.both, lan.a) == "tls"
    lan.both.part(lan.a)
    before = lan[2].tcp()["ActiveOpens"]
    assert lan.both.ping(lan.plain.name) == "pang" and lan[2].tcp()["ActiveOpens"] == before


if __name__ == "__main__":
    tap.main([connects, is_tried, refuses_other_name, refuses_stranger, admits_good, hangs, speaks_one, speaks_both,
              prefers_last],
             Lan(3, tls=True))
