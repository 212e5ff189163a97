#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The LAN in a box itself, with nothing of epmd-mdns in it."""

import os
import signal
import subprocess
import sys

import tap
from box import HERE
from lan import Lan
from wait import Late, wait_for

TYPE = "_erlang-dist._tcp"

# What becomes of a test in the middle of its work: it has made a LAN and waits.
VICTIM = """
import sys
from lan import Lan
with Lan(3, daemon=False) as lan:
    lan[1].spawn("sh -c 'trap \\"\\" TERM HUP INT; setsid cat /dev/zero >/dev/null & wait'")
    lan[2].avahi.hang()
    print(*(box.pid for box in lan.boxes), flush=True)
    sys.stdin.read()
"""


def starts_quickly(lan):
    "three hosts with bus and avahi-daemon are up in under 5 s"
    assert lan.took < 5, lan.took
    assert all("avahi-daemon" in host.running().values() for host in lan.hosts)
    return f"{lan.took:.2f} s"


def is_private(lan):
    "a host has its own name, /run, /etc/hosts and processes, and no way out"
    assert lan[2].check("hostname") == "h2\n"
    assert lan[2].check("cat /etc/hostname") == "h2\n"
    assert set(lan[2].check("ls /run").split()) <= {"avahi-daemon", "dbus", "lan", "lock", "mount"}
    assert "h2" in lan[2].check("cat /etc/hosts") and "h1" not in lan[2].check("cat /etc/hosts")
    assert lan[2].check("ip route").split()[0] == "192.0.2.0/24", "one route, and no default"
    assert set(lan[2].running().values()) == {"avahi-daemon", "cat", "dbus-daemon", "sh"}
    ours = os.readlink("/proc/self/ns/net")
    assert all(os.readlink(f"/proc/{box.pid}/ns/net") != ours for box in lan.boxes)
    assert all(os.readlink(f"/proc/{host.avahi.pid}/ns/net") != ours for host in lan.hosts)


def hears(lan):
    "what h1 publishes, h2 sees"
    browse = lan[2].spawn(f"stdbuf -oL avahi-browse -rp {TYPE}", "avahi-browse")
    lan[1].spawn(f"avahi-publish -s bob@h1 {TYPE} 40001")
    browse.wait_line(r"^=;eth0;IPv4;.*;h1\.local;192\.0\.2\.1;40001;", 10)
    browse.wait_line(r"^=;eth0;IPv6;.*;h1\.local;fd00::1;40001;", 10)


def cuts_cables(lan):
    "a cut cable is silent for both sides; a restored one works; a link that is down is seen"
    listen = lan[3].spawn("socat -u UDP-RECV:9999 -", "socat")
    wait_for(lambda: "270F" in open(f"/proc/{lan[3].pid}/net/udp", encoding="ascii").read(), 5, "socat listens")

    def heard(word):
        "Whether a word that h1 sends again and again arrives at h3."
        for _ in range(20):
            lan[1].run(f"socat -u - UDP-SENDTO:{lan[3].address}:9999", input=word + "\n")
            try:
                return listen.wait_line(f"^{word}$", 0.05)
            except Late:
                pass
        return None

    def carrier(host):
        return "LOWER_UP" in host.check("ip link show eth0")

    assert heard("before")
    lan.cut(lan[3])
    assert not heard("cut") and carrier(lan[3])
    lan.restore(lan[3])
    assert heard("restored")
    lan.link_down(lan[3])
    assert not carrier(lan[3])
    lan.link_up(lan[3])
    wait_for(lambda: carrier(lan[3]), 5, "the carrier is back")
    assert heard("up")


def handles_processes(lan):
    "processes can be hung, resumed, killed and restarted; orphans are reaped"
    avahi = lan[3].avahi
    avahi.hang()
    avahi.resume()
    wait_for(lambda: avahi.status("State").startswith("S"), 5, "avahi-daemon runs again")
    avahi.hang()
    avahi.kill()
    lan[3].start_avahi()
    assert lan[3].avahi.pid != avahi.pid
    assert lan[3].run("sh -c 'sleep 0 & exit 3'").returncode == 3
    wait_for(lambda: "sleep" not in lan[3].running().values(), 5, "the orphan is gone")
    lan[3].rename("other")
    lan[3].avahi.wait_line(r"Host name is other\.local", 10)
    lan[3].readdress("192.0.2.99")
    lan[3].avahi.wait_line(r"Registering new address record for 192\.0\.2\.99", 10)


def survivors(pids):
    "Who still runs in one of the namespaces of these processes; the function that tells."
    kinds = ("net", "mnt", "uts", "pid")
    namespaces = {os.readlink(f"/proc/{pid}/ns/{kind}") for pid in pids for kind in kinds}
    namespaces -= {os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
    assert len(namespaces) == len(pids) * len(kinds)

    def find():
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if namespaces & {os.readlink(f"/proc/{pid}/ns/{kind}") for kind in (*kinds, "pid_for_children")}:
                    found.append(pid)
            except OSError:
                pass
        return found
    return find


def traces():
    "What of the machine a LAN could leave a mark on."
    with open("/proc/self/mountinfo", encoding="ascii") as mounts:
        return os.listdir("/sys/class/net"), mounts.read()


def leaves_nothing(number):
    before = traces()
    # A session of its own, so that a signal to its group is what Ctrl-C at a terminal is: also where we were started in the
    # background, by a shell that ignores it there.
    victim = subprocess.Popen([sys.executable, "-c", VICTIM], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, start_new_session=True,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    find = survivors([int(pid) for pid in victim.stdout.readline().split()])
    assert len(find()) > 12
    os.killpg(victim.pid, number)
    victim.wait(10)
    victim.stdin.close()
    victim.stdout.close()
    wait_for(lambda: not find(), 5, "no process is left in any of the namespaces")
    assert traces() == before


def survives_kill(lan):
    "a test that ends by kill -9 leaves no process, namespace, mount or interface behind"
    leaves_nothing(signal.SIGKILL)


def survives_interrupt(lan):
    "nor does one that ends by Ctrl-C"
    leaves_nothing(signal.SIGINT)


if __name__ == "__main__":
    tap.main([starts_quickly, is_private, hears, cuts_cables, handles_processes, survives_kill, survives_interrupt],
             Lan(3, daemon=False))
