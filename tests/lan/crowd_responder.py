#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The process of a crowd (crowd.py). `NODES HOSTS TTL yes|no`: how many, the TTL of the PTR records, whether IPv6 too."""

import fnmatch
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

from announce import TYPE
from crowd import address, address6, host_name, node_name
from crowd_link import MOST, PORT, Link
from mdns import AAAA, ANY, PTR, SRV, TXT, A, Malformed, Message, Name, Record, packets

TTL_HOST, TTL_OTHER = 120, 4500
SERVICE, ENUMERATION = Name(*TYPE), Name("_services", "_dns-sd", "_udp", "local")
ANNOUNCEMENTS, JITTER = (0, 1, 3, 7), 0.25      # seconds; the jitter is a host's own
GATHER = (0.02, 0.12)
MORE_KNOWN = 0.45       # after a question with the TC bit, known answers may follow (RFC 6762 section 7.2)
AGAIN = 1.0             # until a record may be sent again (section 6)


class Node:
    def __init__(self, number, host, ttl):
        self.name = f"n{number}@{host.name}"
        instance = Name(f"{self.name} {random.getrandbits(48):012x}", *TYPE)
        strings = ["txtvers=1", f"node={self.name}", "family=inet", "proto=tcp", "otp=25", "dist=5-6"]
        text = b"".join(bytes([len(string)]) + string.encode() for string in strings)
        self.ptr = Record(SERVICE, PTR, ttl, target=instance)
        self.beside = [Record(instance, SRV, TTL_HOST, struct.pack("!3H", 0, 0, 40000 + number % 20000), host.owner),
                       Record(instance, TXT, TTL_OTHER, text)]
        self.records = [self.ptr, *self.beside]


class Host:
    def __init__(self, number, families):
        self.name = host_name(number)
        self.owner = Name(self.name, "local")
        self.silent = True          # until it is announced
        self.nodes = []
        self.sources = {4: socket.inet_aton(address(number))}
        self.addresses = {4: [Record(self.owner, A, TTL_HOST, self.sources[4], flush=True)]}
        if 6 in families:
            # As avahi-daemon has it: AAAA on both, A over IPv4 only.
            self.sources[6] = socket.inet_pton(socket.AF_INET6, address6(number))
            self.addresses[6] = [Record(self.owner, AAAA, TTL_HOST, self.sources[6], flush=True)]
            self.addresses[4] = self.addresses[4] + self.addresses[6]
        self.enumeration = Record(ENUMERATION, PTR, TTL_OTHER, target=SERVICE)
        self.gathered = {family: {} for family in families}     # records to be sent: an ordered set


class Question:
    """Of one sender, until all of its known answers are there."""

    def __init__(self):
        self.questions, self.known, self.when = set(), {}, None

    def take(self, message):
        self.questions.update(message.questions)
        self.known.update(message.answers)

    def knows(self, record):
        return self.known.get(record.key, -1) >= record.ttl / 2


