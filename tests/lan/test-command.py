#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command epmd-mdns: what it prints, and what it exits with."""

import re

import tap
from host import CLI
from lan import Lan


def lists(lan):
    "list is a table with aligned columns: nodes of this host and of the LAN"
    lan.leases = [lan[1].control(), lan[2].control(), lan[1].control()]
    lan.leases[0].register("alice@h1", 4000)
    lan.leases[1].register("b@h2", 40001, cluster="team", proto="tls")
    lan.leases[2].register("cafe@h\u00e9", 4002)
    with lan[1].control() as control:
        control.must("LOOKUP b@h2 wait=5000")
    shown = lan[1].cli("list")
    assert shown.returncode == 0 and not shown.stderr, shown
    expected = [r"NODE      ADDRESS    PORT   PROTO  CLUSTER  HOST      AGE  WHERE",
                r"alice@h1  127\.0\.0\.1  4000   tcp    -        h1\.local  \d+s   local",
                r"b@h2      192\.0\.2\.2  40001  tls    team     h2\.local  \d+s   LAN",
                r"cafe@h\u00e9   127\.0\.0\.1  4002   tcp    -        h1\.local  \d+s   local"]
    lines = shown.stdout.splitlines()
    assert len(lines) == len(expected), shown.stdout
    for line, pattern in zip(lines, expected):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


def names(lan):
    "names speaks as epmd -names does: the nodes of this host, and no others"
    shown = lan[1].cli("names")
    assert shown.returncode == 0 and not shown.stderr, shown
    assert shown.stdout == ("epmd: up and running on port 4369 with data:\n"
                            "name alice at port 4000\nname cafe at port 4002\n"), shown.stdout


def monitors(lan):
    "monitor shows what is there, and then each change when it happens"
    monitor = lan[1].spawn([CLI, "monitor"], "monitor")
    monitor.wait_line(r"^\d\d:\d\d:\d\d\.\d{3}  up       alice@h1  tcp 127\.0\.0\.1 port 4000  local  \(present\)$", 5)
    monitor.wait_line(r"^\S+  3 endpoints up; changes follow", 5)
    lan.leases.pop().close()
    monitor.wait_line(r"^\S+  down     cafe@h\S+  tcp 127\.0\.0\.1 port 4002  local  \(unregistered\)$", 5)
    lan.leases.pop().close()
    monitor.wait_line(r"^\S+  down     b@h2  tls 192\.0\.2\.2 port 40001  LAN  \(goodbye\)$", 5)
    lan[1].ip("address add 192.0.2.77/24 dev eth0")
    monitor.wait_line(r"^\S+  network  the addresses of this host have changed$", 10)
    lan[1].ip("address delete 192.0.2.77/24 dev eth0")
    monitor.stop()


def tells_status(lan):
    "status says in words how the daemon is"
    shown = lan[1].cli("status")
    assert shown.returncode == 0 and not shown.stderr, shown
    for pattern in (r"^epmd-mdnsd \d+\.\d+\.\d+, up \d+s$", r"^Avahi:      running$", r"^This host:  h1\.local$",
                    r"^Nodes:      1 on 1 host, 1 local$", r"^Announced:  1 advert, with a TTL of 30 s$"):
        assert re.search(pattern, shown.stdout, re.MULTILINE), f"{pattern} is not in\n{shown.stdout}"


def explains_usage(lan):
    "wrong usage exits with 2 and says where to find help; --help and --version exit with 0"
    for arguments in ([], ["fly"], ["list", "more"], ["--wings", "list"]):
        shown = lan[1].cli(*arguments)
        assert shown.returncode == 2 and not shown.stdout, shown
        assert re.search(r'^Try "epmd-mdns (list )?--help"\.$', shown.stderr, re.MULTILINE), shown
    for option in ("--help", "--version"):
        shown = lan[1].cli(option)
        assert shown.returncode == 0 and "epmd-mdns" in shown.stdout and not shown.stderr, shown


def explains_absence(lan):
    "without a daemon every command exits with 1 and says what to do; monitor ends with the daemon"
    monitor = lan[1].spawn([CLI, "monitor"], "monitor")
    monitor.wait_line("changes follow", 5)
    lan[1].daemon.stop()
    monitor.wait_line("epmd-mdnsd closed the connection", 5)
    for command in (["list"], ["names"], ["monitor"], ["status"], ["wait"], ["resolve", "a@b"]):
        shown = lan[1].cli(*command)
        assert shown.returncode == 1 and not shown.stdout, shown
        assert "can't reach epmd-mdnsd at /run/epmd-mdns/control" in shown.stderr and "Is it running?" in shown.stderr
    shown = lan[1].cli("--socket=/run/nowhere", "list")
    assert shown.returncode == 1 and "/run/nowhere" in shown.stderr, shown
    lan[1].start_daemon()


if __name__ == "__main__":
    tap.main([lists, names, monitors, tells_status, explains_usage, explains_absence], Lan(2))
