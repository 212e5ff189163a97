#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad clients at the control socket: a clear ERR or a closed connection; no crash, no leak, no stall for others."""

import contextlib
import itertools
import os
import random
import sys

import tap
from box import HERE
from host import sanitizer
from lan import Lan
from prober import Prober

SEED = int(os.environ.get("EPMD_MDNS_SEED") or random.randrange(1 << 32))
LINES = 100_000
LOOKUP = 0.05               # seconds for the lookups of everybody else
GROWTH = 4 * 1024           # KiB of memory
SOCKET = "/run/epmd-mdns/control"
EXAMPLES = os.path.join(HERE, "..", "protocol-examples.txt")
NOBODY, SOMEBODY = 65534, 12345     # user ids


@contextlib.contextmanager
def others(host):
    """Somebody else is served all the time, and the daemon is alive in the end."""
    with host.control() as lease:
        lease.register("steady@h1", 45000)
        with Prober(host, "steady@h1") as prober:
            yield prober
            prober.last(0.2)
            prober.measured = prober.check(LOOKUP)
    assert host.daemon.alive


def fuzz(host, seed, count):
    return host.spawn([sys.executable, os.path.join(HERE, "hostile-lines.py"), SOCKET, str(seed), str(count), EXAMPLES],
                      "hostile-lines")


