#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Announces a DNS-SD service by mDNS, byte by byte: for adverts that no decent mDNS stack would send.

    host.spawn([sys.executable, announce.__file__, advert(...)])

Runs inside a host, sends one unsolicited response over IPv4 and one over IPv6, and ends.
"""

import json
import socket
import struct
import sys

TYPE = ["_erlang-dist", "_tcp", "local"]
PTR, A, TXT, AAAA, SRV = 12, 1, 16, 28, 33
CACHE_FLUSH = 0x8000


def advert(label, txt=(), port=40001, target="outsider", a="192.0.2.66", aaaa=None, ttl=120):
    """What main() takes; TXT strings are bytes, and may be anything up to 255 of them."""
    return json.dumps({"label": label, "txt": [string.hex() for string in txt], "port": port, "target": target,
                       "a": a, "aaaa": aaaa, "ttl": ttl})


def name(labels):
    return b"".join(bytes([len(label)]) + label for label in (text.encode() for text in labels)) + b"\0"


def record(owner, kind, ttl, data, flush=0):
    return name(owner) + struct.pack("!HHIH", kind, 1 | flush, ttl, len(data)) + data


def packet(label, txt, port, target, a, aaaa, ttl):
    instance, host = [label, *TYPE], [target, "local"]
    strings = b"".join(bytes([len(data)]) + data for data in map(bytes.fromhex, txt)) or b"\0"
    records = [record(TYPE, PTR, ttl, name(instance)),
               record(instance, SRV, ttl, struct.pack("!HHH", 0, 0, port) + name(host)),
               record(instance, TXT, ttl, strings)]
    if a:
        records.append(record(host, A, 120, socket.inet_pton(socket.AF_INET, a), CACHE_FLUSH))
    if aaaa:
        records.append(record(host, AAAA, 120, socket.inet_pton(socket.AF_INET6, aaaa), CACHE_FLUSH))
    return struct.pack("!6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def send(family, group, data):
    """From port 5353 and with TTL 255: anything else is no mDNS response."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        index = socket.if_nametoindex("eth0")
        if family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
            sock.bind(("", 5353))
            sock.sendto(data, (group, 5353))
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.bind(("", 5353))
            sock.sendto(data, (group, 5353, 0, index))


def main():
    data = packet(**json.loads(sys.argv[1]))
    send(socket.AF_INET, "224.0.0.251", data)
    send(socket.AF_INET6, "ff02::fb", data)


if __name__ == "__main__":
    main()
