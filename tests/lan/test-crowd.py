#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The crowd of crowd.py is as good as real hosts to a daemon: its nodes are listed, stay, leave, and expire."""

import contextlib
import time

import mdns
import tap
from crowd import Crowd
from crowd_link import MOST
from crowd_responder import SERVICE, Responder
from lan import Lan
from wait import Late, wait_for

NODES, HOSTS, TTL = 200, 20, 10
LISTED, GONE = 20, 3    # seconds: 200 nodes over IPv4 and IPv6; a goodbye
ROUNDS = 2.5            # TTLs, in each of which every record is refreshed


class NoLink:
    """Takes what a crowd sends."""

    def __init__(self):
        self.sent = []

    def send(self, data, source):
        self.sent.append((source, mdns.Message(data), len(data)))

    def taken(self):
        """All since the last time: packets, and a list of (key, TTL)."""
        sent, self.sent = self.sent, []
        return sent, [answer for _, message, _ in sent for answer in message.answers]


def answers(lan):
    "who asks is told what he does not know, once a second, in packets that fit; known answers may come in several"
    del lan
    link, asker, later = NoLink(), ("192.0.2.9", 5353), 3600
    responder = Responder(90, 3, 30, {4: link})
    pointers = [node.ptr for host in responder.hosts for node in host.nodes]

    def asked(*packets, seconds=later):
        """What comes of it in so many seconds; time is what the test says it is."""
        for host in responder.hosts:
            for record in (*host.addresses[4], *(record for node in host.nodes for record in node.records)):
                record.sent.clear()
        for data in packets:
            responder.receive(4, data, asker)
        responder.run_due(time.monotonic() + seconds)
        return link.taken()

    assert asked(mdns.query(SERVICE, mdns.PTR)) == ([], []), "nobody is there before it is announced"
    responder.announce()
    responder.run_due(time.monotonic() + later)
    sent, told = link.taken()
    assert len({key for key, _ in told}) == 3 * 90 + 1 + 3, "all records, the type, and the hosts' addresses"
    assert len(told) == 4 * (3 * 90 + 3 + 3), "four times, and the type by each host"

    sent, told = asked(mdns.query(SERVICE, mdns.PTR))
    assert len(told) == len(set(told)) == 3 * 90 + 3, "PTR, SRV and TXT of each, and an address of each host"
    assert max(length for *_, length in sent) in range(MOST[4] - 150, MOST[4] + 1)
    for source, message, _ in sent:
        own = b"@c%d " % (source[3] - 1)
        assert all(own in owner for (owner, kind, _), _ in message.answers if kind == mdns.SRV), "each host speaks for itself"

    responder.receive(4, mdns.query(SERVICE, mdns.PTR), asker)
    responder.run_due(time.monotonic() + later)
    assert link.taken()[1] == [], "not again within a second"

    known = [(pointer, 20) for pointer in pointers[:40]] + [(pointer, 14) for pointer in pointers[40:50]]
    _, told = asked(mdns.query(SERVICE, mdns.PTR, known))
    assert {key for key, _ in told if key[1] == mdns.PTR} == {pointer.key for pointer in pointers[40:]}, \
        "what is known for less than half of its TTL is refreshed"
    parts = [mdns.query(SERVICE, mdns.PTR, known[:20], truncated=True), mdns.query(None, None, known[20:])]
    _, told = asked(*parts)
    assert {key for key, _ in told if key[1] == mdns.PTR} == {pointer.key for pointer in pointers[40:]}, "in two packets"
    _, told = asked(parts[0], seconds=0.3)
    assert not told, "more known answers may come"
    responder.run_due(time.monotonic() + later)
    assert {key for key, _ in link.taken()[1] if key[1] == mdns.PTR} == {pointer.key for pointer in pointers[20:]}

    node = responder.hosts[1].nodes[0]
    responder.goodbye(node.name)
    assert sorted(link.taken()[1]) == sorted((record.key, 0) for record in node.records), "a goodbye"
    assert asked(mdns.query(node.ptr.target, mdns.SRV))[1] == [], "and then it is gone"
    responder.silence("c1")
    _, told = asked(mdns.query(SERVICE, mdns.PTR))
    assert len(told) == 3 * 59 + 2, "without those of c1, and the one that has gone"


def listed(host):
    with host.control() as control:
        return {line.node for line in control.must("LIST").nodes}


def all_events(watch, seconds):
    """What happens in that time."""
    end, events = time.monotonic() + seconds, []
    with contextlib.suppress(Late):
        while True:
            events.append(watch.next_event(max(end - time.monotonic(), 0)))
    return events


def wait_events(watch, nodes, kind, reason, deadline):
    """Wait until exactly these nodes have come or gone, for that reason."""
    end, left = time.monotonic() + deadline, set(nodes)
    while left:
        event = watch.next_event(max(end - time.monotonic(), 0))
        if event.words[0] != "change":
            assert event.words == [kind, event.node] and event.node in left and event.reason == reason, event
            left.remove(event.node)


def comes_and_goes(lan):
    "200 nodes on 20 hosts are listed, stay while they are refreshed, say goodbye, fall silent and are back; no other flaps"
    with Crowd(lan, NODES, HOSTS, ttl=TTL) as crowd, contextlib.ExitStack() as stack:
        start = time.monotonic()
        crowd.announce()
        wait_for(lambda: listed(lan[1]) == set(crowd.names), LISTED, "all are listed")
        took = time.monotonic() - start

        watch = stack.enter_context(lan[1].watch())
        events = [event for event in all_events(watch, ROUNDS * TTL) if event.words[0] != "change"]
        assert not events, events
        assert listed(lan[1]) == set(crowd.names)

        gone = {name for name in crowd.names if name.endswith("@c3") or name.startswith("n1")}
        said = crowd.goodbye("*@c3") + crowd.goodbye("n1*")
        assert set(said) == gone and len(said) == len(gone), said
        wait_events(watch, gone, "down", "goodbye", GONE)

        assert crowd.silence("c2*") == ["c2", "c20"]
        silent = {name for name in crowd.names if name.endswith(("@c2", "@c20"))} - gone
        assert silent
        wait_events(watch, silent, "down", "expired", TTL + 2)
        assert listed(lan[1]) == set(crowd.names) - gone - silent

        crowd.speak("*")
        wait_events(watch, silent, "up", "seen", TTL + 2)
        assert listed(lan[1]) == set(crowd.names) - gone
        counts = crowd.counts()
    return f"listed after {took:.2f} s; {counts}"


if __name__ == "__main__":
    tap.main([answers, comes_and_goes], Lan(1))
