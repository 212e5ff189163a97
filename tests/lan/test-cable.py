#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host vanishes without a word, and comes back."""

import time

import tap
from lan import Lan

LIMIT = 31      # seconds: the TTL of 30, and a moment


def both_ways(lan):
    "pulled cable -> EVENT down with reason=expired <= 31 s on both sides; plugged in -> EVENT up <= 31 s"
    # A node of one's own on either side, for who advertises also refreshes the question (docs/advert.md, 2).
    leases = [host.control() for host in lan.hosts]
    watches = [host.watch() for host in lan.hosts]
    for number, lease in enumerate(leases, 1):
        lease.register(f"n@h{number}", 40000)
    seen = [(watches[0], "n@h2"), (watches[1], "n@h1")]
    for watch, node in seen:
        watch.wait_event("up", node, 5, source="lan")

    def measure(kind, **attrs):
        start = time.monotonic()
        events = lan.each(lambda pair: pair[0].wait_event(kind, pair[1], LIMIT + 10, **attrs), seen)
        times = [event.when - start for event in events]
        assert max(times) <= LIMIT, f"{kind} after {times}"
        return f"{kind} after {times[0]:.1f} and {times[1]:.1f} s"

    lan.cut(lan[2])
    down = measure("down", reason="expired")
    found = watches[0].lookup("n@h2")
    assert found and found[0].stale == "1", f"still answered, for it might live: {found}"
    assert watches[0].lookup("n@h1")[0].source == "local"
    assert "n@h2" not in [line.node for line in watches[0].must("LIST").nodes]
    lan.restore(lan[2])
    up = measure("up", source="lan")
    assert watches[0].lookup("n@h2")[0].stale is None
    for control in (*leases, *watches):
        control.close()
    return f"{down}, {up}"


if __name__ == "__main__":
    tap.main([both_ways], Lan(2))
