# SPDX-License-Identifier: Apache-2.0
"""Benchmark: how soon other hosts see a new node and miss one that is gone, against avahi-publish and avahi-browse."""

import re
import signal
import time

from bench_report import Row, Sample
from lan import Lan
from wait import Late, wait_for

TYPE = "_bench._tcp"    # of what avahi-publish announces: epmd-mdnsd is not to see it
BOTH = ("IPv4", "IPv6")


class Browse:
    """avahi-browse -r on a host, and when it has told of a service."""

    def __init__(self, host):
        self._process = host.spawn(f"stdbuf -oL avahi-browse -rp {TYPE}", "avahi-browse")

    def wait(self, what, name, protocols, deadline):
        """Wait for the lines that begin with `what`, for all of these IP versions; return the time of the last."""
        for protocol in protocols:
            self._process.wait_line(rf"^{re.escape(what)};eth0;{protocol};{name};", deadline)
        return time.monotonic()

    def stop(self):
        self._process.stop()


def publish(host, name):
    """avahi-publish, and when it began."""
    process = host.spawn(f"avahi-publish -s {name} {TYPE} 40000", "avahi-publish")
    return process, time.monotonic()


def redraw(host):
    """avahi-daemon delays an announcement by up to 0.4 s at random, and draws that once in 10 s: let it draw anew."""
    host.avahi.stop()
    host.start_avahi()
    host.wait_status(lambda status: status["avahi"] == "running", 10, "the daemon has found avahi-daemon again")


def run(sizes):
    """The rows of this topic, on a LAN of its own."""
    with Lan(1 + sizes.publishers) as lan:
        yield from appears(lan, sizes)
        yield from is_killed(lan, sizes)
        yield from cable(lan, sizes)


def appears(lan, sizes):
    """Both on the same hosts in turns: whatever delay avahi-daemon has drawn, both have it."""
    *publishers, watcher = lan.hosts
    ours, theirs = [], []
    browse = Browse(watcher)
    with watcher.watch() as watch:
        for turn in range(sizes.draws):
            if turn:
                lan.each(redraw, publishers)
            for host in publishers:
                node = f"new{turn}@{host.name}"
                with host.control() as lease:
                    lease.register(node, 40000)
                    start = time.monotonic()
                    ours.append(watch.wait_event("up", node, 10).when - start)
                process, start = publish(host, f"new{turn}-{host.name}")
                theirs.append(browse.wait("=", f"new{turn}-{host.name}", ["IPv[46]"], 10) - start)
                process.stop()
    browse.stop()
    yield Row("new advert seen on another host", Sample.of("`REGISTER` answered → `EVENT up`", ours),
              Sample.of("`avahi-publish -s` started → `avahi-browse -r`", theirs))


def is_killed(lan, sizes):
    """kill -9 of who is announced: avahi-daemon notices, and says goodbye."""
    publisher, watcher = lan[1], lan.hosts[-1]
    ours, theirs = [], []
    browse = Browse(watcher)
    with watcher.watch() as watch:
        for turn in range(sizes.kills):
            node = publisher.erl(f"killed{turn}")
            watch.wait_event("up", node.name, 10)
            start = time.monotonic()
            node.signal(signal.SIGKILL)
            ours.append(watch.wait_event("down", node.name, 10).when - start)
            process, _ = publish(publisher, f"killed{turn}")
            browse.wait("=", f"killed{turn}", BOTH, 10)
            start = time.monotonic()
            process.signal(signal.SIGKILL)
            theirs.append(browse.wait("-", f"killed{turn}", BOTH, 10) - start)
    browse.stop()
    yield Row("gone after `kill -9`", Sample.of("node killed → `EVENT down`", ours),
              Sample.of("`avahi-publish` killed → `avahi-browse`", theirs))


def cable(lan, sizes):
    """The cable is pulled again and again. What avahi-publish announces goes by its TTL of 75 minutes, for which nobody waits:
    it is looked at once, for as long as `patience` says."""
    publisher, watcher = lan[1], lan.hosts[-1]
    for host in (publisher, watcher):
        host.daemon.stop()
        host.start_daemon(f"--ttl={sizes.ttl}")
    limit = sizes.ttl + 10
    gone, back = [], []
    browse = Browse(watcher)
    # Each has a node of its own: who advertises refreshes the question (docs/advert.md, 2).
    with watcher.watch() as watch, publisher.control() as lease, watcher.control() as own:
        lease.register("cut@h1", 40000)
        own.register(f"own@{watcher.name}", 40000)
        watch.wait_event("up", "cut@h1", 10)
        process, _ = publish(publisher, "cut")
        browse.wait("=", "cut", BOTH, 10)
        for turn in range(sizes.cuts):
            lan.cut(publisher)
            start = time.monotonic()
            gone.append(watch.wait_event("down", "cut@h1", limit).when - start)
            if turn == 0:
                theirs = patient(browse, start, sizes.patience)
            lan.restore(publisher)
            start = time.monotonic()
            back.append(watch.wait_event("up", "cut@h1", limit).when - start)
            if turn + 1 < sizes.cuts:
                spread(turn, sizes)
        process.stop()
    browse.stop()
    yield Row(f"gone after the cable is pulled (`--ttl={sizes.ttl}`)", Sample.of("→ `EVENT down`", gone), theirs)
    yield Row("back after it is plugged in", Sample.of("→ `EVENT up`", back))


def patient(browse, start, patience):
    label = "→ `avahi-browse`"
    try:
        when = browse.wait("-", "cut", BOTH, max(0, patience - (time.monotonic() - start)))
    except Late:
        return Sample(label, beyond=patience)
    return Sample.of(label, [when - start])


def spread(turn, sizes):
    """When in the course of a TTL the cable is pulled decides how soon it is missed: another time in each turn."""
    end = time.monotonic() + sizes.ttl * (turn + 0.5) / sizes.cuts
    wait_for(lambda: time.monotonic() > end, sizes.ttl + 1, "the time is over")
