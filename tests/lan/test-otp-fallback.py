#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nodes that are not on the LAN are looked up as stock OTP does it, by the host's resolver and epmd.

On h2 run the real epmd and nodes without our module; the names of hosts are in /etc/hosts, and not in mDNS.
"""

import re

import stock
import tap
from lan import Lan

LIMIT = 1.1         # seconds that a callback may take


def connects(node, other):
    """Whether the node reaches the other by its name alone, both then know it, and a call comes through."""
    if node.ping(other.name) != "pong":
        return False
    assert node.eval(f"rpc:call('{other.name}', erlang, node, [], 5000)").strip("'") == other.name
    assert node.name in other.connected()
    node.part(other)
    return True


def names(node, host):
    """What net_adm:names says of a host, as {name: port}; None if it is an error."""
    value = node.eval(f"net_adm:names({host})")
    if not value.startswith("{ok,"):
        return None
    return {name: int(port) for name, port in re.findall(r'\{"(.*?)",(\d+)\}', value)}


def reaches_stock(lan):
    "a node reaches stock nodes that are registered in epmd on another host: by short name, long name and address"
    names_of = {host: f"{host.name}.example {host.name}" for host in lan.hosts}
    for host in lan.hosts:
        stock.know(host, {names_of[other]: other.address for other in lan.hosts if other is not host})
    stock.start_epmd(lan[2])
    lan.stock = [lan[2].erl("short", module=False), lan[2].erl("long@h2.example", long=True, module=False),
                 lan[2].erl("dev@192.0.2.2", long=True, module=False)]
    assert not [node for node in lan.stock if "epmd_mdns" in node.eval("registered()")]
    lan.short = lan[1].erl("ours")
    lan.long = lan[1].erl("ours@h1.example", long=True)
    for node, other in zip((lan.short, lan.long, lan.long), lan.stock):
        assert connects(node, other), f"{node.name} does not reach {other.name}"


def is_not_found(lan):
    "a stock node doesn't find ours, which no epmd knows; it is told so at once, and ours can still connect to it"
    stock_node = lan.stock[0]
    took, answer = re.fullmatch(r"\{(\d+),(\w+)\}", stock_node.eval(
        f"timer:tc(net_adm, ping, ['{lan.short.name}'])")).groups()
    assert answer == "pang" and int(took) / 1e6 <= LIMIT, (took, answer)
    assert connects(lan.short, stock_node)


def lists_stock(lan):
    "net_adm:names of a host that the LAN doesn't know lists what its epmd knows; ports are those of the nodes"
    for host in ("h2", '"h2"', '"h2.example"', "{192,0,2,2}"):
        found = names(lan.short, host)
        assert found and sorted(found) == ["dev", "long", "short"], (host, found)
        assert set(found.values()) <= lan[2].listening()


def can_be_switched_off(lan):
    "with -epmd_mdns fallback false neither DNS nor epmd is asked: pang, no names, and no connection to anything"
    alone = lan[1].erl("alone", "-epmd_mdns", "fallback", "false")
    dns = stock.DeadDns(lan[1])
    before = lan[1].tcp()["ActiveOpens"]
    assert alone.ping("short@h2") == alone.ping("short@nowhere") == "pang"
    assert not names(alone, "h2") and not names(alone, "nowhere")
    assert alone.eval('epmd_mdns:address_please("short", "h2", inet)').startswith("{error,")
    for host in ("{192,0,2,2}", '"h2"', '"nowhere"'):
        assert alone.eval(f'epmd_mdns:port_please("short", {host})') == "noport"
    assert lan[1].tcp()["ActiveOpens"] == before and not dns.asked()
    assert connects(lan.short, lan.stock[0]), "which a node without that flag reaches"
    assert lan[1].tcp()["ActiveOpens"] == before + 2, "epmd, and the node"
    assert lan.short.ping("short@nowhere") == "pang" and b"nowhere" in dns.asked(), "and asks for what it doesn't know"
    alone.kill()
    lan.dns = dns


def tells_two_apart(lan):
    "on a host with a node of ours and a stock node of the same first name each is reached by its full name"
    ours = lan[2].erl("dev@h2.local", long=True)
    third = lan[3].erl("third@h3.local", long=True)
    third.wait_known(ours)
    theirs = lan.stock[2]
    for other in (ours, theirs, ours):
        assert connects(third, other), f"{third.name} does not reach {other.name}"
    ours.kill()


def timed(node, call, expected):
    """Let the node call a callback; the seconds that it took. It must not be too long, and the answer as expected."""
    value = node.eval(f"timer:tc(epmd_mdns, {call})")
    took, answer = re.fullmatch(r"\{(\d+),\{?(\w+).*\}", value).groups()
    assert re.fullmatch(expected, answer) and int(took) / 1e6 <= LIMIT, (call, value)
    return int(took) / 1e6


def outlasts_epmd(lan):
    "with an epmd that accepts and never answers every callback ends within 1.1 s"
    stock.start_silent_epmd(lan[3])
    before = lan[3].tcp()["PassiveOpens"]
    times = [timed(lan.long, call, expected) for call, expected in (
        ('port_please, ["x", {192,0,2,3}]', "noport|error"), ('port_please, ["x", "h3.example"]', "noport|error"),
        ("names, ['h3.example']", "ok"))]
    assert lan[3].tcp()["PassiveOpens"] - before == len(times), "it was asked each time"
    return f"{min(times):.2f} to {max(times):.2f} s"


def outlasts_dns(lan):
    "with a name server that never answers every callback ends within 1.1 s"
    # Three questions, and no more: OTP has three processes for them, and each waits for the resolver, 10 s and more.
    times = [timed(lan.long, call, expected) for call, expected in (
        ('address_please, ["x", "lost1", inet]', "error"), ('port_please, ["x", "lost2"]', "noport|error"),
        ("names, [lost3]", "ok"))]
    asked = lan.dns.asked()
    assert b"lost1" in asked and b"lost2" in asked and b"lost3" in asked, asked
    return f"{min(times):.2f} to {max(times):.2f} s"


if __name__ == "__main__":
    tap.main([reaches_stock, is_not_found, lists_stock, can_be_switched_off, tells_two_apart, outlasts_epmd,
              outlasts_dns], Lan(3))
