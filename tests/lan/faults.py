# SPDX-License-Identifier: Apache-2.0
"""Faults of a LAN, each with its repair, for test-chaos.py.

FAULTS has a function for each kind. It draws whom the fault hits, and how, from random numbers and from what is to run, never
from what happens to be the case: so a seed repeats it.
"""

import contextlib
import json
import os
import signal
import time
from typing import Callable, NamedTuple

from wait import wait_for

ABSENT = 3                          # so many nodes may be gone for good at a time
BRIEF = ((0.2, 2), (2, 8), (8, 20))     # seconds that a fault lives
SILENCE = ((0.2, 2), (2, 8), (8, 20), (61, 75))     # ... if multicast is lost: longer than anything heard is remembered
RENAMED = 4                         # seconds that Avahi is given between two names of a host

# What a firewall does with TCP from another host. A one-way firewall lets through what this host has begun.
ANY, NEW = "meta l4proto tcp", "tcp flags syn / syn,ack"
VERDICTS = {"dropped": "drop", "reset": "reject with tcp reset"}


class Fault(NamedTuple):
    what: str
    hits: set                       # two faults that live at the same time hit different things
    begin: Callable
    end: Callable                   # the repair
    life: float                     # seconds from begin to end


def nothing():
    """The repair of what stays as it is."""


def life(random, lives=BRIEF):
    return random.uniform(*random.choice(lives))


# --- Nodes ---

def kill(random, team):
    place = random.choice(team.running())
    return Fault(f"kill {place}", {place.name}, place.kill, place.start, life(random))


def end(random, team):
    place = random.choice(team.running())
    if len(team.absent()) >= ABSENT:
        return None
    return Fault(f"end {place} for good", {place.name}, place.kill, nothing, life(random))


def start(random, team):
    if not team.absent():
        return None
    place = random.choice(team.absent())
    return Fault(f"start {place}", {place.name}, place.start, nothing, life(random))


def hang(random, team):
    place = random.choice(team.running())
    return Fault(f"hang {place}", {place.name}, lambda: place.node.hang(), lambda: place.node.resume(), life(random))


# --- What a host runs ---

def hang_daemon(random, team):
    host = random.choice(team.hosts)
    return Fault(f"hang epmd-mdnsd of {host.name}", {f"daemon {host.name}"}, host.daemon.hang, lambda: host.daemon.resume(),
                 life(random))


def hang_avahi(random, team):
    host = random.choice(team.hosts)
    return Fault(f"hang avahi-daemon of {host.name}", {f"avahi {host.name}"}, host.avahi.hang, lambda: host.avahi.resume(),
                 life(random))


def restart_daemon(random, team):
    host = random.choice(team.hosts)
    how = random.choice(["kill", "stop"])

    def begin():
        assert host.daemon.alive, f"{host.daemon.label} has ended by itself"
        getattr(host.daemon, how)()

    return Fault(f"{how} epmd-mdnsd of {host.name}", {f"daemon {host.name}"}, begin, lambda: host.start_daemon(wait=False),
                 life(random))


def restart_avahi(random, team):
    host = random.choice(team.hosts)
    how = random.choice(["kill", "stop"])
    return Fault(f"{how} avahi-daemon of {host.name}", {f"avahi {host.name}"}, getattr(host.avahi, how),
                 lambda: host.start_avahi(wait=False), life(random))


def restart_bus(random, team):
    host = random.choice(team.hosts)

    def begin():
        host.dbus.kill()
        host.avahi.kill()           # it ends by itself, as a rule

    def repair():
        host.start_dbus()
        host.start_avahi(wait=False)

    return Fault(f"kill the bus of {host.name}", {f"avahi {host.name}"}, begin, repair, life(random))


def rename(random, team):
    host, other = random.sample(team.hosts, 2)
    name = random.choice([f"renamed-{host.name}", other.name])

    def begin():
        # Avahi 0.8 that is renamed again within a second has no address any more, for good: nobody can resolve its name.
        end = time.monotonic() + RENAMED
        wait_for(lambda: time.monotonic() >= end, RENAMED + 1, "Avahi has settled")
        host.rename(name)

    return Fault(f"rename {host.name} to {name}", {f"avahi {host.name}"}, begin, lambda: host.rename(host.name),
                 2 * RENAMED + life(random))


