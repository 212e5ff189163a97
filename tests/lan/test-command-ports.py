#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`epmd-mdns resolve` tries the ports of a node: it tells who answers there, and the node logs nothing of it."""

import json
import shutil
import time

import tap
from acceptor import Acceptors
from host import CLI
from lan import Lan

SOON = 10       # seconds
TRY = 1.0       # seconds, that ports may take
TIMES = 20


def states(host, node, *arguments):
    """{address: (port_state, port_node)}"""
    shown = host.run([CLI, "resolve", "--json", *arguments, node], deadline=20)
    assert shown.returncode == 0 and not shown.stderr, shown
    return {choice["address"]: (choice["port_state"], choice["port_node"]) for choice in json.loads(shown.stdout)["choices"]}


def logged(node):
    """What a node has logged, but for what our module tells of the daemon."""
    # Its answer comes behind all that it had to log.
    node.eval("logger_std_h:filesync(default)")
    return [report for report in node.reports() if "epmd_mdns: daemon_" not in report]


def leaves_no_trace(lan):
    "a node that is tried answers with its name, and logs nothing: neither on its host nor on another, hidden or not"
    alice, bob = lan[1].erl("alice"), lan[2].erl("bob", "-hidden")
    lan.bob = bob
    lan[1].wait_status(lambda status: status["nodes"] == 2, SOON, "both are up")
    for node in (alice, bob):
        node.watch()
    assert states(lan[1], "bob@h2")[lan[2].address] == states(lan[2], "bob@h2")["127.0.0.1"] == ("open", "bob@h2")
    atoms = [bob.eval("erlang:system_info(atom_count)") for _ in range(2)]
    start = time.monotonic()
    for _ in range(TIMES):
        assert states(lan[1], "bob@h2")[lan[2].address] == ("open", "bob@h2")
        assert states(lan[2], "bob@h2")["127.0.0.1"] == ("open", "bob@h2")
        assert states(lan[2], "alice@h1")[lan[1].address] == ("open", "alice@h1")
    took = (time.monotonic() - start) / TIMES / 3
    # There is one name for each host that asks.
    assert bob.eval("erlang:system_info(atom_count)") == atoms[-1], atoms
    for node in (alice, bob):
        assert logged(node) == [] and node.watched() == "[]" and node.eval("nodes(connected)") == "[]", node.lines
    return f"{1000 * took:.0f} ms for each"


def side_by_side(lan):
    "several ask at the same time, and all of them are told; what is between nodes is not disturbed"
    alice = lan[1].erl("carol")
    lan.bob.wait_known(alice)
    assert alice.ping("bob@h2") == "pong"
    hosts = [lan[1], lan[2], lan[3]] * 5
    for found in lan.each(lambda host: states(host, "bob@h2"), hosts):
        assert set(found.values()) == {("open", "bob@h2")}, found
    assert alice.has(lan.bob) and logged(alice) == logged(lan.bob) == []
    alice.kill()


def hangs(lan):
    "a node that hangs is silent"
    lan.bob.hang()
    try:
        start = time.monotonic()
        assert states(lan[1], "bob@h2")[lan[2].address] == ("silent", None)
        took = time.monotonic() - start
    finally:
        lan.bob.resume()
    assert logged(lan.bob) == []
    return f"{took:.2f} s"


def refused(lan):
    "nobody listens: refused; that is no failure of the command"
    with lan[2].control() as carol:
        carol.register("carol@h2", 4010)
        with lan[1].control() as control:
            control.must("LOOKUP carol@h2 wait=5000")
        assert states(lan[1], "carol@h2")[lan[2].address] == ("refused", None)
        assert states(lan[2], "carol@h2")["127.0.0.1"] == ("refused", None)
        shown = lan[1].cli("resolve", "carol@h2")
        assert shown.returncode == 0 and "  refused  " in shown.stdout and "Port 4010 is refused. " in shown.stdout, shown
        shown = lan[1].cli("resolve", "--no-probe", "carol@h2")
        assert shown.returncode == 0 and "refused" not in shown.stdout, shown


def others(lan):
    "another node, and something else, are told apart"
    with Acceptors(lan[2], {4011: "dave@h2", 4012: "http"}):
        for name, port, state, words in (("erin@h2", 4011, ("not-this-node", "dave@h2"), "not this node: dave@h2"),
                                         ("frank@h2", 4012, ("not-erlang", None), "not an Erlang node")):
            with lan[2].control() as lease, lan[1].control() as control:
                lease.register(name, port)
                control.must(f"LOOKUP {name} wait=5000")
                assert states(lan[1], name)[lan[2].address] == state
                assert words in lan[1].cli("resolve", name).stdout


def filtered(lan):
    "a firewall that drops is found in a second, whatever the number of addresses"
    for rule, state in (("drop", "filtered"), ("reject with tcp reset", "refused"),
                        ("reject with icmpx admin-prohibited", "unreachable")):
        lan[2].check(["nft", "-f", "-"], input="table inet filter { chain input { type filter hook input priority 0; "
                                               f"iif lo accept; meta l4proto tcp {rule}; }}; }}\n")
        try:
            start = time.monotonic()
            found = states(lan[1], "bob@h2")
            took = time.monotonic() - start
        finally:
            lan[2].check("nft flush ruleset")
        assert {one for one, _ in found.values()} == {state}, (rule, found)
        if rule == "drop":
            dropped = took
    return f"{dropped:.2f} s"


def without_route(lan):
    "an address to which there is no route is unreachable"
    lan[1].ip("route add unreachable 192.0.2.2/32")
    try:
        assert states(lan[1], "bob@h2")[lan[2].address] == ("unreachable", None)
    finally:
        lan[1].ip("route delete unreachable 192.0.2.2/32")


if __name__ == "__main__":
    tests = [leaves_no_trace, side_by_side, hangs, refused, others, filtered, without_route]
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        tests.remove(filtered)
    tap.main(tests, Lan(3))
