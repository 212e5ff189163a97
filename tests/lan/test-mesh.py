#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How quickly a cluster of many nodes forms, and that nothing breaks it for good."""

import itertools
import re
import statistics
import time

import tap
from lan import Lan
from wait import wait_for

HOSTS = 5
# The log says when the distribution was up, and when each node was joined, to the microsecond.
TEAM = ["-epmd_mdns", "cluster", "team", "-kernel", "logger", "[{module_level,debug,[epmd_mdns_join_log]}]"]
# Many VMs on few cores: no threads beyond what is needed.
SMALL = [*TEAM, "+S", "1", "+SDio", "1", "+A", "1", "+sbwt", "none", "-kernel", "net_ticktime", "4"]
# Connects to all of them at once; returns how long it took, in microseconds.
CONNECT = ("Begin = erlang:monotonic_time(microsecond), "
           "Asked = [spawn_monitor(fun() -> exit(net_kernel:connect_node(N)) end) || N <- [{names}]], "
           "[receive {{'DOWN', M, process, _, R}} -> true = R end || {{_, M}} <- Asked], "
           "erlang:monotonic_time(microsecond) - Begin")
STARTS = 20
PAIRS = 5
NODES = 10      # per host
CUT = 60        # seconds


def times(node, what):
    """When the log says so, in seconds since midnight."""
    time_of = re.compile(r"=\w+ REPORT=+ \S+::(\d+):(\d+):([\d.]+) ===")
    found = [time_of.match(report) for report in node.reports(f"epmd_mdns: {what}")]
    return [3600 * int(match[1]) + 60 * int(match[2]) + float(match[3]) for match in found]


def joined_after(node, count, up=None):
    """How long after its distribution (or that of the last one) was up the node had joined so many."""
    joined = wait_for(lambda: (found := times(node, "joined")) and len(found) >= count and found, 10,
                      f"{node.name} logs that it has joined {count}")
    return sorted(joined)[count - 1] - (up or times(node, "distribution_up")[0])


def start(lan, count, flags):
    """So many nodes on each host, all at once; return them when they are up."""
    started = lan.each(lambda host: [host.erl(f"n{number}", *flags, wait=False) for number in range(count)])
    nodes = list(itertools.chain(*started))
    for node in nodes:
        node.eval("node()", 60)
    return nodes


def end(lan, nodes):
    """Kill them and wait until nobody knows them any more."""
    for node in nodes:
        node.kill()
    names = {node.name for node in nodes}
    for host in lan.hosts:
        host.processes = [process for process in host.processes if process not in nodes]
        with host.control() as control:
            wait_for(lambda c=control: not names & {line.node for line in c.must("LIST").nodes}, 15, "they are gone")


def wait_mesh(nodes, deadline):
    """Wait until each has joined all others; return how long that took."""
    begin = time.monotonic()
    for node in nodes:
        left = max(0, deadline - (time.monotonic() - begin))
        answer = node.eval(f"epmd_mdns:wait({len(nodes)}, {int(1000 * left)})", left + 10)
        assert answer == "ok", f"{node.name} after {deadline} s: {answer}, {node.eval('epmd_mdns:peers()')}"
    took = time.monotonic() - begin
    for node in nodes:
        assert node.eval("length(nodes())") == str(len(nodes) - 1), f"nodes() of {node.name}"
    return took


def joined_and_connected(lan, present, batch):
    """How long nodes take to join all those present, and others to connect to them by hand, in turns: lists, in ms."""
    names = ", ".join(f"'{node.name}'" for node in present)
    joined, connected = [], []
    for number in range(STARTS):
        host = lan[1 + number % HOSTS]
        node = host.erl(f"x{batch}-{number}", *TEAM)
        joined.append(1000 * joined_after(node, len(present)))
        end(lan, [node])
        node = host.erl(f"z{batch}-{number}")
        node.eval("epmd_mdns:nodes()")
        connected.append(int(node.eval(CONNECT.format(names=names))) / 1000)
        end(lan, [node])
        for other in present:
            wait_for(lambda other=other: other.eval("length(nodes())") == str(len(present) - 1), 5, "they are missed")
    return joined, connected


