# SPDX-License-Identifier: Apache-2.0
"""A host of the LAN: a box with one network interface, a bus, avahi-daemon, epmd-mdnsd and Erlang nodes."""

import os

from box import HERE, Box
from control import Control
from node import LOOP, Node
from wait import wait_for

BUILD = os.path.abspath(os.environ.get("EPMD_MDNS_BUILD") or os.path.join(HERE, "..", ".."))
DAEMON = os.path.join(BUILD, "epmd-mdnsd")
CLI = os.path.join(BUILD, "epmd-mdns")
EBIN = os.path.join(BUILD, "erlang", "ebin")


class Host(Box):
    def __init__(self, number, ipv6):
        super().__init__(f"h{number}", ipv6)
        self.address = f"192.0.2.{number}"      # TEST-NET-1: nobody's
        self.address6 = f"fd00::{number}" if ipv6 else None
        self.dbus = self.avahi = self.daemon = None

    def boot(self, daemon):
        commands = [f"address add {self.address}/24 dev eth0"]
        if self.address6:
            commands.append(f"address add {self.address6}/64 dev eth0 nodad")
        self.ip("link set lo up", *commands, "link set eth0 up")
        self.start_dbus()
        self.start_avahi()
        if daemon:
            self.start_daemon()

    def ip(self, *commands):
        """Run commands of ip(8)."""
        self.check(["ip", "-batch", "-"], input="\n".join(commands) + "\n")

    def start_dbus(self):
        """The system bus; it says its address when it listens."""
        self.dbus = self.spawn("dbus-daemon --config-file=/run/lan/dbus.conf --nofork --nopidfile --print-address",
                               "dbus-daemon")
        self.dbus.wait_line("^unix:path=", 10)

    def start_avahi(self, wait=True):
        self.avahi = self.spawn("avahi-daemon -f /run/lan/avahi.conf --no-drop-root --no-chroot --no-rlimits",
                                "avahi-daemon")
        if wait:
            self.avahi.wait_line("Server startup complete", 15)

    def start_daemon(self, *options, wait=True):
        """epmd-mdnsd; wait until it answers and has found avahi-daemon."""
        # ThreadSanitizer of gcc 12 can't place its shadow in the address space layout of newer kernels.
        fixed = ["setarch", "-R"] if sanitizer() == "thread" else []
        self.daemon = self.spawn([*fixed, DAEMON, *options], "epmd-mdnsd")
        if wait:
            self.wait_daemon()
            self.wait_status(lambda status: status["avahi"] == "running", 10, "epmd-mdnsd has found avahi-daemon")

    def wait_daemon(self, deadline=10):
        """Wait until the daemon answers, whatever it has to say."""
        def answers():
            if not self.daemon.alive:
                raise AssertionError(f"{self.daemon.label} has ended")
            try:
                return bool(self.status())
            except (FileNotFoundError, ConnectionError):
                return False

        wait_for(answers, deadline, f"{self.daemon.label} answers", interval=0.005)

    def control(self, uid=None):
        """A new connection to the daemon's control socket."""
        return Control(self, uid)

    def status(self):
        with self.control() as control:
            return control.status()

    def wait_status(self, predicate, deadline, what):
        """Wait until predicate(STATUS) is true; return that status. There is no event for these figures."""
        with self.control() as control:
            def reached():
                status = control.status()
                return status if predicate(status) else None
            return wait_for(reached, deadline, f"{self.name}: {what}")

    def watch(self):
        """A new connection that has subscribed; the snapshot is dropped."""
        control = self.control()
        control.subscribe()
        return control

    def erl(self, name, *more, wait=True):
        """Start an Erlang node with nothing but our module to find others; return the Node."""
        node = self.spawn(["erl", "-noshell", "-sname", name, "-setcookie", "x", "-start_epmd", "false",
                           "-epmd_module", "epmd_mdns", "-pa", EBIN, *more, "-eval", LOOP],
                          f"node {name}", kind=Node)
        node.name = f"{name}@{self.name}"
        if wait:
            assert node.eval("node()", 30) == f"{node.name}", "the node has the name that it was given"
        return node

    def cli(self, *arguments, uid=None):
        """Run the command line tool, return the CompletedProcess."""
        return self.run([CLI, *arguments], uid=uid)

    def rename(self, name):
        """Let Avahi announce another host name."""
        self.check(["avahi-set-host-name", name])

    def readdress(self, address):
        """Take another IPv4 address."""
        self.ip(f"address add {address}/24 dev eth0", f"address delete {self.address}/24 dev eth0")
        self.address = address


def sanitizer():
    """The sanitizer that the daemon was built with: thread, address, undefined or None."""
    try:
        with open(DAEMON, "rb") as file:
            code = file.read()
    except FileNotFoundError:
        return None
    names = ((b"__tsan_init", "thread"), (b"__asan_init", "address"), (b"__ubsan_handle", "undefined"))
    return next((name for mark, name in names if mark in code), None)
