# SPDX-License-Identifier: Apache-2.0
"""Faults of the network, with the daemon in its service's sandbox. The cluster is whole again, and stays so."""

import contextlib
import os
import re
import time

from common import SERVICE, SOON, names, wait_listed, wait_meshed
from wait import wait_for

TTL = 10                            # seconds
DROP_IN = "/run/systemd/system/epmd-mdns.service.d/faults.conf"
WHOLE = 15                          # seconds until all are connected again
FOLLOWED = 10                       # ... and at a new address: 5 until the LAN tells of it, 5 for the connection
TABLE = """
table inet faults {{
    chain in {{
        type filter hook input priority 0;
        {rule}
    }}
}}
"""
UNHEARD = "connected, not heard"


def filters(machine, rule):
    machine.in_network("nft -f -", input=TABLE.format(rule=rule))


def unfilters(*machines):
    for machine in machines:
        machine.in_network("nft delete table inet faults")


def a_pair_is_apart(lan):
    "firewalls let mDNS pass between two machines, and no new connections: all say so, nobody pauses, all meet when it is mended"
    if len(lan.hosts) < 3:
        return "not tried on two machines"
    (one, first), (other, last) = [(lan.hosts[i], lan.nodes[i]) for i in (0, -1)]
    for machine, source in ((one, other), (other, one)):
        filters(machine, f"ip saddr {source.address} tcp flags syn / syn,ack drop")
    try:
        first.part(last)
        start = time.monotonic()
        for node in lan.nodes:
            wait_for(lambda n=node: n.reports("pair_apart"), SOON, f"{node.name} says which pair can't connect")
        told = time.monotonic() - start
        for machine in lan.hosts:
            wait_for(lambda m=machine: re.search(r"^warn\s+pairs: .*@.* can't reach ", m.cli("doctor").stdout, re.M), SOON,
                     f"{machine.name}: the doctor names the pair")
    finally:
        unfilters(one, other)
    start = time.monotonic()
    wait_meshed(lan.nodes, WHOLE)
    for node in lan.nodes:
        assert "paused" not in node.eval("epmd_mdns:peers()") and not node.reports("epmd_mdns: paused"), node.name
    return f"told after {told:.1f} s, whole after {time.monotonic() - start:.1f} s"


def connections(node, others):
    """What a node has for its connections to others: another process, another connection."""
    return {node.eval(f"case net_kernel:node_info('{other.name}') of {{ok, Info}} -> "
                      "{proplists:get_value(state, Info), proplists:get_value(owner, Info)}; _ -> down end") for other in others}


def a_machine_moves(lan):
    "a machine gets another address under its connections: they are ended and made anew, long before OTP notices"
    machine, node = lan.hosts[1], lan.nodes[1]
    others = [other for other in lan.nodes if other is not node]
    old, new = machine.address, "192.0.2.102"
    took = []
    for gone, address in ((old, new), (new, old)):
        before = connections(node, others)

        def moved():
            now = connections(node, others)
            return not now & before and all(text.startswith("{up,") for text in now)
        start = time.monotonic()
        machine.in_network("ip -batch -", input=f"address add {address}/24 dev eth0\naddress delete {gone}/24 dev eth0\n")
        wait_for(moved, FOLLOWED, f"{node.name} has other connections", interval=0.1)
        wait_meshed(lan.nodes, FOLLOWED)
        took.append(time.monotonic() - start)
    return " and ".join(f"{value:.1f} s" for value in took)


def restart(lan, options):
    """All daemons start anew with these options, or those of the package; return when the LAN has heard all adverts again."""
    def restart_one(machine):
        if options:
            machine.bring_text(DROP_IN, f"[Service]\nEnvironment=EPMD_MDNSD_OPTIONS={options}\n")
        else:
            machine.check(["rm", "-r", os.path.dirname(DROP_IN)])
        machine.systemctl("daemon-reload")
        machine.systemctl("restart", SERVICE)
        machine.wait_status(lambda status: status["adverts"] == 1, SOON, "its node is announced")
    lan.each(restart_one)
    # What is announced later is heard later. Until then, all may be known from before.
    fences = {f"fence@{machine.name}" for machine in lan.hosts}
    with contextlib.ExitStack() as stack:
        for machine in lan.hosts:
            stack.enter_context(machine.control()).register(f"fence@{machine.name}", 40001)
        wait_listed(lan, names(lan) | fences)
    wait_listed(lan, names(lan))


def multicast_falls_silent(lan):
    "multicast falls silent: connected nodes stay known, what is lost is made again, and all are heard when it is back"
    restart(lan, f"--ttl={TTL}")
    lan.silence()
    try:
        others = len(lan.hosts) - 1
        for machine in lan.hosts:
            wait_for(lambda m=machine: m.cli("list").stdout.count(UNHEARD) == others, 3 * TTL, f"{machine.name} hears nobody",
                     interval=0.1)
        wait_listed(lan, names(lan))
        start = time.monotonic()
        lan.nodes[0].part(lan.nodes[1])
        wait_meshed(lan.nodes, WHOLE)
        took = time.monotonic() - start
    finally:
        lan.end_silence()
    for machine in lan.hosts:
        wait_for(lambda m=machine: UNHEARD not in m.cli("list").stdout, 3 * TTL, f"{machine.name} hears all again", interval=0.1)
    restart(lan, None)
    return f"a lost connection was made again after {took:.1f} s"


def names_stay_here(lan):
    "a node called app@localhost on each machine stays there: found by the others of its machine, unknown to all else"
    nodes = lan.each(lambda machine: machine.node("app@localhost"))
    try:
        for machine in lan.hosts:
            def found(machine=machine):
                with machine.control() as control:
                    return [line.source for line in control.lookup("app@localhost")] == ["local"]
            wait_for(found, SOON, f"{machine.name} finds its own", interval=0.1)
        for machine in lan.hosts:
            status = machine.status()
            assert (status["local"], status["announceable"], status["ignored-local"]) == (2, 1, 0), status
    finally:
        for node in nodes:
            node.kill()
    wait_listed(lan, names(lan))
