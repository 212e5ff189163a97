# SPDX-License-Identifier: Apache-2.0
"""The journal of a host: a socket that takes what sd_journal_sendv(3) sends."""

import os
import socket
import struct
import threading
import time

from wait import Late

SOCKET = "/run/systemd/journal/socket"


def parse(data):
    """The fields of an entry (https://systemd.io/JOURNAL_NATIVE_PROTOCOL)."""
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        key, text, value = line.partition(b"=")
        if not text:                # a value with a newline in it: its length stands before it
            size, = struct.unpack("<Q", data[:8])
            value, data = data[8:8 + size], data[8 + size + 1:]
        fields[key.decode()] = value.decode()
    return fields


class Journal:
    """Takes entries from the moment it is made until close()."""

    def __init__(self, host):
        self.entries = []
        self._news = threading.Condition()
        self._path = host.path(SOCKET)
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while data := self._socket.recv(65536):
            with self._news:
                self.entries.append(parse(data))
                self._news.notify_all()

    def wait_entry(self, deadline, **fields):
        """Wait for an entry with these fields; return it."""
        end = time.monotonic() + deadline
        with self._news:
            while True:
                for entry in self.entries:
                    if fields.items() <= entry.items():
                        return entry
                if not self._news.wait(end - time.monotonic()):
                    raise Late(f"no entry {fields} within {deadline} s: {self.entries}")

    def close(self):
        """Nobody takes entries any more; the socket stays where it is, as when journald has crashed."""
        self._socket.shutdown(socket.SHUT_RD)
        self._reader.join()
        self._socket.close()

    def remove(self):
        """Its socket is not there any more, as in a sandbox that does not show it."""
        os.unlink(self._path)
