#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names: whatever OTP takes as the name of a node, other hosts find the node by it, and by any spelling of its host."""

import re
import signal
import time

import tap
from lan import Lan
from node import text
from wait import wait_for

ROUNDS = 30
IN_USE = "seems to be in use by another Erlang node"     # OTP's own words
INET6 = ("-proto_dist", "inet6_tcp")

# What is peculiar about the name, the name on host {n}, whether it is a long one, flags.
KINDS = [
    ("a short name", "short", False, ()),
    ("a host part in upper case", "upper@H{n}", False, ()),
    ("a host part that is no host", "alias@alias-{n}", False, ()),
    ("a host part of Latin-1", "latin@b\u00e5t-{n}", False, ()),
    ("a first part of 252 characters", "n" * 252 + "@h{n}", False, ()),
    ("a host part of 253 characters", "l@" + "h" * 252 + "{n}", False, ()),
    ("a name in .local", "local@h{n}.local", True, ()),
    ("a name in .LOCAL", "LOCAL@H{n}.LOCAL", True, ()),
    ("a name in a domain", "domain@h{n}.example.org", True, ()),
    ("an IPv4 address", "ipv4@192.0.2.{n}", True, ()),
    ("an IPv6 address", "ipv6@fd00::{n}", True, INET6),
]

# h1, as it may be called.
SPELLINGS = ("h1", '"h1"', '<<"h1">>', "'H1'", '"H1"', '"h1.local"', "'h1.local'", '"H1.LOCAL"', '"h1.local."',
             '<<"H1.local">>', '"192.0.2.1"', "'192.0.2.1'", '<<"192.0.2.1">>', "{192,0,2,1}", '"::ffff:192.0.2.1"',
             "{0,0,0,0,0,16#FFFF,16#C000,16#0201}")


def start(host, name, long=False, flags=()):
    """A node that is up and has that name; what it prints of a name may be escaped, so it compares itself."""
    node = host.erl(name, *flags, long=long, wait=False)
    assert node.eval(f"node() =:= '{text(node.name)}'", 30) == "true", node.name
    return node


def kill(nodes):
    for node in nodes:
        node.kill()


def first(name):
    return name.partition("@")[0]


def reaches(node, other):
    """Connect by the name alone, and part again."""
    # The name may still be on its way to this host.
    wait_for(lambda: node.ping(other.name) == "pong", 5, f"{node.name} reaches {other.name}")
    node.part(other)


def every_kind(lan):
    "nodes of every kind of name connect in both directions, by name alone"
    jobs = [(host, name.format(n=number), long, flags) for _, name, long, flags in KINDS
            for number, host in enumerate(lan.hosts[:2], 1)]
    nodes = []
    for at in range(0, len(jobs), 4):       # four at a time are enough for a machine
        nodes += lan.each(lambda job: start(*job), jobs[at:at + 4])
    lan.ours, lan.theirs = nodes[0::2], nodes[1::2]
    for one, other in zip(lan.ours, lan.theirs):
        reaches(one, other)
        reaches(other, one)
    return f"{len(KINDS)} kinds"


def lists_names(lan):
    "net_adm:names lists the nodes of a host for every spelling of it, on another host and on that one"
    expected = sorted(first(node.name) for node in lan.ours)
    for node in (lan.ours[0], lan.theirs[0]):
        for spelling in SPELLINGS:
            listed = node.eval(f"{{ok, L}} = net_adm:names({spelling}), lists:sort([N || {{N, _}} <- L])")
            assert re.findall(r'"([^"]+)"', listed) == expected, f"{node.name}: {spelling}: {listed}"
    other = lan.theirs[0]
    for part, name in (("'alias-1'", "alias"), ('"b\\x{e5}t-1"', "latin"), ('"H1.Example.Org"', "domain"),
                       ('"fd00::1"', "ipv6")):
        assert f'"{name}"' in other.eval(f"element(2, net_adm:names({part}))"), f"{part} is a spelling too"
    return f"{len(SPELLINGS)} spellings"


def finds_ports(lan):
    "port_please and address_please know every node by atoms, strings and binaries"
    ours, theirs = lan.ours, lan.theirs
    for asking, nodes, number in ((ours[0], ours, 1), (theirs[0], ours, 1), (ours[0], theirs, 2)):
        local = asking in nodes
        for node in nodes:
            name, _, host = text(node.name).partition("@")
            port = node_port(lan[number], node.name)
            family = "inet6" if name == "ipv6" else "inet"
            ip = {"inet": "{127,0,0,1}" if local else f"{{192,0,2,{number}}}",
                  "inet6": "{0,0,0,0,0,0,0,1}" if local else f"{{64768,0,0,0,0,0,0,{number}}}"}[family]
            for form in ("list_to_atom({})", "{}", "unicode:characters_to_binary({})"):
                n, h = form.format(f'"{name}"'), form.format(f'"{host}"')
                told = asking.eval(f"epmd_mdns:address_please({n}, {h}, {family})")
                assert told == f"{{ok,{ip},{port},6}}", f"{asking.name}: {node.name} by {form}: {told}"
                told = asking.eval(f"[epmd_mdns:port_please({n}, {h}), epmd_mdns:port_please({n}, {h}, 1000)]")
                assert told == f"[{{port,{port},6}},{{port,{port},6}}]", f"{asking.name}: {node.name} by {form}: {told}"
            # OTP's own way to ask, when all that address_please has told is an address.
            told = asking.eval(f'epmd_mdns:port_please("{name}", {{192,0,2,{number}}})')
            assert told == f"{{port,{port},6}}", f"{asking.name}: {node.name} by address: {told}"


