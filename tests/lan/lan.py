# SPDX-License-Identifier: Apache-2.0
"""The LAN in a box: hosts h1, h2, ... on one bridge, all in namespaces of their own; see README.md.

        h1            h2            h3          Box: network, mounts, host name, processes
       eth0          eth0          eth0
         |             |             |          a veth pair each: the cable
    +----h1------------h2------------h3----+
    |                bridge                |    Box "switch"
    +--------------------------------------+

There may be a second bridge, the second link, and hosts with an interface on it, eth1, or on both. No cable leads out of
the switch, so no multicast leaves the test.
"""

import concurrent.futures
import itertools
import os
import shutil
import subprocess
import time

from box import Box
from host import BUILD, DAEMON, EBIN, Host

OTP = os.environ.get("EPMD_MDNS_OTP")
HAS_SSL = "halt(case code:which(ssl) of non_existing -> 1; _ -> 0 end)."
TOOLS = "unshare nsenter setpriv ip dbus-daemon avahi-daemon avahi-browse avahi-publish avahi-set-host-name erl"


def missing(lan):
    """Why there can be no such LAN here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in TOOLS.split():
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"needs {tool}"
    if subprocess.run(["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "true"],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        return "needs the right to make namespaces"
    if lan.tls and not shutil.which("openssl"):
        return "needs openssl"
    if lan.tls and not lan.otp and subprocess.run(["erl", "-noshell", "-eval", HAS_SSL], check=False).returncode:
        return "needs OTP's ssl"
    for tool in () if lan.otp else lan.needs:
        if not shutil.which(tool):
            return f"needs {tool}"
    for otp in lan.otp:
        if otp and not lan.kind.root_of(otp):
            return f"there is no root file system with OTP {otp}; tools/root makes it"
    if lan.daemon and not (os.access(DAEMON, os.X_OK) and os.path.isdir(EBIN)):
        return f"epmd-mdnsd is not built in {BUILD}"
    return None


class Lan:
    def __init__(self, hosts=2, daemon=True, ipv6=True, otp=(), tls=False, needs=(), links=None, kind=Host):
        self.daemon = daemon
        self.kind = kind            # what its hosts are
        self.tls = tls              # whether the test needs what tls.py does
        self.needs = needs          # programs that the machine may lack; a root file system has them
        # Who is on which link: [(1, 2), (1, 3)] are two of them, which only h1 is on both of. None: all on one.
        self._links = links or [range(1, hosts + 1)]
        # The releases of OTP of h1, h2, ...; none: the machine's own.
        self.otp = otp or ([int(OTP)] * hosts if OTP else ())
        self.took = None            # seconds until everything was up
        self.switch = None
        self._size, self._ipv6 = hosts, ipv6
        self.hosts = []
        self._marks = {}

    def __enter__(self):
        start = time.monotonic()
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        self.took = time.monotonic() - start
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self):
        # One after the other here, for the boxes' first processes start side by side anyway.
        self.switch = Box("switch", False)
        self.hosts = [self.kind(number, self._ipv6, otp, self._links_of(number))
                      for number, otp in itertools.zip_longest(range(1, self._size + 1), self.otp)]
        for box in self.boxes:
            box.wait_ready()
        commands = []
        for link, members in enumerate(self._links):
            commands += [f"link add bridge{link} type bridge stp_state 0 mcast_snooping 0", f"link set bridge{link} up"]
            for host in (self[number] for number in members):
                port = self.port(host, link)
                commands += [f"link add {port} type veth peer name eth{link} netns {host.pid}",
                             f"link set {port} master bridge{link} up"]
        # Without the switch's PID namespace: `netns PID` speaks of the machine's.
        subprocess.run(["nsenter", f"--target={self.switch.pid}", "--net", "ip", "-batch", "-"], check=True,
                       input="\n".join(commands).encode(), timeout=10)
        self.each(lambda host: host.boot(self.daemon))

    def _links_of(self, number):
        return [link for link, members in enumerate(self._links) if number in members]

    def each(self, action, hosts=None):
        """action(host) for all hosts at the same time; return the results."""
        hosts = self.hosts if hosts is None else hosts
        with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
            return list(pool.map(action, hosts))

    @property
    def boxes(self):
        return [box for box in (self.switch, *self.hosts) if box]

    def __getitem__(self, number):
        """lan[1] is h1."""
        return self.hosts[number - 1]

    @staticmethod
    def port(host, link=0):
        """The interface of the switch that a host's cable leads to."""
        return f"{host.name}.{link}"

    def _port(self, host, link, what):
        self.switch.check(["ip", "link", "set", self.port(host, link), *what.split()])

    def cut(self, host, link=0):
        """Pull the cable where neither side notices: as behind another switch."""
        self._port(host, link, "nomaster")

    def restore(self, host, link=0):
        self._port(host, link, f"master bridge{link}")

    def link_down(self, host, link=0):
        """The host sees its interface without a carrier."""
        self._port(host, link, "down")

    def link_up(self, host, link=0):
        self._port(host, link, "up")

    def silence(self):
        """The switch loses multicast DNS, as one does that snoops IGMP and has no querier. Each host still hears itself."""
        ports = [self.port(self[number], link) for link, members in enumerate(self._links) for number in members]
        self.switch.check("nft -f -", input="table netdev silence { chain in { type filter hook ingress devices = { "
                          f"{', '.join(ports)} }} priority 0; udp dport 5353 drop; }}; }}\n")

    def end_silence(self):
        self.switch.check("nft delete table netdev silence")

    def mend(self, everything=False):
        """Start the daemons that should run and don't, or all anew; return the labels of those that were dead."""
        dead = [host for host in self.hosts if host.daemon and not host.daemon.alive]
        for host in self.hosts if everything else dead:
            if host.daemon:
                host.daemon.kill()
                host.start_daemon()
        return [f"{host.name} epmd-mdnsd" for host in dead]

    def verdict(self):
        """End the daemons that still run; return what is wrong with any of them, or None."""
        for host in self.hosts:
            daemon, host.daemon = host.daemon, None
            status = daemon.stop() if daemon else 0
            if status:
                return f"{daemon.label} ended with status {status} after SIGTERM"
        for process in self.processes():
            if process.sanitizer_report():
                return f"{process.label}: {process.sanitizer_report()}"
        return None

    def processes(self):
        return [process for box in self.boxes for process in box.processes]

    def mark(self):
        """Logs begin here."""
        self._marks = {process: len(process.lines) for process in self.processes()}

    def logs(self, last=60):
        """What every process has printed since mark(), the last lines of it."""
        for process in self.processes():
            lines = process.lines[self._marks.get(process, 0):]
            if len(lines) > last:
                yield f"{process.label}: ... {len(lines) - last} lines"
            for line in lines[-last:]:
                if line:
                    yield f"{process.label}: {line}"

    def close(self):
        """End everything. Also happens, without this, whenever the test process ends."""
        for box in reversed(self.boxes):
            box.close()
