#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""avahi-daemon and the bus die, hang and come back: local answers go on, and the view of the LAN heals itself."""

import collections
import re
import time

import tap
from lan import Lan
from prober import Prober
from wait import Late, wait_for

TYPE = "_erlang-dist._tcp"
LOOKUP = 0.05       # seconds for a local answer, whatever happens
HEALED = 5          # seconds after recovery until the view of the LAN is right
HUNG = 30           # seconds for which avahi-daemon does not move: longer than a call to it waits
SAID = 15           # seconds until STATUS says that it hangs
ANSWERS = 6         # seconds after that until STATUS no longer says so
ROUNDS = 20


class Scene:
    """local@h1 is looked up all the time, far@h2 is what h1 sees of the LAN; h3 is a third party."""

    def __init__(self, lan):
        self.lan = lan
        self.leases = []
        self.register(lan[1], "local@h1", 40001)
        self.register(lan[2], "far@h2", 40002)
        for host, node in ((lan[1], "far@h2"), (lan[2], "local@h1")):
            self.sees(host, node, HEALED)

    def register(self, host, node, port):
        lease = host.control()
        lease.register(node, port)
        self.leases.append(lease)
        return lease

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for lease in self.leases:
            lease.close()

    @staticmethod
    def sees(host, node, deadline):
        """Wait until a node of another host is up, not merely stale; return how long that took."""
        start = time.monotonic()
        with host.control() as control:
            wait_for(lambda: [line for line in control.lookup(node, wait=100) if not line.stale], deadline,
                     f"{host.name} sees {node}")
        return time.monotonic() - start

    def healed(self):
        """Both sides see each other again, and h3, whose Avahi starts with an empty cache, hears of local@h1."""
        start = time.monotonic()
        took = max(self.lan.each(lambda pair: self.sees(*pair, HEALED),
                                 [(self.lan[1], "far@h2"), (self.lan[2], "local@h1")]))
        self.lan[1].wait_status(lambda status: status["avahi"] == "running" and status["adverts"] == 1,
                                HEALED - (time.monotonic() - start), "its advert is published")
        h3 = self.lan[3]
        h3.avahi.stop()
        h3.start_avahi()
        browse = h3.spawn(f"stdbuf -oL avahi-browse -rp {TYPE}", "avahi-browse")
        browse.wait_line(r"^=;eth0;IPv4;local\\064h1.*;h1\.local;(192\.0\.2\.1|fd00::1);40001;", 5)
        browse.stop()
        return f"healed after {took:.2f} s"


def starts_quickly(lan):
    "three hosts with bus, avahi-daemon and epmd-mdnsd are up in under 5 s"
    assert lan.took < 5, lan.took
    return f"{lan.took:.2f} s"


def avahi_crashes(lan):
    "avahi-daemon is killed and restarted"
    with Scene(lan) as scene, Prober(lan[1], "local@h1") as prober, lan[1].watch() as watch:
        lan[1].avahi.kill()
        watch.wait_event("down", "far@h2", 5, reason="lost")
        assert watch.lookup("far@h2")[0].stale == "1", "what was known is still answered"
        lan[1].start_avahi()
        return f"{scene.healed()}; {prober.check(LOOKUP)}"


def drops(watch):
    """The nodes that went down since this connection has subscribed."""
    watch.must("STATUS")
    return [event.node for event in watch.events if event.words[0] == "down"]


def avahi_restarts(lan):
    "avahi-daemon is killed and restarted at once: no node goes down that is still there"
    with Scene(lan) as scene, lan[1].watch() as watch:
        gone = scene.register(lan[2], "gone@h2", 40003)
        scene.sees(lan[1], "gone@h2", HEALED)
        lan[1].avahi.kill()
        gone.close()
        lan[1].start_avahi()
        wait_for(lambda: "gone@h2" in drops(watch), HEALED, "gone@h2 is gone")
        healed = scene.healed()
        assert drops(watch) == ["gone@h2"], drops(watch)
        return healed


def goodbye_after_a_crash(lan):
    "a node that ends after avahi-daemon was killed is gone elsewhere in <= 1.2 s, whatever is left of its first advert"
    with lan[1].control() as lease, lan[2].control() as h2, lan[2].watch() as watch:
        lease.register("again@h1", 40007)
        watch.wait_event("up", "again@h1", 5)
        wait_for(lambda: int(h2.lookup("again@h1")[0].age) >= 2, 5, "the first advert has some age")
        heard = h2.status()["sightings"]
        lan[1].avahi.kill()
        lan[1].start_avahi()
        # The first one is not taken back, and stays for its TTL beside the second.
        wait_for(lambda: h2.status()["sightings"] == 2 * heard, HEALED, "h2 hears a second advert")
        lease.close()
        start = time.monotonic()
        took = watch.wait_event("down", "again@h1", 5, reason="goodbye").when - start
    assert took <= 1.2, f"{took:.2f} s"
    return f"{took:.2f} s"


