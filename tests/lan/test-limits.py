#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More adverts than avahi-daemon has room for, and endpoints that change more often than they may on the LAN."""

import contextlib
import time

import tap
from lan import Lan
from wait import Late, wait_for

CONF = "/run/lan/avahi.conf"
OBJECTS = 26            # that h1's avahi-daemon allows a client
OWN = 3                 # of them: the service browser, and for each IP version one that watches this host's addresses
ADVERTS = 40
CHURN = 5               # seconds
CHURNERS = 40


@contextlib.contextmanager
def few_objects(host):
    """avahi-daemon allows a client OBJECTS objects, until the end of the block."""
    before = host.check(["cat", CONF])
    for content in (before.replace("[server]\n", f"[server]\nobjects-per-client-max={OBJECTS}\n"), before):
        host.avahi.stop()
        host.wait_status(lambda status: status["avahi"] != "running", 10, "epmd-mdnsd has lost avahi-daemon")
        host.write(CONF, content)
        host.start_avahi()
        host.wait_status(lambda status: status["avahi"] == "running", 10, "epmd-mdnsd is back at avahi-daemon")
        if content != before:
            yield


def nodes(control):
    return {line.node for line in control.must("LIST").nodes}


def full(lan):
    "adverts beyond objects-per-client-max wait, and are seen when others go; a local node is announced meanwhile"
    with few_objects(lan[1]), contextlib.ExitStack() as stack:
        watch = stack.enter_context(lan[1].watch())
        leases = {}
        for number in range(ADVERTS):
            leases[f"n{number}@h2"] = lease = stack.enter_context(lan[2].control())
            lease.register(f"n{number}@h2", 41000 + number)
        lan[1].wait_status(lambda status: status["sightings"] == OBJECTS - OWN, 20, "what there is room for is seen")
        lan[1].wait_status(lambda status: status["ignored-limit"] >= ADVERTS - OBJECTS + OWN, 20, "the others are counted")
        ignored = lan[1].status()["ignored-limit"]

        # Nobody has gone, and yet there is room for a node of this host.
        here, start = stack.enter_context(lan[1].control()), time.monotonic()
        here.register("here@h1", 42000)
        with lan[2].control() as there:
            wait_for(lambda: there.lookup("here@h1", wait=100), 5, "h2 sees the node of h1")
        took = time.monotonic() - start
        assert lan[1].status()["adverts"] == 1
        assert len(nodes(watch)) == OBJECTS - OWN + 1, "those that have been seen stay"

        # Of those that go, some are seen and some wait.
        for node in list(leases)[:ADVERTS // 2]:
            leases.pop(node).close()
        start = time.monotonic()
        wait_for(lambda: nodes(watch) == {*leases, "here@h1"}, 10, "h1 sees all that are left, and no others")
        assert lan[1].status()["ignored-limit"] == ignored, "nobody is counted twice"
        waited = time.monotonic() - start
        # A node that comes later has room by now.
        leases["late@h2"] = stack.enter_context(lan[2].control())
        leases["late@h2"].register("late@h2", 41999)
        watch.wait_event("up", "late@h2", 5)
        stack.close()
        for host in lan.hosts:
            host.wait_status(lambda status: status["nodes"] == 0, 10, "all are gone")
        return f"announced and seen in {took:.2f} s, the waiting ones {waited:.2f} s after others went"


def received(host):
    """Packets that have come to a host."""
    line = next(line for line in host.check(["cat", "/proc/net/dev"]).splitlines() if "eth0:" in line)
    return int(line.split(":")[1].split()[1])


def churn(lan):
    "endpoints that change all the time are announced about once a second, and the last state is what others see"
    with contextlib.ExitStack() as stack:
        watch = stack.enter_context(lan[2].watch())
        leases = {f"c{number}@h1": stack.enter_context(lan[1].control()) for number in range(CHURNERS)}
        lan[1].wait_status(lambda status: status["adverts"] == 0, 5, "nothing is announced yet")
        packets, port, end = received(lan[2]), 40000, time.monotonic() + CHURN
        while time.monotonic() < end:
            port = port + 1 if port < 60000 else 40000
            for node, lease in leases.items():
                lease.register(node, port)
        packets = received(lan[2]) - packets
        with lan[2].control() as there:
            wait_for(lambda: all([line.port for line in there.lookup(node)] == [str(port)] for node in leases), 5,
                     f"h2 sees port {port} of all")
        events = {node: 0 for node in leases}
        with contextlib.suppress(Late):
            while True:
                events[watch.next_event(0.1).node] += 1
        assert max(events.values()) <= CHURN + 3, events
        assert packets <= CHURNERS * (CHURN + 2), packets
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 0, 10, "all are gone")
    return f"{port - 40000} changes, at most {max(events.values())} events, {packets} packets"


def restarts(lan):
    "of a node that ends and comes again at another port, however quickly, others see the last port, and its end"
    with lan[2].control() as there:
        for last in (40006, 40016):
            for port in range(last - 5, last + 1):
                lease = lan[1].control()
                lease.register("again@h1", port)
                if port < last:
                    lease.close()
            wait_for(lambda: {line.port for line in there.lookup("again@h1", wait=100) if not line.stale} == {str(last)}, 5,
                     f"h2 sees port {last}")
            lease.close()
        with lan[1].control() as lease:
            lease.register("again@h1", 40020)
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 0 and status["adverts"] == 0, 5, "it is gone")


if __name__ == "__main__":
    tap.main([full, churn, restarts], Lan(2, ipv6=False))
