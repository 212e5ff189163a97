# SPDX-License-Identifier: Apache-2.0
"""Benchmark: what a crowd of nodes costs the link and a host that looks for them, with epmd-mdnsd and with Avahi alone."""

import contextlib
import os
import re
import time

from bench_report import Load
from crowd import PORT, Crowd
from lan import Lan
from wait import Late, wait_for

SERVICE = "_erlang-dist._tcp"
TTL, TTL_AVAHI = 30, 4500       # of PTR records: the daemon's default, and what avahi-publish makes
TICKS = os.sysconf("SC_CLK_TCK")


def run(sizes):
    """The loads of all sizes, each on LANs of its own: first with epmd-mdnsd, then with Avahi alone."""
    for nodes, hosts in sizes.crowds:
        for look, ttl, daemon in ((look_with_daemon, TTL, True), (look_with_browse, TTL_AVAHI, False)):
            with Lan(1, daemon=daemon) as lan, Crowd(lan, nodes, hosts, ttl) as crowd:
                yield look(lan, crowd, hosts, sizes)


def look_with_daemon(lan, crowd, hosts, sizes):
    """The host has a node of its own, as most have that look for others."""
    host, found = lan[1], {}
    wanted = set(crowd.names)
    with host.control() as own, host.watch() as watch:
        own.register("own@h1", 40000)
        meter = Meter(lan, {"epmd-mdnsd": host.daemon, "avahi-daemon": host.avahi})
        crowd.announce()
        with contextlib.suppress(Late):
            while len(found) < len(wanted):
                event = watch.next_event(sizes.stall)
                if event.words[0] == "up" and event.node in wanted:
                    found.setdefault(event.node, event.when)
        return meter.load("epmd-mdnsd", len(wanted), hosts, list(found.values()), sizes)


def look_with_browse(lan, crowd, hosts, sizes):
    """The same with avahi-publish and avahi-browse."""
    host, when = lan[1], []
    host.spawn(f"avahi-publish -s own {SERVICE} 40000", "avahi-publish")
    browse = host.spawn(f"stdbuf -oL avahi-browse -rp {SERVICE}", "avahi-browse")
    browse.wait_line("^=;.*;own;", 10)
    meter = Meter(lan, {"avahi-daemon": host.avahi})
    wanted, found, read = set(crowd.names), set(), 0
    crowd.announce()

    def progress():
        """Read what is new; return whether another one was found, or all are."""
        nonlocal read
        before, read_before, read = len(found), read, len(browse.lines)
        for line in browse.lines[read_before:read]:
            match = re.match(r"=;eth0;IPv[46];([^;]*)\\032[0-9a-f]{12};", line)
            name = match and re.sub(r"\\(\d{3})", lambda code: chr(int(code[1])), match[1])
            if name in wanted:
                found.add(name)
        when.extend([time.monotonic()] * (len(found) - before))
        return len(found) > before

    with contextlib.suppress(Late):
        while len(found) < len(wanted):
            wait_for(progress, sizes.stall, "another one is found")
    return meter.load("`avahi-browse -r`", len(wanted), hosts, when, sizes)


class Meter:
    """What a crowd costs, from just before it announces itself."""

    def __init__(self, lan, processes):
        self._lan, self._processes = lan, processes
        self._start = time.monotonic()
        self._packets = link_packets(lan)
        self._cpu = self._seconds()

    def _seconds(self):
        return {name: cpu_seconds(process) for name, process in self._processes.items()}

    def load(self, looks, nodes, hosts, when, sizes):
        """Finding is over: each of the times in `when` is one that was found. Measure a while at rest."""
        took = max(when, default=self._start) - self._start
        until = sum(link_packets(self._lan).values()) - sum(self._packets.values())
        wait_until(self._start + max(sizes.announced, took) + sizes.settle)
        begin, packets, cpu = time.monotonic(), link_packets(self._lan), self._seconds()
        burnt = {name: cpu[name] - self._cpu[name] for name in cpu}
        wait_until(begin + sizes.rest)
        span = time.monotonic() - begin
        sent = {port: count - packets[port] for port, count in link_packets(self._lan).items()}
        used = {name: 100 * (value - cpu[name]) / span for name, value in self._seconds().items()}
        memory = {name: process.rss() for name, process in self._processes.items()}
        own = sum(count for port, count in sent.items() if port != PORT)
        return Load(nodes, hosts, looks, len(when), took, until, sum(sent.values()) / span, own / span, used, burnt, memory)


def wait_until(end):
    wait_for(lambda: time.monotonic() >= end, max(0, end - time.monotonic()) + 5, "the time is over")


def link_packets(lan):
    """Packets that have come into the switch, by port. It is next to nothing else than multicast DNS."""
    counts = {}
    with open(f"/proc/{lan.switch.pid}/net/dev") as file:
        for line in file:
            port, _, fields = line.strip().partition(":")
            if fields and port in (PORT, *(lan.port(host) for host in lan.hosts)):
                counts[port] = int(fields.split()[1])
    return counts


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