def starts(lan):
    "distribution up -> connected to 10 nodes on 5 hosts: median of 20 starts <= 3 times that of connect_node, none > 250 ms"
    present = start(lan, 2, SMALL)
    wait_mesh(present, 10)
    batches = []
    # The slowest is that of a machine which has time for it: a second and a third chance.
    for batch in range(3):
        both = joined_and_connected(lan, present, batch)
        joined, connected = (f"{statistics.median(took):.1f} ms ({min(took):.1f} to {max(took):.1f})" for took in both)
        ratio = statistics.median(both[0]) / statistics.median(both[1])
        batches.append(f"{joined}, connect_node {connected}, ratio {ratio:.2f}")
        if ratio <= 3 and max(both[0]) <= 250:
            break
    end(lan, present)
    assert ratio <= 3 and max(both[0]) <= 250, batches
    return "; ".join(batches)


def two_at_once(lan):
    "two nodes started at the same moment are connected <= 0.5 s after both distributions are up"
    took = []
    for number in range(PAIRS):
        pair = lan.each(lambda host, n=number: host.erl(f"y{n}", *TEAM), lan.hosts[:2])
        up = max(times(node, "distribution_up")[0] for node in pair)
        took.append(max(joined_after(node, 1, up) for node in pair))
        end(lan, pair)
    measured = " ".join(f"{1000 * value:.0f}" for value in took) + " ms"
    assert max(took) <= 0.5, measured
    return measured


def mesh(lan):
    "50 nodes on 5 hosts, started together: full mesh <= 5 s after the last one's distribution is up"
    begin = time.monotonic()
    lan.nodes = start(lan, NODES, SMALL)
    booted = time.monotonic() - begin
    wait_mesh(lan.nodes, 30)
    ups = [times(node, "distribution_up")[0] for node in lan.nodes]
    took = max(joined_after(node, len(lan.nodes) - 1, max(ups)) for node in lan.nodes)
    lost = sum(len(node.reports("epmd_mdns: lost")) for node in lan.nodes)
    measured = f"{took:.2f} s, connections lost on the way {lost}; the VMs took {booted:.1f} s to boot, " \
               f"the distributions came up within {max(ups) - min(ups):.1f} s"
    assert took <= 5, measured
    return measured


def daemons_restart(lan):
    "all daemons are killed and started again at once: no connection is lost, no node is told of twice"
    before = [(len(node.reports("epmd_mdns: joined")), len(node.reports("epmd_mdns: lost"))) for node in lan.nodes]

    def restart(host):
        host.daemon.kill()
        host.start_daemon(wait=False)

    lan.each(restart)
    begin = time.monotonic()
    for node in lan.nodes:
        wait_for(lambda node=node: node.eval("{maps:get(daemon, epmd_mdns:info()), length(epmd_mdns:nodes())}")
                 == "{up,%d}" % len(lan.nodes), 40, f"{node.name} knows all again")
    took = time.monotonic() - begin
    after = [(len(node.reports("epmd_mdns: joined")), len(node.reports("epmd_mdns: lost"))) for node in lan.nodes]
    assert after == before, list(zip(before, after))
    wait_mesh(lan.nodes, 5)
    return f"all are known again after {took:.1f} s"


def cables(lan):
    "all cables are pulled for 60 s and plugged in again: full mesh <= 45 s later"
    for host in lan.hosts:
        lan.cut(host)
    end_of_cut = time.monotonic() + CUT
    for node in lan.nodes:
        wait_for(lambda node=node: node.eval("length(nodes())") == str(NODES - 1), 30,
                 f"{node.name} has lost the others")
    wait_for(lambda: time.monotonic() > end_of_cut, CUT + 1, "the time is over")
    for host in lan.hosts:
        lan.restore(host)
    took = wait_mesh(lan.nodes, 60)
    assert took <= 45, f"{took:.1f} s"
    return f"{took:.1f} s"


if __name__ == "__main__":
    tap.main([starts, two_at_once, mesh, daemons_restart, cables], Lan(HOSTS))
