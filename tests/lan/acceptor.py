#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Listens as Erlang nodes do, where a test registers nodes that there are not: whoever begins the distribution handshake
is told a name. `NAME` may also be "http", for something else, or "silent", for a node that hangs."""

import socket
import struct
import sys
import threading

FLAGS = 0xD07DF7FBD     # of a node of OTP 25


class Acceptors:
    """A context: those ports of the host are listened on, {port: name}."""

    def __init__(self, host, names):
        self._process = host.spawn([sys.executable, "-B", __file__, *(f"{port}={name}" for port, name in names.items())],
                                   "acceptors")
        self._process.wait_line("listening", 20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.kill()


def message(data):
    return struct.pack(">H", len(data)) + data


def answer(connection, name):
    with connection:
        if name == "http":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        elif name != "silent" and connection.recv(1024):
            encoded = name.encode("latin-1")
            connection.sendall(message(b"sok") +
                               message(struct.pack(">cQIIH", b"N", FLAGS, 1, 1, len(encoded)) + encoded))
        while connection.recv(1024):
            pass


def serve(listener, name):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, name), daemon=True).start()


if __name__ == "__main__":
    threads = []
    for word in sys.argv[1:]:
        port, _, wanted = word.partition("=")
        # Dual stack, as long as there is IPv6.
        try:
            open_listener = socket.create_server(("", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError:
            open_listener = socket.create_server(("", int(port)))
        threads.append(threading.Thread(target=serve, args=(open_listener, wanted)))
    for thread in threads:
        thread.start()
    print("listening", flush=True)
