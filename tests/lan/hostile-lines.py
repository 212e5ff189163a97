#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends random and mutated lines to the control socket and takes note of every reply.

usage: hostile-lines.py SOCKET SEED COUNT EXAMPLES

The same seed gives the same lines. EXAMPLES is tests/protocol-examples.txt, whose requests are mutated. Ends with a
summary on standard output, or with exit status 1 if a line got neither a reply nor the end of the connection.
"""

import random
import re
import socket
import sys

BATCH = 50      # lines in one write


def examples(path):
    """The lines of the protocol's examples, as bytes."""
    with open(path, encoding="ascii") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    lines = [row[1] for row in rows if len(row) > 1 and row[0] in ("line", "request", "encode") and row[1]]
    return [re.sub(rb"\\x([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), line.encode())
            for line in lines]


def mutate(rng, line):
    line = bytearray(line)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 5))):
        at = rng.randrange(len(line) + 1)
        what = rng.randrange(5)
        if what == 0:
            line.insert(at, rng.randrange(256))
        elif what == 1:
            del line[at:at + rng.randrange(1, 8)]
        elif what == 2 and at < len(line):
            line[at] = rng.randrange(256)
        elif what == 3 and at < len(line):
            line[at] ^= 1 << rng.randrange(8)
        else:
            line[at:at] = line[at:at + 20] * rng.choice((1, 2, 150))
    return bytes(line)


def lines(rng, known):
    """Without end; never a line that asks the server to wait, for nothing is to be learned from that."""
    while True:
        if rng.random() < 0.1:
            line = rng.randbytes(rng.choice((1, 3, 20, 200, 2046, 2047, 2048, 5000)))
        else:
            line = mutate(rng, rng.choice(known))
        yield line.replace(b"\n", b"").replace(b"wait=", b"what=") + b"\n"


def talk(path, batch):
    """Send a batch over a connection of its own; return how many lines were answered, and if it was closed then."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(path)
        try:
            sock.sendall(b"".join(batch))
            sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass                # closed after a bad line; the replies are still to be read
        data = b""
        try:
            while True:
                more = sock.recv(65536)
                if not more:
                    break
                data += more
        except ConnectionResetError:
            pass
    return len(re.findall(rb"^(?:OK|ERR)\b", data, re.MULTILINE))


def main():
    path, seed, count, source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    stream = lines(random.Random(seed), examples(source))
    pending, sent, connections = [], 0, 0
    while sent < count:
        pending += [next(stream) for _ in range(min(BATCH, count - sent) - len(pending))]
        answered = talk(path, pending)
        if not answered:
            sys.exit(f"no reply to {pending[0]!r}")
        # The server closes after a malformed line: the rest goes over the next connection.
        pending = pending[answered:]
        sent += answered
        connections += 1
    print(f"{sent} lines over {connections} connections", flush=True)


if __name__ == "__main__":
    main()
