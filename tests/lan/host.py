# SPDX-License-Identifier: Apache-2.0
"""A host of the LAN: a box with a network interface for each link, a bus, avahi-daemon, epmd-mdnsd and Erlang nodes."""

import os
import shutil

from box import HERE, Box
from control import Control
from node import LOOP, Node
from wait import wait_for

BUILD = os.path.abspath(os.environ.get("EPMD_MDNS_BUILD") or os.path.join(HERE, "..", ".."))
DAEMON = os.path.join(BUILD, "epmd-mdnsd")
CLI = os.path.join(BUILD, "epmd-mdns")
EBIN = os.path.join(BUILD, "erlang", "ebin")
ROOTS = os.environ.get("EPMD_MDNS_ROOTS") or "/var/cache/epmd-mdns"
SUITES = {25: "bookworm", 27: "trixie", 29: "sid"}      # which Debian has which OTP


class Host(Box):
    ROOT = "{suite}"                # the name of a root file system, as tools/root makes it

    @classmethod
    def root_of(cls, otp):
        """The root file system with that release of OTP; None if it isn't there."""
        root = os.path.join(ROOTS, cls.ROOT.format(suite=SUITES[otp]))
        return root if os.path.exists(os.path.join(root, ".packages")) else None

    def __init__(self, number, ipv6, otp=None, links=(0,)):
        super().__init__(f"h{number}", ipv6)
        self.otp = otp              # the release of OTP in a root file system of its own; None: the machine's
        self.ebin = EBIN            # where Erlang programs of this host find the application
        self._chroot = []
        # On its links, the first of them first: TEST-NET-1 and TEST-NET-2 are nobody's.
        self._interfaces = {f"eth{link}": (f"{('192.0.2', '198.51.100')[link]}.{number}", f"fd0{link}::{number}")
                            for link in links}
        self.address, self.address6 = next(iter(self._interfaces.values()))
        if not ipv6:
            self.address6 = None
        self.dbus = self.avahi = self.daemon = None

    def boot(self, daemon):
        self.configure_links()
        if self.otp:
            self.mount_root(self.root_of(self.otp))
        self.start_dbus()
        self.start_avahi()
        if daemon:
            self.start_daemon()

    def configure_links(self):
        self.ip("link set lo up")
        for interface, (address, address6) in self._interfaces.items():
            commands = [f"address add {address}/24 dev {interface}"]
            if self.address6:
                commands.append(f"address add {address6}/64 dev {interface} nodad")
            self.ip(*commands, f"link set {interface} up")

    def mount_root(self, root):
        """Erlang programs run there: the same host, with other files. The application's go to /run, which both share. All
        hosts have that root, so nobody may write to it: chroot leaves a program in its top, crash dumps and all."""
        self.ebin = "/run/lan/ebin"
        shutil.copytree(EBIN, self.path(self.ebin))
        self.check(["sh", "-c", """set -e
            mkdir /run/lan/root
            mount --bind "$1" /run/lan/root
            cd /run/lan/root
            mount -t tmpfs tmpfs tmp
            for dir in /proc /sys /dev /run; do mount --rbind "$dir" ".$dir"; done
            for file in /etc/hosts /etc/hostname /etc/resolv.conf; do
                [ ! -e "$file" ] || mount --bind "$file" ".$file"
            done
            mount -o remount,bind,ro /run/lan/root""", "sh", root])
        self._chroot = ["chroot", "/run/lan/root"]

    def otp_argv(self, command):
        """The command line of a program of OTP or Elixir, a list of words, on this host."""
        return [*self._chroot, *command]

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

    def erl(self, name, *more, wait=True, long=False, module=True, cookie="x"):
        """Start an Erlang node with nothing but our module to find others, or with none; return the Node. A long name has
        its host in it, a short one gets this host's."""
        flags = ["-start_epmd", "false", "-epmd_module", "epmd_mdns", "-pa", self.ebin] if module else []
        node = self.spawn(self.otp_argv(["erl", "-noshell", "-name" if long else "-sname", name, "-setcookie", cookie, *flags,
                                         *more, "-eval", LOOP]), f"node {name}", kind=Node)
        node.name = name if "@" in name else f"{name}@{self.name}"
        if wait:
            assert node.eval("node()", 30).strip("'") == node.name, "the node has the name that it was given"
        return node

    def vm(self, *more):
        """Start a VM that is no node, and may become one; return it as a Node without a name."""
        flags = ["-setcookie", "x", "-start_epmd", "false", "-epmd_module", "epmd_mdns", "-pa", self.ebin]
        return self.spawn(self.otp_argv(["erl", "-noshell", *flags, *more, "-eval", LOOP]), "vm", kind=Node)

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
