#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""avahi-daemon is stopped by an administrator: nothing that we do has the bus start it again."""

import re

import tap
from lan import Lan
from prober import Prober
from wait import wait_for

HEALED = 5          # seconds after a start until the view of the LAN is right
STOPPED = 12        # seconds: each way to try again would have been gone through

# What the bus starts in place of avahi-daemon, which is how to see that it was asked to.
MARK = "/run/lan/activated"
SERVICE = f"""[D-BUS Service]
Name=org.freedesktop.Avahi
Exec=/bin/sh -c 'echo >>{MARK}; exec sleep 60'
User=root
"""


def activations(host):
    return int(host.check(["sh", "-c", f"cat {MARK} 2>/dev/null | wc -l"]))


def make_activatable(host):
    """A bus that starts avahi-daemon on demand."""
    host.avahi.stop()
    host.dbus.stop()
    host.check("mkdir -p /run/lan/dbus-services")
    host.write("/run/lan/dbus-services/org.freedesktop.Avahi.service", SERVICE)
    with open(host.path("/run/lan/dbus.conf")) as file:
        conf = file.read()
    # The helper is for buses that don't run as root.
    conf = re.sub("<type>system</type>", "<servicedir>/run/lan/dbus-services</servicedir>", conf)
    host.write("/run/lan/dbus.conf", conf)
    host.start_dbus()
    host.start_avahi()


def sees(host, node):
    with host.control() as control:
        wait_for(lambda: [line for line in control.lookup(node, wait=100) if not line.stale], HEALED,
                 f"{host.name} sees {node}")


def stays_stopped(host, prober):
    host.wait_status(lambda status: status["avahi"] != "running", 5, "it knows")
    prober.last(STOPPED)
    assert activations(host) == 0, f"asked {activations(host)} times"
    assert host.status()["avahi"] == "failed"


def bus_activates(lan):
    "the rig: a call to avahi-daemon has the bus start it"
    host = lan[1]
    make_activatable(host)
    host.avahi.stop()
    with host.control() as lease:
        lease.register("rig@h1", 40000)
    call = "dbus-send --system --print-reply --reply-timeout=100 --dest=org.freedesktop.Avahi / org.freedesktop.DBus.Peer.Ping"
    host.run(call)
    wait_for(lambda: activations(host) == 1, 5, "the bus has started it")
    host.check(["rm", MARK])
    make_activatable(host)
    host.wait_status(lambda status: status["avahi"] == "running", HEALED, "it is found")


def stopped(lan):
    "avahi-daemon is stopped, stays stopped, and is found when it is started again"
    host = lan[1]
    with host.control() as local, lan[2].control() as far:
        local.register("local@h1", 40001)
        far.register("far@h2", 40002)
        sees(host, "far@h2")
        sees(lan[2], "local@h1")
        with Prober(host, "local@h1") as prober:
            host.avahi.stop()
            with host.control() as brief:   # what happens meanwhile wakes it neither
                brief.register("brief@h1", 40003)
            stays_stopped(host, prober)
            host.start_avahi()
            sees(host, "far@h2")
            sees(lan[2], "local@h1")
            assert activations(host) == 0
            return prober.check(0.05)


def absent(lan):
    "a daemon that starts before avahi-daemon does not start it, and finds it when it comes"
    host = lan[1]
    with lan[2].control() as far:
        far.register("far@h2", 40002)
        assert host.daemon.stop() == 0
        host.avahi.stop()
        host.start_daemon(wait=False)
        host.wait_daemon()
        with host.control() as local:
            local.register("local@h1", 40001)
            with Prober(host, "local@h1") as prober:
                stays_stopped(host, prober)
            host.start_avahi()
            sees(host, "far@h2")
            sees(lan[2], "local@h1")
        assert activations(host) == 0


if __name__ == "__main__":
    tap.main([bus_activates, stopped, absent], Lan(2))
