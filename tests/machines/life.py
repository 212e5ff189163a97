# SPDX-License-Identifier: Apache-2.0
"""What happens to machines in the long run: services restart, settings change, they reboot, are upgraded and cleaned."""

import os
import time

from common import SERVICE, SOCKET, SOON, TEAM, names, none_lost, per_machine, timed, wait_listed, wait_meshed, watch
from machine import USER, UID
from wait import Late, wait_for

EXAMPLE = "/usr/share/doc/erlang-epmd-mdns/examples/erlang-node@.service"
BOOT_NODE = f"erlang-node@{USER}.service"
DROP_IN = "/run/systemd/system/epmd-mdns.service.d/test.conf"
JOINED = 10                         # seconds after the end of the boot
# Where a package leaves things that are its own. Of dpkg's and apt's, only what is about packages that are gone.
PLACES = "/boot /etc /home /opt /root /run /srv /usr /var"
VOLATILE = ("/run/lan", "/run/systemd", "/run/user", "/srv/packages", "/var/cache/apt", "/var/lib/apt", "/var/log")
USERS = {"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"}
NEXT = "0.1.0+next-1"


def service_restarts(lan):
    "systemctl restart epmd-mdns: no connection of a node is lost, all register again, and who asks meanwhile is answered"
    def restart(machine):
        # The command is run over and over, before, while and after the service restarts; each must be answered.
        asking = machine.spawn(["sh", "-c", "n=0; until [ -e /run/enough ]; do epmd-mdns status >/dev/null || exit 1; "
                                "n=$((n + 1)); done; echo asked $n times"], "asking", uid=UID)
        for _ in range(3):
            before = machine.unit(SERVICE, "MainPID")
            machine.systemctl("restart", SERVICE)
            assert machine.unit(SERVICE, "MainPID") != before
        machine.check(["touch", "/run/enough"])
        assert asking.wait(SOON) == 0, asking.lines
        machine.check(["rm", "/run/enough"])
        return asking.wait_line(r"asked (\d+) times", 1)[1]
    watch(lan)
    asked = lan.each(restart)
    wait_listed(lan, names(lan))
    none_lost(lan)
    return f"asked {'/'.join(asked)} times"


def service_is_killed(lan):
    "a daemon that is killed, or that hangs, is started again by systemd, and all is as before"
    watch(lan)

    def end(machine):
        pid = machine.unit(SERVICE, "MainPID")
        machine.check(["kill", "-9", pid])
        wait_for(lambda: machine.unit(SERVICE, "MainPID") not in ("0", pid), SOON, "systemd starts it again", interval=0.1)
        machine.bring_text(DROP_IN, "[Service]\nWatchdogSec=1s\n")
        machine.systemctl("daemon-reload")
        machine.systemctl("restart", SERVICE)
        pid = machine.unit(SERVICE, "MainPID")
        machine.check(["kill", "-STOP", pid])
        wait_for(lambda: machine.unit(SERVICE, "MainPID") not in ("0", pid), SOON, "the watchdog notices", interval=0.1)
        machine.check(["rm", "-r", os.path.dirname(DROP_IN)])
        machine.systemctl("daemon-reload")
        machine.systemctl("restart", SERVICE)
    lan.each(end)
    wait_listed(lan, names(lan))
    none_lost(lan)


def avahi_restarts(lan):
    "systemctl restart avahi-daemon, and dbus: the nodes stay connected, and the LAN is seen again"
    def restart(machine):
        machine.systemctl("restart", "avahi-daemon.service")
        machine.systemctl("restart", "dbus.service")
        # Until systemd is on the bus again it does not see that a service has taken its name there, and waits for 90 s.
        wait_for(lambda: machine.run(["busctl", "status", "org.freedesktop.systemd1"], deadline=30).returncode == 0, 30,
                 f"{machine.name}: systemd is on the bus")
        # Who has lost its bus is of no use to others; apt, for one, waits for logind for 25 s.
        machine.systemctl("restart", "avahi-daemon.service", "systemd-logind.service")
    watch(lan)
    start = time.monotonic()
    lan.each(restart)
    wait_listed(lan, names(lan))
    took = time.monotonic() - start
    none_lost(lan)
    return f"{took:.1f} s"


