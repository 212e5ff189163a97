#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which of several adverts counts: restarts, late and forged goodbyes, one name on two hosts, hosts that are renamed.
h1 watches."""

import shutil
import sys
import time

import announce
import tap
from lan import Lan
from wait import wait_for

ROUNDS = 20
STALL = 2.5         # seconds for which the daemon stands still
TTL = 30            # seconds
OLD = 2             # seconds of age from which an advert may be taken for one that was left behind
LASTING = 3         # seconds after which two claims are a conflict


def settled(host, sightings):
    """Wait until the host has heard of so many adverts, and of every goodbye to others."""
    host.wait_status(lambda status: status["sightings"] == sightings, 10, f"there are {sightings} sightings")


def is_aged(control, node):
    return int(control.lookup(node)[0].age) >= OLD


def stand_still(daemon, seconds):
    """The fault itself, so there is no event to wait for."""
    daemon.hang()
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= end, seconds + 1, "time has passed")
    daemon.resume()


def restarts_unnoticed(lan):
    "a node restarts while another host's daemon stands still for 2.5 s: it stays listed there, 20 of 20"
    node, daemon, lost = "quick@h2", lan[1].daemon, 0
    lease = lan[2].control()
    with lan[1].watch() as watch:
        lease.register(node, 41000)
        watch.wait_event("up", node, 5)
        wait_for(lambda: is_aged(watch, node), 5, "it has some age")
        sightings = watch.status()["sightings"]
        for number in range(1, ROUNDS + 1):
            lease.close()
            lease = lan[2].control()
            lease.register(node, 41000 + number)
            watch.wait_event("changed", node, 5, port=str(41000 + number))
            stand_still(daemon, STALL)
            settled(lan[1], sightings)
            listed = [line.port for line in watch.must("LIST").nodes if line.node == node]
            lost += listed != [str(41000 + number)]
        lease.close()
        watch.wait_event("down", node, 5)
    assert not lost, f"lost {lost} of {ROUNDS} times"


def send(host, *args, **more):
    host.check([sys.executable, announce.__file__, announce.advert(*args, **more)])


def forged_goodbye(lan):
    "a neighbour forges an advert of a node by its host's name, and then the goodbye: the node is back after one TTL"
    forged = {"txt": [b"node=true@h2"], "port": 666, "target": "h2", "a": None}
    with lan[2].control() as lease, lan[1].watch() as watch:
        lease.register("true@h2", 42001)
        watch.wait_event("up", "true@h2", 5)
        wait_for(lambda: is_aged(watch, "true@h2"), 5, "it has some age")
        send(lan[3], "forged", **forged)
        watch.wait_event("changed", "true@h2", 5, port="666")
        send(lan[3], "forged", ttl=0, **forged)
        gone = watch.wait_event("down", "true@h2", 5)
        assert watch.lookup("true@h2")[0].stale == "1", "it is answered all the time"
        took = watch.wait_event("up", "true@h2", TTL + 3, port="42001").when - gone.when
    return f"after {took:.1f} s"


def one_packet(lan):
    "of the two packets that say goodbye one is lost: the end is seen within 2 s all the same"
    nft = ("add table ip6 deaf; add chain ip6 deaf in { type filter hook input priority 0; }",
           "add rule ip6 deaf in udp dport 5353 drop")
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        return "not tried without nft"
    took = {}
    settled(lan[1], 0)
    for deaf in ("ip6", "ip"):
        with lan[1].watch() as watch:
            with lan[2].control() as lease:
                sightings = watch.status()["sightings"]
                lease.register(f"lossy@{deaf}", 46001)
                watch.wait_event("up", f"lossy@{deaf}", 5)
                lan[1].wait_status(lambda status, both=sightings + 2: status["sightings"] == both, 5, "it is heard over both")
                lan[1].check(["nft", "; ".join(nft).replace("ip6", deaf)])
                start = time.monotonic()
            took[deaf] = watch.wait_event("down", f"lossy@{deaf}", 10, reason="goodbye").when - start
        lan[1].check(["nft", f"delete table {deaf} deaf"])
    assert max(took.values()) <= 2, took
    return f"{took['ip6']:.2f} s without IPv6, {took['ip']:.2f} s without IPv4"


def elder_holds(lan):
    "of two hosts with one name the elder holds, and is told to be in conflict when that lasts; if it goes, the other is there"
    with lan[1].watch() as watch, lan[3].control() as younger:
        with lan[2].control() as elder:
            elder.register("app@pi", 43001)
            watch.wait_event("up", "app@pi", 5, host="h2.local")
            younger.register("app@pi", 43002)
            start = time.monotonic()
            event = watch.wait_event("changed", "app@pi", LASTING + 5, conflict="1")
            assert (event.host, event.port) == ("h2.local", "43001"), event
            took = event.when - start
            assert took >= LASTING, f"told after {took:.1f} s"
            for host, port in ((lan[2], "43001"), (lan[3], "43002")):
                with host.control() as control:
                    line, = wait_for(lambda at=control: [line for line in at.lookup("app@pi") if line.conflict], 5,
                                     f"{host.name} knows of the conflict")
                    assert (line.source, line.port) == ("local", port), line
        start = time.monotonic()
        event = watch.wait_event("changed", "app@pi", 5, reason="replaced")
        assert (event.host, event.port, event.conflict) == ("h3.local", "43002", None), event
    return f"told after {took:.1f} s, taken over in {event.when - start:.2f} s"


def events_until(watch, node, deadline, **attrs):
    """The events up to the first one about a node with these attributes."""
    end, events = time.monotonic() + deadline, []
    while True:
        events.append(watch.next_event(end - time.monotonic()))
        if events[-1].node == node and all(events[-1].attrs.get(key) == value for key, value in attrs.items()):
            return events


def renamed(lan):
    "a host is renamed, and its nodes are in no conflict"
    with lan[2].control() as lease, lan[1].watch() as watch:
        settled(lan[1], 0)
        lease.register("carol@h2", 44001)
        watch.wait_event("up", "carol@h2", 5)
        settled(lan[1], 2)      # over both IP versions
        for name in ("other", "h2"):
            lan[2].rename(name)
            events = events_until(watch, "carol@h2", 10, host=f"{name}.local")
            settled(lan[1], 2)
            watch.must("STATUS")
            told = [event for event in events + watch.events if event.conflict]
            assert not told, told
            watch.events.clear()


def takes_its_name(lan):
    "a host takes the name that another has: its node is never listed at the other's address"
    lan[3].rename("h1")
    clone_is_placed(lan, "h1-2.local")      # Avahi has found that the name is taken
    lan[3].rename("h3")
    lan[3].wait_status(lambda status: status["host"] == "h3.local", 10, "it has its own name")


def has_its_name(lan):
    "two hosts that meet have one name: nor is it then, and it is listed when the name is changed"
    lan.cut(lan[3])
    lan[3].rename("h1")
    lan[3].wait_status(lambda status: status["host"] == "h1.local" and status["avahi"] == "running", 10, "nobody objects")
    lan.restore(lan[3])
    clone_is_placed(lan, "h3.local", lambda: lan[3].rename("h3"))


def clone_is_placed(lan, name, cure=None):
    """h1 lists a node of h3, which has h1's name, when h3 has another name, and never at an address of its own."""
    ignored = lan[1].status()["ignored-address"]
    with lan[3].control() as lease, lan[1].watch() as watch:
        lease.register("cloned@h3", 45001)
        if cure:
            lan[1].wait_status(lambda status: status["ignored-address"] > ignored, 10, "h1 takes no notice of its own address")
            cure()
        events = events_until(watch, "cloned@h3", 15, host=name)
        wrong = [event for event in events
                 if {lan[1].address, lan[1].address6} & set((event.addr or "").split(","))]
        assert not wrong, wrong
        assert lan[3].address in events[-1].addr.split(","), events[-1]


if __name__ == "__main__":
    tap.main([restarts_unnoticed, forged_goodbye, elder_holds, renamed, takes_its_name, has_its_name, one_packet],
             Lan(3))
