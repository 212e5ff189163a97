# SPDX-License-Identifier: Apache-2.0
"""Messages of multicast DNS (RFC 6762): names are encoded once, packets are written with compression, questions are read.

For crowd.py, which sends thousands of records and has to keep up with the machine; announce.py is for single, odd adverts.
"""

import struct

from announce import AAAA, CACHE_FLUSH, PTR, SRV, TXT, A

__all__ = ["AAAA", "ANY", "CACHE_FLUSH", "PTR", "SRV", "TXT", "A", "Malformed", "Message", "Name",
           "Packet", "Record", "packets", "query"]

ANY = 255
HEADER = struct.Struct("!6H")
RESPONSE, AUTHORITATIVE, TRUNCATED = 0x8000, 0x0400, 0x0200
POINTER = 0xC000


def query(name, kind, known=(), truncated=False):
    """A question, with (record, TTL) that are known already; or only with these, if there is no name."""
    data = bytearray(HEADER.pack(0, TRUNCATED if truncated else 0, 1 if name else 0, len(known), 0, 0))
    if name:
        data += name.wire() + struct.pack("!HH", kind, 1)
    for record, ttl in known:
        rdata = record.data + (record.target.wire() if record.target else b"")
        data += record.owner.wire() + struct.pack("!HHIH", record.kind, 1, ttl, len(rdata)) + rdata
    return bytes(data)


class Malformed(ValueError):
    """No DNS message, or none that ends where it says."""


class Name:
    __slots__ = ("key", "parts")

    def __init__(self, *labels):
        labels = [bytes([len(label)]) + label for label in (text.encode() for text in labels)]
        # Lengths are below 64, so that only letters become lower case.
        self.key = (b"".join(labels) + b"\0").lower()
        # Of each label, the rest of the name from there on: what another name in the packet may share.
        self.parts, rest = [], self.key
        for label in labels:
            self.parts.append((rest, label))
            rest = rest[len(label):]

    def wire(self):
        return b"".join(label for _, label in self.parts) + b"\0"


class Record:
    """A resource record. `data` is bytes, after which a name may follow."""

    __slots__ = ("owner", "kind", "klass", "ttl", "data", "target", "key", "sent")

    def __init__(self, owner, kind, ttl, data=b"", target=None, flush=False):
        self.owner, self.kind, self.ttl, self.data, self.target = owner, kind, ttl, data, target
        self.klass = 1 | (CACHE_FLUSH if flush else 0)
        self.key = (owner.key, kind, data + (target.key if target else b""))
        self.sent = {}              # when it was last sent, by IP version


class Packet:
    """A response that is written record by record, and takes none that would make it longer than `most` bytes."""

    def __init__(self, most):
        self._most = most
        self._data = bytearray(HEADER.size)
        self._records = 0
        self._offsets = {}

    def add(self, record, ttl):
        """Append a record with this TTL; return whether there was room."""
        data, start, new = self._data, len(self._data), []
        self._write_name(record.owner, new)
        data += struct.pack("!HHIH", record.kind, record.klass, ttl, 0)
        begin = len(data)
        data += record.data
        if record.target:
            self._write_name(record.target, new)
        if len(data) > self._most:
            del data[start:]
            for rest in new:
                del self._offsets[rest]
            return False
        struct.pack_into("!H", data, begin - 2, len(data) - begin)
        self._records += 1
        return True

    def _write_name(self, name, new):
        data, offsets = self._data, self._offsets
        for rest, label in name.parts:
            offset = offsets.get(rest)
            if offset is not None:
                data += struct.pack("!H", POINTER | offset)
                return
            offsets[rest] = len(data)
            new.append(rest)
            data += label
        data.append(0)

    def bytes(self):
        HEADER.pack_into(self._data, 0, 0, RESPONSE | AUTHORITATIVE, 0, self._records, 0, 0)
        return bytes(self._data)


def packets(records, most, ttl=None):
    """The records, with another TTL if one is given, in as few packets as they fill one after the other."""
    packet = Packet(most)
    for record in records:
        wanted = record.ttl if ttl is None else ttl
        if not packet.add(record, wanted):
            yield packet.bytes()
            packet = Packet(most)
            packet.add(record, wanted)
    if records:
        yield packet.bytes()


class Message:
    """One that was received. Names are keys, as Name has them."""

    def __init__(self, data):
        self._data, self._names = data, {}
        try:
            _, self.flags, *counts = HEADER.unpack_from(data)
            offset = HEADER.size
            self.questions, self.answers = [], []
            for _ in range(counts[0]):
                owner, offset = self._name(offset)
                kind, _ = struct.unpack_from("!HH", data, offset)
                self.questions.append((owner, kind))
                offset += 4
            for _ in range(counts[1]):
                offset = self._answer(offset)
        except (IndexError, struct.error) as error:
            raise Malformed(str(error)) from None

    @property
    def is_query(self):
        return not self.flags & RESPONSE

    @property
    def truncated(self):
        """More known answers follow in another packet."""
        return bool(self.flags & TRUNCATED)

    def _answer(self, offset):
        """Note (key, TTL), with the key of an equal Record; return where the record ends."""
        data = self._data
        owner, offset = self._name(offset)
        kind, _, ttl, length = struct.unpack_from("!HHIH", data, offset)
        offset += 10
        end = offset + length
        if end > len(data):
            raise Malformed("a record ends behind the message")
        if kind == PTR:
            rdata = self._name(offset)[0]
        elif kind == SRV:
            rdata = data[offset:offset + 6] + self._name(offset + 6)[0]
        else:
            rdata = data[offset:end]
        self.answers.append(((owner, kind, rdata), ttl))
        return end

    def _name(self, offset):
        """The key of the name that stands there, and where it ends."""
        data, start, labels = self._data, offset, []
        while True:
            length = data[offset]
            if length >= 0xC0:
                pointer = struct.unpack_from("!H", data, offset)[0] & ~POINTER
                if pointer >= start:
                    raise Malformed("a name points forward")
                rest = self._names.get(pointer)
                if rest is None:
                    rest, _ = self._name(pointer)
                offset += 2
                break
            offset += 1 + length
            if not length:
                rest = b"\0"
                break
            labels.append(data[offset - 1 - length:offset])
        key = b"".join(labels).lower() + rest
        self._names[start] = key
        return key, offset