def never_until(seconds, what):
    """Look at it for so many seconds: it may not become true."""
    end = time.monotonic() + seconds
    try:
        wait_for(what, seconds, "as it should be")
    except Late:
        return
    raise AssertionError(f"{what()} after {seconds - (end - time.monotonic()):.1f} s")


def stays_stopped(lan):
    "an administrator's systemctl stop avahi-daemon holds; started again, the LAN is back"
    def stop(machine):
        machine.run(["systemctl", "stop", "avahi-daemon.socket", "avahi-daemon.service"])
    lan.each(stop)
    for machine in lan.hosts:
        # Whoever missed the goodbye of a node that its own is connected to goes on listing it, and says so.
        wait_for(lambda m=machine: len([line for line in m.cli("list", "--no-legend").stdout.splitlines()
                                        if "connected, not heard" not in line]) == 1, SOON, "only its own node is heard")
    # Longer than any retry takes.
    never_until(6, lambda: [m.suite for m in lan.hosts if m.unit("avahi-daemon.service", "ActiveState") != "inactive"])
    for machine in lan.hosts:
        machine.systemctl("start", "avahi-daemon.socket", "avahi-daemon.service")
    wait_listed(lan, names(lan))


def takes_options(lan):
    "options in /etc/default/epmd-mdns or a drop-in count after a restart; wrong ones are told, and mended as easily"
    def try_options(machine):
        old = machine.check(["cat", "/etc/default/epmd-mdns"])
        machine.bring_text("/etc/default/epmd-mdns", "EPMD_MDNSD_OPTIONS=\"--ttl=60 --log-level=debug\"\n")
        machine.systemctl("restart", SERVICE)
        assert machine.status()["ttl"] == 60
        machine.bring_text("/etc/default/epmd-mdns", old)
        machine.bring_text(DROP_IN, "[Service]\nEnvironment=\"EPMD_MDNSD_OPTIONS=--ttl=90 --log-level=notice\"\n")
        machine.systemctl("daemon-reload")
        machine.systemctl("restart", SERVICE)
        assert machine.status()["ttl"] == 90
        machine.check(["rm", "-r", os.path.dirname(DROP_IN)])
        machine.systemctl("daemon-reload")
        machine.bring_text("/etc/default/epmd-mdns", "EPMD_MDNSD_OPTIONS=--ttl=5\n")
        assert machine.run(["systemctl", "restart", SERVICE]).returncode != 0
        assert "--ttl must be a number of seconds" in machine.check(["journalctl", f"--unit={SERVICE}", "--output=cat"])
        machine.bring_text("/etc/default/epmd-mdns", old)
        machine.systemctl("restart", SERVICE)
        assert machine.status()["ttl"] == 30
    lan.each(try_options)
    wait_listed(lan, names(lan))


def joins_at_boot(lan):
    "each machine reboots: a node that a unit starts at boot joins the nodes on other machines, with no manual step"
    measured = {}
    for number, machine in enumerate(lan.hosts):
        # As the file says that it is to be used.
        machine.check(["cp", EXAMPLE, "/etc/systemd/system"])
        machine.systemctl("daemon-reload")
        machine.systemctl("enable", BOOT_NODE)
        lan.nodes[number].kill()
        machine.reboot()
        booted = time.monotonic()
        expected = f"{USER}@{machine.name}"
        for node in lan.nodes[:number] + lan.nodes[number + 1:]:
            wait_for(lambda n=node: expected in n.connected(), JOINED, f"{node.name} is joined by {expected}")
        measured[machine.suite] = time.monotonic() - booted
        machine.systemctl("disable", "--now", BOOT_NODE)
        machine.check(["rm", f"/etc/systemd/system/{os.path.basename(EXAMPLE)}"])
        machine.systemctl("daemon-reload")
        lan.nodes[number] = machine.node("a", *TEAM)
        wait_meshed(lan.nodes)
    wait_listed(lan, names(lan))
    return f"{per_machine(measured)} after the boot had ended"