def random_lines(lan):
    "100,000 random and mutated lines from one client while another does lookups: alive, memory flat, lookups answered"
    host = lan[1]
    tap.comment(f"EPMD_MDNS_SEED={SEED}")
    assert fuzz(host, SEED + 1, LINES // 10).wait(60) == 0
    before = host.daemon.rss()
    with others(host) as prober:
        client = fuzz(host, SEED, LINES)
        summary = client.wait_line(r"^\d+ lines.*", 300)[0]
        assert client.wait(10) == 0
    host.wait_status(lambda status: status["local"] == 0 and status["connections"] == 1, 10, "all clients are gone")
    growth = host.daemon.rss() - before
    assert growth < GROWTH or sanitizer(), f"memory has grown by {growth} KiB"     # a sanitizer hoards what is freed
    return f"{summary}; memory {growth:+} KiB; {prober.measured}"


# request, reply: OK or the token of an ERR; whether the connection is closed then
BAD = [
    ("REGISTER good@h1 port=1", "OK", False),
    ("REGISTER good@h1 port=0", "bad-argument", False),
    ("REGISTER good@h1 port=65536", "bad-argument", False),
    ("REGISTER good@h1 port=-1", "bad-argument", False),
    ("REGISTER good@h1 port=99999999999999999999", "bad-argument", False),
    ("REGISTER good@h1", "bad-argument", False),
    ("REGISTER nohost port=1", "bad-argument", False),
    ("REGISTER @h1 port=1", "bad-argument", False),
    ("REGISTER a.b@h1 port=1", "bad-argument", False),
    ("REGISTER a@h1@h1 port=1", "bad-argument", False),
    ("REGISTER a%0A@h1 port=1", "bad-argument", False),
    ("REGISTER " + "a" * 253 + "@h1 port=1", "bad-argument", False),
    ("REGISTER " + "a" * 252 + "@h1 port=1", "OK", False),
    ("FROBNICATE", "unknown-verb", False),
    ("HELLO 2", "version", False),
    ("LOOKUP none@h1", "not-found", False),
    ("STATUS\tnow", "malformed", True),
    ("STATUS\x7f", "malformed", True),
    ("STATUS  now", "malformed", True),
    ("", "malformed", True),
    ("LOOKUP a%00@h1", "malformed", True),
    ("STATUS x=" + "y" * (2047 - 9), "OK", False),
    ("STATUS x=" + "y" * (2048 - 9), "too-long", True),
]


def bad_lines(lan):
    "bad names, ports, bytes and lengths get the ERR that the protocol says"
    for request, expected, closes in BAD:
        with lan[1].control() as control:
            reply = control.ask(request)
            assert (reply.error or "OK") == expected, f"{request!r}: {reply}"
            if closes:
                assert control.read_line(5) is None, f"{request!r}: not closed"
            else:
                assert control.ask("STATUS").ok
    return f"{len(BAD)} lines"


def no_newline(lan):
    "a client that never ends its line is closed after 2048 bytes, and disturbs nobody before"
    with others(lan[1]), lan[1].control() as slow, lan[1].control() as endless:
        for _ in range(20):
            slow.send(b"X")
        # It may be closed before all of that is sent.
        assert endless.ask(b"LOOKUP " + b"a" * 100_000).error == "too-long"
        assert endless.read_line(5) is None
        slow.send(b"\n")
        assert slow.ask().error == "unknown-verb"


def exhaust(host, uid, use):
    """Connect and use(control, number) until the server has had enough; return the connections and its last reply."""
    controls = []
    for number in range(5000):
        control = host.control(uid)
        controls.append(control)
        reply = use(control, number)
        if not reply.ok:
            return controls, reply.error
    raise AssertionError("there is no limit")


def flood(lan):
    "a flood of connections from one user is stopped, and others are still served"
    host = lan[1]
    with others(host):
        controls, end = exhaust(host, NOBODY, lambda control, _: control.ask("HELLO 1"))
        assert end == "limit" and controls[-1].read_line(5) is None, "a reason, and then the end"
        with host.control(SOMEBODY) as other:
            assert other.ask("STATUS").ok
        for control in controls:
            control.close()
        host.wait_status(lambda status: status["connections"] <= 3, 5, "the flood has gone")
        with host.control(NOBODY) as again:
            assert again.ask("STATUS").ok
    return f"after {len(controls) - 1} connections"


def registrations(lan):
    "thousands of registrations from one user are stopped, and others may still register"
    host = lan[1]
    with others(host):
        controls, end = exhaust(host, NOBODY, lambda control, number: control.ask(f"REGISTER n{number}@h1 port=1"))
        assert end == "limit", end
        with host.control(SOMEBODY) as other:
            assert other.register("other@h1", 1)
        for control in controls:
            control.close()
        host.wait_status(lambda status: status["local"] == 1, 5, "only steady@h1 is left")
        with host.control(NOBODY) as again:
            assert again.register("again@h1", 1)
    # Avahi has had a lot to do; what comes next shall not wait for it.
    host.wait_status(lambda status: status["adverts"] == 0, 60, "no advert is left")
    return f"after {len(controls) - 1} registrations"


def never_reads(lan):
    "a subscriber that never reads is disconnected, and another one misses nothing"
    host = lan[1]
    with others(host), host.watch() as good, host.control() as lease, host.control(NOBODY) as bad:
        bad.send("SUBSCRIBE")
        host.wait_status(lambda status: status["subscribers"] == 2, 5, "both have subscribed")
        for number in itertools.count(1):
            # Bound to loopback, it is known here and never advertised: nothing here is Avahi's business.
            lease.register("busy@h1", 1 + number % 60000, addr="127.0.0.1")
            event = good.wait_event("up" if number == 1 else "changed", "busy@h1", 5)
            assert event.port == str(1 + number % 60000)
            if number % 100 == 0 and good.status()["subscribers"] == 1:
                break
            assert number < 100_000, "it is still connected"
        while bad.read_line(5) is not None:
            pass                # what the kernel still held, then the end
    return f"after {number} events"


def asks_and_never_reads(lan):
    "nor does a client that asks for ever and never reads an answer cost memory or time"
    host = lan[1]
    with others(host) as prober, host.control(NOBODY) as greedy:
        before = host.daemon.rss()
        try:
            while True:
                greedy.send(b"LIST\nSTATUS\n" * 1000, deadline=0.5)
        except (TimeoutError, ConnectionError):
            pass                # not read any more, or closed: both are fine
        growth = host.daemon.rss() - before
        assert growth < GROWTH or sanitizer(), f"memory has grown by {growth} KiB"
    return prober.measured


def duplicates(lan):
    "a name is held by one connection, until that one is closed: 200 rounds of close and register at once"
    host = lan[1]
    with host.control() as first, host.control(NOBODY) as second:
        creation = first.register("twin@h1", 1000)
        assert second.ask("REGISTER twin@h1 port=1001").error == "duplicate-name"
        assert second.ask("REGISTER twin@h1 port=1001 family=inet6").error == "duplicate-name"
        assert first.ask("REGISTER other@h1 port=1000").error == "other-node"
        assert first.register("twin@h1", 1000) == creation == first.register("twin@h1", 1002)
        assert first.register("twin@h1", 1003, family="inet6") == creation
    holder = host.control()
    creation = holder.register("race@h1", 2000, addr="127.0.0.1")
    for number in range(200):
        successor = host.control()
        holder.close()
        last, creation = creation, successor.register("race@h1", 2001 + number, addr="127.0.0.1")
        assert creation != last and 4 <= creation < 1 << 32
        holder = successor
    holder.close()
    host.wait_status(lambda status: status["adverts"] == 0, 5, "no advert is left")


if __name__ == "__main__":
    tap.main([bad_lines, duplicates, no_newline, never_reads, asks_and_never_reads, flood, registrations, random_lines],
             Lan(1))
