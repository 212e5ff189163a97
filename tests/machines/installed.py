# SPDX-License-Identifier: Apache-2.0
"""The packages are installed, and nothing else is done: what a user then has."""

import os
import re
import shutil
import time

from box import HERE
from common import SERVICE, SOCKET, SOON, TEAM, names, per_machine, timed, wait_listed, wait_meshed
from machine import UID
from wait import wait_for

TOP = os.path.join(HERE, "..", "..")
EXPOSURE = 0.8                      # systemd-analyze security, of 10
CONNECTIONS = 256                   # LIMIT_CONNECTIONS_PER_UID


def installs(lan):
    "apt installs the packages and what they depend on, and the units are up, with nothing else to do"
    def install(machine):
        machine.install(*machine.bring(machine.packages(), "/srv/packages"))
        for unit in (SERVICE, SOCKET):
            assert machine.unit(unit, "ActiveState") == "active", f"{machine.name}: {machine.systemctl('status', unit)}"
            assert machine.unit(unit, "UnitFileState") == "enabled"
        assert machine.unit("avahi-daemon.service", "ActiveState") == "active"
        result = machine.run(["dpkg", "--verify", "epmd-mdns", "erlang-epmd-mdns"])
        assert (result.returncode, result.stdout) == (0, ""), result
    return per_machine(timed(lan, install))


def joins(lan):
    "nodes of an unprivileged user, started with the flags of the README and no -pa, join one cluster, whatever their OTP release is"
    start = time.monotonic()
    lan.nodes = lan.each(lambda machine: machine.node("a", *TEAM))
    wait_meshed(lan.nodes)
    took = time.monotonic() - start
    releases = [node.eval("erlang:system_info(otp_release)") for node in lan.nodes]
    assert releases == [f'"{machine.otp}"' for machine in lan.hosts], releases
    for node, machine in zip(lan.nodes, lan.hosts):
        assert node.eval("code:which(epmd_mdns)").startswith('"/usr/lib/erlang/lib/epmd_mdns-'), machine.suite
    return f"OTP {', '.join(str(machine.otp) for machine in lan.hosts)}: {took:.1f} s after the VMs were started"


def tells(lan):
    "epmd-mdns list and doctor, systemctl status and the journal tell what is"
    wait_listed(lan, names(lan))
    for machine, node in zip(lan.hosts, lan.nodes):
        row = next(line for line in machine.cli("list").stdout.splitlines() if line.startswith(node.name))
        assert "team" in row.split() and row.endswith("local"), row
        # In its sandbox the daemon sees no interface: avahi-daemon tells it their names.
        status = machine.cli("status").stdout
        assert re.search(r"^Interfaces:?\s+\w+$", status, re.M), status
        doctor = machine.cli("doctor")
        # A warning, for stock epmd.
        assert doctor.returncode == 3 and "1 warning, 0 failures" in doctor.stdout, f"{machine.name}: {doctor.stdout}"
        line = f"{len(lan.hosts)} nodes on {len(lan.hosts)} hosts, 1 local"
        wait_for(lambda m=machine, s=line: s in m.systemctl("status", SERVICE), SOON, "the status line")
        found = machine.check(["journalctl", f"--unit={SERVICE}", f"ERLANG_NODE={node.name}", "EPMD_MDNS_CLUSTER=team",
                               "--output=cat"])
        assert node.name in found, f"{machine.name}: {found!r}"


def beside_epmd(lan):
    "Debian's epmd.socket stays as it is, and the doctor says that it is open to the network"
    for machine in lan.hosts:
        assert machine.unit("epmd.socket", "ActiveState") == "active" and 4369 in machine.listening()
        doctor = machine.cli("doctor").stdout
        assert re.search(r"^warn\s+.*epmd", doctor, re.M), doctor


def is_confined(lan):
    "the service has no capability, no network and no place to write to, and its exposure is 0.8 at most"
    def exposure(machine, unit):
        shown = machine.check(["systemd-analyze", "security", "--no-pager", unit])
        return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", shown)[1])

    measured = {}
    for machine in lan.hosts:
        measured[machine.suite] = exposure(machine, SERVICE)
        assert measured[machine.suite] <= EXPOSURE < exposure(machine, "epmd.service"), measured
        pid = machine.unit(SERVICE, "MainPID")
        status = dict(line.split(":\t", 1) for line in machine.check(["cat", f"/proc/{pid}/status"]).splitlines())
        assert all(int(status[key], 16) == 0 for key in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")), status
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), status
        assert machine.check(["stat", "--format=%U", f"/proc/{pid}"]).strip() == "_epmd-mdns"
        links = machine.check(["nsenter", f"--target={pid}", "--net", "ip", "-brief", "link"]).splitlines()
        assert [line.split()[0] for line in links] == ["lo"], links
        writable = machine.check(["nsenter", f"--target={pid}", "--mount", "setpriv", "--reuid=_epmd-mdns", "--regid=_epmd-mdns",
                                  "--clear-groups", "sh", "-c", "find / -type d -writable -not -path '/proc/*' 2>/dev/null; true"])
        assert set(writable.split()) <= {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock"}, writable
    return f"{per_machine(measured, '')}; stock epmd {exposure(lan[1], 'epmd.service')}"


def shares_fairly(lan):
    "a user who takes all connections that a user may have keeps no other user from the daemon, in the service's sandbox too"
    for machine in lan.hosts:
        greedy = []
        try:
            for _ in range(CONNECTIONS):
                greedy.append(machine.control(uid=UID + 1))
                assert greedy[-1].ask("STATUS").ok, f"{machine.name}: connection {len(greedy)}"
            greedy.append(machine.control(uid=UID + 1))
            assert greedy[-1].ask("STATUS").error == "limit", machine.name
            shown = machine.cli("status")
            assert shown.returncode == 0, f"{machine.name}: {shown}"
        finally:
            for control in greedy:
                control.close()


def passes_autopkgtest(lan):
    "the tests that Debian runs on the packages pass: debian/tests"
    def run(machine):
        machine.check(["mkdir", "-p", "/srv/source", "/srv/autopkgtest"])
        for part in ("debian/tests", "tests/lan"):
            shutil.copytree(os.path.join(TOP, part), machine.path(f"/srv/source/{part}"))
        with open(os.path.join(TOP, "debian/tests/control")) as file:
            control = file.read()
        tests = re.findall(r"^Tests: (\S+)$", control, re.M)
        depends = set(re.findall(r"[a-z][a-z0-9-]+", " ".join(re.findall(r"^Depends:((?:.*\n)(?: .*\n)*)", control, re.M))))
        machine.install(*sorted(depends - {"epmd-mdns"}))
        for test in tests:
            machine.check(["sh", "-c", 'cd /srv/source && AUTOPKGTEST_TMP=$(mktemp -d) exec "debian/tests/$1" >&2', "sh", test],
                          deadline=120)
        return len(tests)
    counts = lan.each(run)
    return f"{counts[0]} tests on each"
