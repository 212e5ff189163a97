#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes all that the control socket gives, until it is killed.

usage: greedy-client.py SOCKET connect          connects and closes, over and over
       greedy-client.py SOCKET ask REQUEST      sends a request on 250 connections, without pause, and reads the answers

Prints "busy" when it has begun.
"""

import contextlib
import os
import select
import socket
import sys

CONNECTIONS = 250
AT_ONCE = 8     # requests in one write


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock


def connect_and_close(path):
    while True:
        with contextlib.suppress(OSError):
            connect(path).close()


def ask(path, request):
    socks = {}
    poll = select.epoll()
    for _ in range(CONNECTIONS):
        sock = connect(path)
        sock.setblocking(False)
        socks[sock.fileno()] = sock
        poll.register(sock, select.EPOLLIN | select.EPOLLOUT)
    while socks:
        for fd, events in poll.poll():
            try:
                if events & select.EPOLLOUT:
                    socks[fd].send(request)
                if events & select.EPOLLIN and not socks[fd].recv(1 << 16):
                    raise ConnectionError
            except BlockingIOError:
                pass
            except OSError:
                poll.unregister(fd)
                socks.pop(fd).close()


if __name__ == "__main__":
    os.nice(19)     # what is measured is the daemon, not the kernel's scheduler
    print("busy", flush=True)
    if sys.argv[2] == "connect":
        connect_and_close(sys.argv[1])
    else:
        ask(sys.argv[1], sys.argv[3].encode() * AT_ONCE)
