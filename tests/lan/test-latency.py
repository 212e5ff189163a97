#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long the LAN takes to hear of a new node, and of the end of one."""

import signal
import statistics
import time

import tap
from lan import Lan

PUBLISHERS = 10
DRAWS = 10
ROUNDS = 5


def milliseconds(times):
    times = [1000 * value for value in times]
    return f"median {statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f} ms"


def redraw(host):
    """Let Avahi, and so the daemon, begin anew."""
    host.avahi.stop()
    host.start_avahi()
    host.wait_status(lambda status: status["avahi"] == "running", 10, "the daemon has found avahi-daemon again")


def appears(lan):
    "REGISTER answered -> EVENT up on another host: median of 20 <= 0.25 s, none > 0.5 s"
    # Avahi delays an announcement by 20 to 370 ms at random, and draws that once in 10 s: twenty registrations on one
    # host would measure a single draw. So it is two on each of ten hosts, with a new draw between. The median of twenty
    # is above 0.25 s by chance once in fourteen times, although that of all draws is below 0.2 s; then more are added.
    *publishers, watcher = lan.hosts
    times = []
    with watcher.watch() as watch:
        for draw in range(DRAWS):
            if draw:
                lan.each(redraw, publishers)
            for host in publishers:
                node = f"up{draw}@{host.name}"
                with host.control() as lease:
                    lease.register(node, 40000)
                    start = time.monotonic()
                    times.append(watch.wait_event("up", node, 10, source="lan", port="40000").when - start)
            if len(times) >= 20 and statistics.median(times) <= 0.25:
                break
    assert statistics.median(times) <= 0.25 and max(times) <= 0.5, milliseconds(times)
    return f"{len(times)} times, {milliseconds(times)}"


def goes(lan):
    "lease closed -> EVENT down with reason=goodbye on another host: each of 5 <= 1.2 s"
    times = []
    with lan[2].watch() as watch:
        for number in range(ROUNDS):
            node = f"down{number}@h1"
            with lan[1].control() as lease:
                lease.register(node, 40000)
                watch.wait_event("up", node, 10)
            start = time.monotonic()
            times.append(watch.wait_event("down", node, 10, reason="goodbye").when - start)
    assert max(times) <= 1.2, milliseconds(times)
    return milliseconds(times)


def dies(lan):
    "kill -9 of an Erlang node -> EVENT down with reason=goodbye on another host: each of 5 <= 1.2 s"
    times = []
    with lan[2].watch() as watch:
        for number in range(ROUNDS):
            node = lan[1].erl(f"victim{number}")
            watch.wait_event("up", node.name, 10)
            start = time.monotonic()
            node.signal(signal.SIGKILL)
            times.append(watch.wait_event("down", node.name, 10, reason="goodbye").when - start)
    assert max(times) <= 1.2, milliseconds(times)
    return milliseconds(times)


if __name__ == "__main__":
    tap.main([appears, goes, dies], Lan(PUBLISHERS + 1))