def suspend(random, team):
    host = random.choice(team.hosts)
    stopped = []

    def send(number):
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def begin():
        # Not the shells that hold a process each: see process.py.
        stopped.extend(pid for pid, name in host.running().items() if pid != host.pid and name != "sh")
        send(signal.SIGSTOP)
        wait_for(lambda: all(map(is_stopped, stopped)), 10, f"{host.name} stands still")

    hits = {f"{what} {host.name}" for what in ("daemon", "avahi")} | {f"{cluster}@{host.name}" for cluster in team.clusters}
    return Fault(f"suspend {host.name}", hits, begin, lambda: send(signal.SIGCONT), life(random))


def is_stopped(pid):
    """Whether a process is stopped, or gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except FileNotFoundError:
        return True


# --- The network ---

def cut(random, team):
    host = random.choice(team.hosts)
    return Fault(f"cut the cable of {host.name}", {f"link {host.name}"}, lambda: team.lan.cut(host),
                 lambda: team.lan.restore(host), life(random))


def unplug(random, team):
    host = random.choice(team.hosts)
    return Fault(f"unplug {host.name}", {f"link {host.name}"}, lambda: team.lan.link_down(host),
                 lambda: team.lan.link_up(host), life(random))


def readdress(random, team):
    host = random.choice(team.hosts)
    before, after = host.address, f"192.0.2.{random.randrange(100, 200)}"
    return Fault(f"readdress {host.name} to {after}", {f"link {host.name}"}, lambda: host.readdress(after),
                 lambda: host.readdress(before), life(random))


def pair(random, team):
    host, other = random.sample(team.hosts, 2)
    verdict = random.choice(sorted(VERDICTS))
    ends = ((host, other), (other, host))

    def begin():
        for one, another in ends:
            raise_wall(one, another, ANY, verdict)

    def repair():
        for one, another in ends:
            raze_wall(one, another)

    return Fault(f"TCP between {host.name} and {other.name} is {verdict}", walls(host, other), begin, repair, life(random))


def one_way(random, team):
    host, other = random.sample(team.hosts, 2)
    verdict = random.choice(sorted(VERDICTS))
    return Fault(f"TCP from {other.name} to {host.name} is {verdict}", walls(host, other),
                 lambda: raise_wall(host, other, NEW, verdict), lambda: raze_wall(host, other), life(random))


def silence(random, team):
    return loss(random, team, 100)


def lossy(random, team):
    return loss(random, team, random.randrange(20, 61))


def loss(random, team, percent):
    host = random.choice(team.hosts)
    direction = random.choice(["to", "from", "to and from"])
    where = []
    if "to" in direction:
        where.append((host, "eth0"))
    if "from" in direction:
        # In the switch: what a firewall of the host drops the sender hears of.
        where.append((team.lan.switch, team.lan.port(host)))

    which = "" if percent == 100 else f"numgen random mod 100 < {percent}"

    def begin():
        for box, device in where:
            nft(box, "netdev", f"loss-{host.name}",
                f'type filter hook ingress device "{device}" priority 0; udp dport 5353 {which} drop;')

    def repair():
        for box, _ in where:
            box.check(f"nft delete table netdev loss-{host.name}")

    return Fault(f"lose {percent} % of multicast {direction} {host.name}", {f"multicast {host.name}"}, begin, repair,
                 life(random, SILENCE if percent == 100 else BRIEF))


# --- Firewalls ---

def nft(box, family, table, chain):
    box.check("nft -f -", input=f"table {family} {table} {{ chain in {{ {chain} }}; }}\n")


def walls(host, other):
    return {f"wall {' '.join(sorted([host.name, other.name]))}"}


def raise_wall(host, other, packets, verdict):
    """Drop or reject TCP from the other host, whatever address it has."""
    mac = json.loads(other.check("ip -json link show eth0"))[0]["address"]
    nft(host, "inet", f"wall-{other.name}", f"type filter hook input priority 0; ether saddr {mac} {packets} {VERDICTS[verdict]};")


def raze_wall(host, other):
    host.check(f"nft delete table inet wall-{other.name}")


FAULTS = {function.__name__.replace("_", "-"): function for function in (
    kill, end, start, hang, hang_daemon, hang_avahi, restart_daemon, restart_avahi, restart_bus, rename, suspend,
    cut, unplug, readdress, pair, one_way, silence, lossy)}
