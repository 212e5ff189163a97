# SPDX-License-Identifier: Apache-2.0
"""A crowd: one process that speaks multicast DNS for many hosts with many nodes, as their avahi-daemons would.

    with Crowd(lan, nodes=200, hosts=20, ttl=10) as crowd:
        crowd.announce()                # n1@c1, n2@c2, ... n21@c1, ...
        crowd.goodbye("*@c1")           # nodes leave
        crowd.silence("c2")             # cables are pulled ...
        crowd.speak("c2")               # ... and plugged in

What it sends is modelled on what avahi-daemon sends for the adverts of epmd-mdnsd: announcements after 0, 1, 3 and 7 s; answers that
each host gathers for 20 to 120 ms, with SRV, TXT and addresses beside each PTR; each record at most once a second. It does not
probe, asks nothing, and ignores questions from other ports than 5353. This file is the test's side of it; the process in a box
of its own is crowd_responder.py.
"""

import os
import subprocess
import sys

from box import HERE, Box
from process import Process

# RFC 2544's network for benchmarks, with room for 600 hosts and more.
ROUTE, ROUTE6 = "198.18.0.0/15", "fdc0::/64"


class Pipe(Process):
    """A process that reads commands."""

    def __init__(self, label, argv, env):
        super().__init__(label, argv, env, stdin=subprocess.PIPE)


class Crowd:
    """A context. It hangs on the first bridge of a LAN that is open."""

    def __init__(self, lan, nodes, hosts, ttl=30, ipv6=True):
        self._lan, self._hosts, self._ipv6 = lan, hosts, ipv6
        self._argv = [sys.executable, "-B", os.path.join(HERE, "crowd_responder.py"), str(nodes), str(hosts), str(ttl),
                      "yes" if ipv6 else "no"]
        self.names = [node_name(number, hosts) for number in range(1, nodes + 1)]
        self._box = self._process = None

    def __enter__(self):
        self._box = Box("crowd", self._ipv6)
        try:
            self._box.wait_ready()
            self._connect()
            self._process = self._box.spawn(self._argv, "crowd", kind=Pipe)
            self._lan.switch.processes.append(self._process)    # whose output is shown if the test fails
            self._process.wait_line("^ready$", 30)
        except BaseException:
            self._box.close()
            raise
        return self

    def __exit__(self, *_):
        self._box.close()
        port = f"link del {PORT}"
        subprocess.run(["nsenter", f"--target={self._lan.switch.pid}", "--net", "ip", *port.split()], check=False,
                       stderr=subprocess.DEVNULL, timeout=10)

    def _connect(self):
        commands = [f"link add {PORT} type veth peer name eth0 netns {self._box.pid}", f"link set {PORT} master bridge0 up"]
        subprocess.run(["nsenter", f"--target={self._lan.switch.pid}", "--net", "ip", "-batch", "-"], check=True,
                       input="\n".join(commands).encode(), timeout=10)
        commands = ["link set lo up", "link set eth0 up", f"route add {ROUTE} dev eth0", "route add 192.0.2.0/24 dev eth0"]
        for number in range(1, self._hosts + 1):
            commands.append(f"address add {address(number)}/32 dev eth0")
            if self._ipv6:
                commands.append(f"address add {address6(number)}/128 dev eth0 nodad")
        self._box.check(["ip", "-batch", "-"], input="\n".join(commands) + "\n")
        for host in self._lan.hosts:
            host.check(["ip", "route", "replace", *ROUTE.split(), "dev", "eth0"])
            if self._ipv6 and host.address6:
                host.check(["ip", "-6", "route", "replace", ROUTE6, "dev", "eth0"])

    def _command(self, *words, deadline=10):
        start = len(self._process.lines)
        self._process.write(" ".join(words))
        return self._process.wait_line(rf"^{words[0]}\b ?(.*)$", deadline, start)[1]

    def announce(self):
        """All hosts are there from now on."""
        self._command("announce")

    def goodbye(self, pattern):
        """The nodes that match say goodbye, and are no more; return their names."""
        return self._command("goodbye", pattern).split()

    def silence(self, pattern):
        """Hosts that match neither hear nor say anything, until speak(); return their names."""
        return self._command("silence", pattern).split()

    def speak(self, pattern):
        """They hear and answer again. As with a cable that is plugged in behind a switch, they don't notice, and
        announce nothing."""
        return self._command("speak", pattern).split()

    def counts(self):
        """What it has sent and received: packets and records."""
        return {key: int(value) for key, _, value in (word.partition("=") for word in self._command("count").split())}


PORT = "crowd.0"        # of the switch


def host_name(number):
    return f"c{number}"


def node_name(number, hosts):
    """They are dealt out to the hosts in turn."""
    return f"n{number}@{host_name((number - 1) % hosts + 1)}"


def address(number):
    return f"198.18.{number // 250}.{number % 250 + 1}"


def address6(number):
    return f"fdc0::{number:x}"
