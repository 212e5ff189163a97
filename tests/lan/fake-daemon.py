#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for epmd-mdnsd and does what no daemon should: what must a node bear?

usage: fake-daemon.py PATH MODE

Serves the Unix socket PATH, and says "listening" when it does. MODE is one of

  serve     answers as it should, and knows 10,000 nodes
  silent    takes everything and answers nothing
  closing   closes each connection as soon as it is there
  restart   closes the first connection when it has been asked something, and serves from the second on
  midline   answers a line, and closes in the middle of the next
  garbage   answers with bytes that are no lines, and lines that make no sense
  endless   a snapshot that never ends
  full      lets nobody in: the queue of connections is full
  drip      tells a node now and then, without end
  flood     tells nodes as fast as it can, without end
  refuse    has too many connections already
  announcing  has a node that is announced only when STATUS is asked for the third time
  escapes   says everything with control characters in it
"""

import itertools
import random
import socket
import sys
import threading

NODES = 10_000


def events(count=NODES):
    """A snapshot of so many nodes on a hundred hosts; they all are at an address that nobody has."""
    for number in range(count):
        yield (f"EVENT up n{number}@m{number % 100} port={10000 + number} family=inet proto=tcp addr=198.51.100.7 "
               f"source=lan host=m{number % 100}.local if=eth0 age=1 otp=27 dist=6-6 reason=present\n").encode()


def garbage(seed):
    """Without end: random bytes, lines too long, lines of nothing but words, replies that nobody has asked for."""
    rng = random.Random(seed)
    while True:
        yield rng.choice((rng.randbytes(rng.choice((1, 7, 300))), b"x" * 5000 + b"\n", b"\n", b" \n", b"OK\n",
                          b"OK %\n", b"OK creation=0\n", b"ERR\n", b"ERR limit %00\n", b"NODE\n", b"EVENT\n", b"EVENT up\n",
                          b"EVENT up a@b port=99999 family=ipx\n", b"EVENT sync sync\n", b"\xff\xfe\n", b"OK 1\0x\n"))


def answers(line):
    """What a daemon answers to a line, in pieces."""
    verb = line.split()[0]
    if verb == b"HELLO":
        yield b"OK 1 fake-daemon/1\n"
    elif verb == b"REGISTER":
        yield b"OK creation=4711\n"
    elif verb == b"LIST":
        for event in events():
            yield b"NODE " + event.split(b" ", 2)[2].replace(b" reason=present", b"")
        yield b"OK\n"
    elif verb == b"SUBSCRIBE":
        yield b"OK\n"
        yield from events()
        yield b"EVENT sync\n"
    else:
        yield b"ERR unknown-verb\n"


def serve(connection):
    for line in connection.makefile("rb"):
        connection.sendall(b"".join(answers(line)))


def silent(connection):
    while connection.recv(65536):
        pass


def closing(_):
    pass


HAS_RESTARTED = threading.Event()


def restart(connection):
    if HAS_RESTARTED.is_set():
        serve(connection)
    elif connection.recv(65536):
        HAS_RESTARTED.set()


def midline(connection):
    connection.recv(65536)
    connection.sendall(b"OK 1 fake-daemon/1\nOK crea")


def garbled(connection):
    for data in garbage(connection.fileno()):
        connection.sendall(data)


def endless(connection):
    connection.sendall(b"OK 1 fake-daemon/1\n")
    for line in connection.makefile("rb"):
        if line.startswith(b"REGISTER"):
            connection.sendall(b"OK creation=4711\n")
        elif line.startswith((b"SUBSCRIBE", b"LIST")):
            connection.sendall(b"OK\n")
            while True:
                for event in events():
                    connection.sendall(event)


def drip(connection):
    subscribes = connection.recv(65536).startswith(b"SUBSCRIBE")
    never = threading.Event()
    for event in events():
        connection.sendall(event if subscribes else b"NODE " + event.split(b" ", 2)[2])
        never.wait(0.5)


def flood(connection):
    subscribes = connection.recv(65536).startswith(b"SUBSCRIBE")
    many = b"".join(event if subscribes else b"NODE " + event.split(b" ", 2)[2] for event in events(100))
    while True:
        connection.sendall(many)


def refuse(connection):
    connection.sendall(b"ERR limit there are too many connections\n")


STATUSES = itertools.count()


def announcing(connection):
    for line in connection.makefile("rb"):
        if line.startswith(b"STATUS"):
            adverts = int(next(STATUSES) >= 2)
            connection.sendall(f"OK version=1 avahi=running local=1 announceable=1 adverts={adverts} sightings=1\n".encode())
        else:
            connection.sendall(b"OK\n")


def escapes(connection):
    for line in connection.makefile("rb"):
        if line.startswith(b"STATUS"):
            connection.sendall(b"OK version=%1B[31m avahi=%1B[31m host=%1B[31m ttl=%1B[31m nodes=1\n")
        elif line.startswith(b"LIST host"):
            connection.sendall(b"ERR %1B[31m %1B[31m\n")
        elif line.startswith(b"LIST"):
            connection.sendall(b"NODE a@h port=1 family=inet proto=tcp addr=198.51.100.7 source=lan host=%1B[31m if=%1B age=1\n"
                               b"OK\n")
        else:
            connection.sendall(b"ERR %1B[31m %1B[31m\n")


MODES = {"serve": serve, "silent": silent, "closing": closing, "restart": restart, "midline": midline, "garbage": garbled,
         "endless": endless, "drip": drip, "flood": flood, "refuse": refuse, "announcing": announcing,
         "escapes": escapes}


def talk(behave, connection):
    with connection:
        try:
            behave(connection)
        except (BrokenPipeError, ConnectionResetError):
            pass                    # who listens to this has had enough


def main():
    path, mode = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0 if mode == "full" else 100)
        if mode == "full":
            waiting = socket.socket(socket.AF_UNIX)     # a queue of length 0 holds one
            waiting.connect(path)
        print("listening", flush=True)
        if mode == "full":
            threading.Event().wait()
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=talk, args=(MODES[mode], connection), daemon=True).start()


if __name__ == "__main__":
    main()
