# SPDX-License-Identifier: Apache-2.0
"""Clusters that span all hosts of a LAN, a node of each on every host, and what is wrong with them."""

import contextlib
import re

from host import Host

CLUSTERS = ("red", "blue")
TICK = 6            # seconds after which OTP gives up a silent connection, and half of them before it may
# Many VMs on few cores: no threads beyond what is needed.
SMALL = ["+S", "1", "+SDio", "1", "+A", "1", "+sbwt", "none", "-kernel", "net_ticktime", str(TICK)]
NODE = r"\w+@h\d"
REPORTS = 15        # of each node in a diagnosis; what it has printed last are answers
BAD_REPORT = re.compile(r"=(ERROR|CRASH|SUPERVISOR) REPORT")


class BriefHost(Host):
    """A vanished node is forgotten as soon as can be."""

    def start_daemon(self, *options, wait=True):
        super().start_daemon("--ttl=10", *options, wait=wait)


class Place:
    """Where a node of a cluster runs, or is to run again."""

    def __init__(self, host, cluster):
        self.host, self.cluster = host, cluster
        self.name = f"{cluster}@{host.name}"
        self.node = None

    def __str__(self):
        return self.name

    def start(self):
        self.node = self.host.erl(self.cluster, "-epmd_mdns", "cluster", self.cluster, *SMALL)

    def kill(self):
        self.check_log()
        self.node.kill()
        self.host.processes.remove(self.node)
        self.node = None

    def check_log(self):
        """The application has crashed nowhere, and the node is there."""
        assert self.node.alive, f"{self} has ended by itself"
        bad = [report for report in self.node.reports("epmd_mdns") if BAD_REPORT.match(report)]
        assert not bad, f"{self} has logged: {bad[0]}"

    def check_pauses(self):
        """Nobody has paused anybody, so no node may say so. A node that is stopped says nothing."""
        assert self.node.alive, f"{self} has ended by itself"
        if not self.node.status("State").startswith("T"):
            peers = self.node.eval("epmd_mdns:peers()")
            assert "paused" not in peers, f"{self} has paused another node: {peers}"


class Team:
    def __init__(self, lan):
        self.lan, self.hosts, self.clusters = lan, lan.hosts, CLUSTERS
        self.places = [Place(host, cluster) for host in self.hosts for cluster in CLUSTERS]

    def start(self):
        self.lan.each(lambda host: [place.start() for place in self.places if place.host is host])

    def running(self):
        return [place for place in self.places if place.node]

    def absent(self):
        return [place for place in self.places if not place.node]

    def check(self):
        """What must be so all the time, faults or not."""
        for place in self.running():
            place.check_pauses()

    def check_logs(self):
        """What must be so once everything is repaired."""
        for host in self.hosts:
            assert host.daemon.alive, f"{host.daemon.label} has ended by itself"
        for place in self.running():
            place.check_log()

    def problems(self):
        """What is not as it should be, in words: each cluster is whole, and each host lists what runs, where it is."""
        found = self.lan.each(self._misses, self.running()) + self.lan.each(self._lists)
        return [problem for problems in found for problem in problems]

    def _misses(self, place):
        if not place.node.alive:
            return [f"{place} has ended"]
        seen = place.node.connected()
        wanted = {other.name for other in self.running() if other.cluster == place.cluster and other is not place}
        if seen == wanted:
            # A connection that leads nowhere is there until OTP's ticks are missed.
            silent = place.node.eval("element(2, rpc:multicall(nodes(), erlang, node, [], 1000))")
            return [f"{place} is connected to {name}, which does not answer" for name in re.findall(NODE, silent)]
        return [f"{place} is not connected to {name}" for name in sorted(wanted - seen)] + \
               [f"{place} is connected to {name}" for name in sorted(seen - wanted)]

    def _lists(self, host):
        listed = self.listed(host)
        if listed is None:
            return [f"epmd-mdnsd of {host.name} does not answer"]
        running = {place.name: place for place in self.running()}
        names = {line.node for line in listed}
        return [f"{host.name} does not list {name}" for name in sorted(running.keys() - names)] + \
               [f"{host.name} lists {line.node}: {line.raw}" for line in listed if not is_right(line, running)]

    @staticmethod
    def listed(host):
        """What the daemon of a host lists; None if it does not answer."""
        try:
            with host.control() as control:
                return control.must("LIST").nodes
        except (AssertionError, OSError):
            return None

    def diagnosis(self, problem):
        """Whatever may tell the cause: of the nodes that it names, and of the hosts, their nodes' too."""
        for place in self.running():
            if place.name in problem and place.node.alive:
                for call in ("nodes()", "epmd_mdns:peers()", "epmd_mdns:info()"):
                    with contextlib.suppress(AssertionError):       # it may hang
                        yield f"{place} {call}: {place.node.eval(call)}"
                yield from (f"{place}: {report.strip()}" for report in place.node.reports()[-REPORTS:])
        for host in self.hosts:
            if host.name in problem:
                yield from (f"{host.name} LIST: {line.raw}" for line in self.listed(host) or [])


def is_right(line, running):
    """Whether a line of LIST is about a node that runs, with its host's address and without a rival."""
    place = running.get(line.node)
    return place is not None and not line.conflict and \
        (line.source == "local" or place.host.address in line.addr.split(","))