def bus_crashes(lan):
    "dbus-daemon is killed, and both are restarted"
    with Scene(lan) as scene, Prober(lan[1], "local@h1") as prober, lan[1].watch() as watch:
        lan[1].dbus.kill()
        watch.wait_event("down", "far@h2", 5, reason="lost")
        lan[1].avahi.kill()
        lan[1].start_dbus()
        lan[1].start_avahi()
        return f"{scene.healed()}; {prober.check(LOOKUP)}"


def avahi_hangs(lan):
    "avahi-daemon hangs for 30 s, while nodes come and go on both hosts: STATUS says so, and no other node goes down"
    with Scene(lan) as scene, Prober(lan[1], "local@h1") as prober, lan[1].watch() as before:
        gone = scene.register(lan[2], "gone@h2", 40003)
        scene.sees(lan[1], "gone@h2", HEALED)
        lan[1].avahi.hang()
        hung = time.monotonic()
        scene.register(lan[1], "late@h1", 40004)
        with lan[1].control() as brief:
            brief.register("brief@h1", 40005)
        scene.register(lan[2], "late@h2", 40006)
        gone.close()
        lan[1].wait_status(lambda status: status["avahi"] == "hung", SAID, "it is said that avahi-daemon hangs")
        said = time.monotonic() - hung
        prober.last(HUNG - said)
        with lan[1].watch() as watch:
            assert watch.lookup("late@h1") and not watch.lookup("brief@h1"), "local life goes on"
            lan[1].avahi.resume()
            start = time.monotonic()
            lan[1].wait_status(lambda status: status["avahi"] != "hung", ANSWERS, "it is said that it answers")
            answered = time.monotonic() - start
            took = max(lan.each(lambda pair: scene.sees(*pair, HEALED),
                                [(lan[1], "far@h2"), (lan[1], "late@h2"), (lan[2], "local@h1"), (lan[2], "late@h1")]))
            left = HEALED - (time.monotonic() - start)
            wait_for(lambda: "gone@h2" not in [line.node for line in watch.must("LIST").nodes], left, "gone@h2 is gone")
        with lan[2].control() as control:
            assert not [line for line in control.lookup("brief@h1") if not line.stale]
        assert set(drops(before)) <= {"gone@h2", "brief@h1"}, drops(before)
        return f"said after {said:.2f} s and {answered:.2f} s; healed after {took:.2f} s; {prober.check(LOOKUP)}"


def leaks_nothing(lan):
    "20 rounds of avahi-daemon killed and restarted leak no descriptor"
    daemon = lan[1].daemon

    def kinds():
        # The daemon closes a connection a little later than its client: only this question and the lease may be open.
        with lan[1].control() as question:
            wait_for(lambda: question.status()["connections"] == 2, 5, "the lease and this question are connected")
            return collections.Counter(re.sub(r"\d+", "", target) for target in daemon.descriptors())

    def one_round():
        lan[1].avahi.kill()
        lan[1].start_avahi(wait=False)
        lan[1].wait_status(lambda status: status["avahi"] == "running" and status["adverts"] == 1, 10, "it is back")

    with Scene(lan) as scene:
        one_round()                     # what is made once has been made
        scene.sees(lan[1], "far@h2", HEALED)
        before, memory = kinds(), daemon.rss()
        for _ in range(ROUNDS):
            one_round()
        scene.sees(lan[1], "far@h2", HEALED)
        try:
            wait_for(lambda: kinds() == before, 5, "the same descriptors as before")
        except Late as late:
            raise AssertionError(f"descriptors before {before}, now {kinds()}") from late
        return f"{sum(before.values())} descriptors, memory {daemon.rss() - memory:+} KiB"


def ends_quickly(lan):
    "SIGTERM ends the daemon in < 1 s, with goodbyes: another host sees EVENT down within 1.5 s"
    # A node of its own: of those that were there when avahi-daemon was killed, adverts may linger.
    with lan[1].control() as lease, lan[2].watch() as watch:
        lease.register("leaving@h1", 40008)
        watch.wait_event("up", "leaving@h1", 5)
        start = time.monotonic()
        assert lan[1].daemon.stop() == 0
        took = time.monotonic() - start
        seen = watch.wait_event("down", "leaving@h1", 5, reason="goodbye").when - start
    lan[1].start_daemon()
    assert took < 1 and seen <= 1.5, f"ended after {took:.2f} s, seen after {seen:.2f} s"
    return f"ended after {took:.2f} s, seen after {seen:.2f} s"


def ends_while_avahi_hangs(lan):
    "SIGTERM ends the daemon in < 1 s also while avahi-daemon hangs, even in the middle of a call to it"
    with Scene(lan) as scene:
        lan[1].avahi.hang()
        scene.register(lan[1], "late@h1", 40004)
        start = time.monotonic()
        status = lan[1].daemon.stop()
        took = time.monotonic() - start
        lan[1].avahi.resume()
    assert status == 0 and took < 1, f"status {status} after {took:.2f} s"
    lan[1].start_daemon()
    return f"{took:.2f} s"


if __name__ == "__main__":
    tap.main([starts_quickly, goodbye_after_a_crash, avahi_crashes, avahi_restarts, bus_crashes, avahi_hangs, leaks_nothing, ends_quickly,
              ends_while_avahi_hangs], Lan(3))