def node_port(host, name):
    with host.control() as control:
        return control.lookup(name)[0].port


def several_on_one_host(lan):
    "nodes of one host reach each other, those whose names differ in case only too; so do nodes of another host"
    names = ["twin@h1", "Twin@h1", "twin@H1", "TWIN@H1", "other"]
    nodes = [node for some in (names[:3], names[3:]) for node in lan.each(lambda name: start(lan[1], name), some)]
    for node in nodes:
        for other in nodes:
            if other is not node:
                assert node.ping(other.name) == "pong", f"{node.name} reaches {other.name}"
    for node in nodes:
        wait_for(lambda: lan.theirs[0].ping(node.name) == "pong", 5, f"{node.name} is reached from h2")
        assert node.eval("length(nodes())") == str(len(nodes)), "all others of this host, and one of h2"
        assert node.eval("[P || {\"other\", P} <- element(2, net_adm:names())]") == f"[{node_port(lan[1], 'other@h1')}]"
    kill([*nodes, *lan.ours, *lan.theirs])


def second_is_refused(lan):
    "a second node of the same name on a host ends with OTP's own message; the first lives on"
    for name, long in (("taken", False), ("taken@h1.local", True)):
        one = start(lan[1], name, long)
        port = node_port(lan[1], one.name)
        second = lan[1].erl(name, long=long, wait=False)
        assert second.wait(30) == 1
        assert any(IN_USE in line for line in second.lines), second.lines
        assert not any("crash" in line.lower() for line in second.lines), second.lines
        assert node_port(lan[1], one.name) == port and int(port) in lan[1].listening()
        with lan[2].control() as control:
            wait_for(lambda: [line.port for line in control.lookup(one.name)] == [port], 5, "h2 knows the first")
        assert one.eval("node()").strip("'") == one.name
        # Nor can a VM that runs become that node, until the first one is gone.
        vm = lan[1].vm()
        become = f"net_kernel:start(['{one.name}', {'longnames' if long else 'shortnames'}])"
        told = vm.eval(become, 20)
        assert told.startswith("{error,") and any(IN_USE in line for line in vm.lines), told
        one.stop()
        vm.eval(f"{{ok, _}} = {become}", 20)
        vm.kill()


def killed_and_started(lan):
    "a node is killed with kill -9 and started again at once, thirty times: its name is never refused"
    slowest = 0
    node = start(lan[1], "phoenix")
    for _ in range(ROUNDS):
        old, begun = node, time.monotonic()
        old.signal(signal.SIGKILL)
        node = start(lan[1], "phoenix")
        slowest = max(slowest, time.monotonic() - begun)
    port = node_port(lan[1], node.name)
    with lan[2].control() as control:
        wait_for(lambda: [line.port for line in control.lookup(node.name)] == [port], 5, "h2 knows the last one")
    node.kill()
    return f"back within {slowest:.2f} s"


def stopped_and_started(lan):
    "a VM stops and starts its distribution, thirty times: its name is never refused"
    node = lan[1].vm()
    creations = node.eval("{ok, _} = net_kernel:start([again, shortnames]), "
                          "[begin ok = net_kernel:stop(), {ok, _} = net_kernel:start([again, shortnames]), "
                          "'again@h1' = node(), erlang:system_info(creation) end "
                          f"|| _ <- lists:seq(1, {ROUNDS})]", 60)
    creations = re.findall(r"\d+", creations)
    assert len(creations) == ROUNDS and len(set(creations)) == ROUNDS, "each has a creation of its own"
    other = start(lan[2], "other")
    wait_for(lambda: other.ping("again@h1") == "pong", 5, "the last one is found")
    kill([node, other])


def conflict(lan):
    "one name on two hosts: both run, each host finds its own, a third host one of them; the conflict is shown"
    name = "a@same.host"
    both = lan.each(lambda host: start(host, name, True), lan.hosts[:2])
    friends = lan.each(lambda host: start(host, f"friend@{host.name}.local", True))
    where = f"net_adm:ping('{name}') =:= pong andalso element(2, erpc:call('{name}', inet, gethostname, []))"
    for host in lan.hosts:
        # At h3 first one is heard, then two.
        host.wait_status(lambda status: status["conflicts"] == 1, 5, "the conflict is counted")
        with host.control() as control:
            line, = wait_for(lambda: [line for line in control.lookup(name) if line.conflict], 5, "it is shown")
        friend = friends[lan.hosts.index(host)]
        wait_for(lambda: friend.ping(name) == "pong", 5, f"{friend.name} reaches {name}")
        found = friend.eval(where).strip('"')
        assert found == line.host.removesuffix(".local"), f"at {host.name} {found}, but {line}"
        shown = host.cli("list").stdout
        row, = (row for row in shown.splitlines() if row.startswith(name))
        assert "CONFLICT" in row, shown
        if host is not lan[3]:
            assert found == host.name and line.source == "local", f"at {host.name} {line}"
            assert node_port(host, name) == line.port and int(line.port) in host.listening()
    both[0].kill()
    for host in lan.hosts[1:]:
        host.wait_status(lambda status: status["conflicts"] == 0, 5, "the conflict is over")
    late = start(lan[3], "late@h3.local", True)
    assert late.eval(where).strip('"') == "h2", "h3 finds the one that is left"
    assert both[1].eval("node()").strip("'") == name
    kill([both[1], *friends, late])


if __name__ == "__main__":
    tap.main([every_kind, lists_names, finds_ports, several_on_one_host, second_is_refused, killed_and_started,
              stopped_and_started, conflict], Lan(3))