class Responder:
    """`links`: a Link for each IP version."""

    def __init__(self, nodes, hosts, ttl, links):
        self.links = links
        self.hosts = [Host(number, links) for number in range(1, hosts + 1)]
        self.index = {}             # key of a name: {record: (its host, what goes along)}
        self.questions = {}         # those that wait for more known answers, by IP version and sender
        self.heap, self.serial = [], 0
        self.counts = dict.fromkeys(("packets", "records", "received"), 0)
        for number in range(1, nodes + 1):
            host = self.hosts[(number - 1) % hosts]
            node = Node(number, host, ttl)
            assert node.name == node_name(number, hosts)
            host.nodes.append(node)
            for record in node.records:
                self._index(record, host, node.beside if record is node.ptr else [])
        for host in self.hosts:
            for record in {record for family in links for record in host.addresses[family]}:
                self._index(record, host, [])

    def _index(self, record, host, beside):
        self.index.setdefault(record.owner.key, {})[record] = (host, beside)

    # --- Time ---

    def after(self, seconds, action, *arguments):
        self.serial += 1
        heapq.heappush(self.heap, (time.monotonic() + seconds, self.serial, action, arguments))

    def run_due(self, now):
        """Do what is to be done by then; return how long it is until something is, or None."""
        while self.heap and self.heap[0][0] <= now:
            _, _, action, arguments = heapq.heappop(self.heap)
            action(*arguments)
        return max(0, self.heap[0][0] - time.monotonic()) if self.heap else None

    def run(self):
        """Until standard input ends."""
        commands, more = Commands(self), True
        while more:
            wait = self.run_due(time.monotonic())
            for source in select.select([commands, *self.links.values()], [], [], wait)[0]:
                if source is commands:
                    more = commands.read()
                else:
                    self.receive(source.family, *source.receive())

    # --- Questions ---

    def receive(self, family, data, sender):
        self.counts["received"] += 1
        try:
            message = Message(data)
        except Malformed:
            return
        if not message.is_query or sender[1] != PORT:
            return
        place = (family, sender)
        question = self.questions.get(place) or Question()
        question.take(message)
        if message.truncated:
            if question.when is None:
                self.questions[place] = question
                self.after(MORE_KNOWN, self.wait_known, place)
            question.when = time.monotonic() + MORE_KNOWN
        else:
            self.questions.pop(place, None)
            self.answer(family, question)

    def wait_known(self, place):
        """No known answers have come for a while, or the last has, and it has been answered."""
        question = self.questions.get(place)
        if question is None:
            return
        left = question.when - time.monotonic()
        if left > 0:
            self.after(left, self.wait_known, place)
        else:
            del self.questions[place]
            self.answer(place[0], question)

    def answer(self, family, question):
        for owner, kind in question.questions:
            if owner == ENUMERATION.key and kind in (PTR, ANY):
                self.enumerate(family, question)
            for record, (host, beside) in self.index.get(owner, {}).items():
                if not host.silent and kind in (record.kind, ANY) and not question.knows(record):
                    more = [*beside, *host.addresses[family]] if beside else []
                    self.gather(host, family, [record, *(other for other in more if not question.knows(other))])

    def enumerate(self, family, question):
        """All hosts have that same record: one of them answers, and the others hear it."""
        hosts = [host for host in self.hosts if host.nodes and not host.silent]
        if hosts and not question.knows(hosts[0].enumeration):
            host = random.choice(hosts)
            self.gather(host, family, [host.enumeration])

    # --- Answers ---

    def gather(self, host, family, records):
        gathered = host.gathered[family]
        if not gathered:
            self.after(random.uniform(*GATHER), self.flush, host, family)
        gathered.update(dict.fromkeys(records))

    def flush(self, host, family):
        now = time.monotonic()
        records = [record for record in host.gathered[family] if now - record.sent.get(family, -AGAIN) >= AGAIN]
        host.gathered[family] = {}
        self.send(host, family, records)

    def send(self, host, family, records, ttl=None):
        if host.silent:
            return
        now = time.monotonic()
        for record in records:
            record.sent[family] = now
        for data in packets(records, MOST[family], ttl):
            self.links[family].send(data, host.sources[family])
            self.counts["packets"] += 1
        self.counts["records"] += len(records)

    # --- What hosts do ---

    def announce(self):
        for host in self.hosts:
            host.silent = False
            jitter = random.uniform(0, JITTER)
            for delay in ANNOUNCEMENTS:
                for family in self.links:
                    self.after(delay + jitter, self.announce_host, host, family)

    def announce_host(self, host, family):
        records = [record for node in host.nodes for record in node.records]
        self.send(host, family, [*records, *([host.enumeration] if records else []), *host.addresses[family]])

    def goodbye(self, pattern):
        gone = []
        for host in self.hosts:
            leaving = [node for node in host.nodes if fnmatch.fnmatchcase(node.name, pattern)]
            records = [record for node in leaving for record in node.records]
            host.nodes = [node for node in host.nodes if node not in leaving]
            for record in records:
                del self.index[record.owner.key][record]
                for gathered in host.gathered.values():
                    gathered.pop(record, None)
            for family in self.links if records else ():
                self.send(host, family, records, ttl=0)
            gone += [node.name for node in leaving]
        return gone

    def silence(self, pattern, silent=True):
        hosts = [host for host in self.hosts if fnmatch.fnmatchcase(host.name, pattern)]
        for host in hosts:
            host.silent = silent
        return [host.name for host in hosts]


class Commands:
    """Lines of standard input. Each is answered by a line that begins with the same word."""

    def __init__(self, responder):
        self._responder, self._buffer = responder, b""

    def fileno(self):
        return 0

    def read(self):
        """Do what has been asked for; return whether there may be more."""
        data = os.read(0, 65536)
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            word, *arguments = line.decode().split()
            print(word, *self._execute(word, *arguments), flush=True)
        return bool(data)

    def _execute(self, word, pattern="*"):
        responder = self._responder
        if word == "announce":
            responder.announce()
        elif word == "goodbye":
            return responder.goodbye(pattern)
        elif word in ("silence", "speak"):
            return responder.silence(pattern, word == "silence")
        elif word == "count":
            return [f"{key}={value}" for key, value in responder.counts.items()]
        return []


def main(nodes, hosts, ttl, ipv6):
    index = socket.if_nametoindex("eth0")
    links = {family: Link(family, index) for family in ((4, 6) if ipv6 == "yes" else (4,))}
    responder = Responder(int(nodes), int(hosts), int(ttl), links)
    print("ready", flush=True)
    responder.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