def next_version(machine):
    """Our packages as a higher version, of which the application has another directory, as it has with each version of ours."""
    made = []
    for package in machine.packages():
        name = os.path.basename(package).split("_")[0]
        machine.check(["sh", "-ec", """
            mkdir /srv/next
            dpkg-deb -R "$1" /srv/next/tree
            cd /srv/next/tree
            sed -i "s/^Version: .*/Version: $2/" DEBIAN/control
            for ebin in usr/lib/erlang/lib/epmd_mdns-*; do
                [ -d "$ebin" ] || continue
                sed -i "s/{vsn, *\\"[^\\"]*\\"}/{vsn,\\"${2%-*}\\"}/" "$ebin/ebin/epmd_mdns.app"
                mv "$ebin" "usr/lib/erlang/lib/epmd_mdns-${2%-*}"
            done
            rm -f DEBIAN/md5sums
            dpkg-deb -b /srv/next/tree "/srv/packages/$3_$2_next.deb"
            rm -r /srv/next""", "sh",
            f"/srv/packages/{os.path.basename(package)}", NEXT, name], deadline=60)
        made.append(f"/srv/packages/{name}_{NEXT}_next.deb")
    return made


def upgrades(lan):
    "an upgrade to a higher version under running nodes: no connection is lost, all register again with the new daemon"
    watch(lan)

    def upgrade(machine):
        pid = machine.unit(SERVICE, "MainPID")
        machine.install(*next_version(machine))
        assert machine.unit(SERVICE, "MainPID") not in ("0", pid), "the new daemon runs"
        for package in ("epmd-mdns", "erlang-epmd-mdns"):
            assert machine.check(["dpkg-query", "-W", "-f", "${Version}", package]) == NEXT
        # The directory that the nodes' code came from is gone; nothing of it is missed.
        assert machine.check(["sh", "-c", "echo /usr/lib/erlang/lib/epmd_mdns-*"]).strip().endswith(NEXT.partition("-")[0])
    measured = timed(lan, upgrade)
    wait_listed(lan, names(lan))
    none_lost(lan)
    late = lan.each(lambda machine: machine.node("late", *TEAM))
    wait_meshed([*lan.nodes, *late])
    for node in late:
        node.kill()
    return per_machine(measured)


def belongings(machine):
    """What is on the machine by our name, and what says our name in settings: packages that are removed leave some, purged none."""
    skip = " ".join(f"-path {path} -prune -o" for path in VOLATILE)
    found = machine.check(["sh", "-c", f"find {PLACES} -xdev {skip} -iname '*epmd[-_]mdns*' -print; "
                           f"grep -rIl 'epmd[-_]mdns' /etc /var/lib --exclude-dir=apt --exclude-dir=dpkg || true"], deadline=60)
    return sorted(set(found.split()))


def cleans_up(lan):
    "removed, purged, installed again and purged again: nothing is left behind but the system user, as everywhere in Debian"
    for node in lan.nodes:
        node.kill()

    def clean(machine):
        machine.check(["apt-get", "remove", "-y", "epmd-mdns", "erlang-epmd-mdns"], deadline=120)
        assert machine.run(["systemctl", "is-active", SERVICE, SOCKET]).stdout.split() == ["inactive", "inactive"]
        # Settings stay until the purge; so do, in /etc, systemd's links that enable units.
        assert "/etc/default/epmd-mdns" in belongings(machine)
        for _ in range(2):
            machine.check(["apt-get", "purge", "-y", "epmd-mdns", "erlang-epmd-mdns"], deadline=120)
            left = belongings(machine)
            assert {path.removesuffix("-") for path in left} <= USERS, f"{machine.suite}: {left}"
            machine.install(*(f"/srv/packages/{os.path.basename(deb)}" for deb in machine.packages()))
            assert machine.unit(SERVICE, "ActiveState") == "active"
        machine.check(["apt-get", "purge", "-y", "epmd-mdns", "erlang-epmd-mdns"], deadline=120)
    measured = timed(lan, clean)
    for machine in lan.hosts:
        assert 4369 in machine.listening(), "stock epmd is as it was"
    return per_machine(measured)
