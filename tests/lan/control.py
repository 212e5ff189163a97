# SPDX-License-Identifier: Apache-2.0
"""A client of the daemon's control socket (docs/protocol.md), for tests."""

import contextlib
import os
import socket
import threading
import time
import urllib.parse

from wait import Late


CONNECTING = threading.Lock()


class Line:
    """A line of the server: verb, positional words, attributes, and when it came."""

    def __init__(self, raw):
        self.raw = raw
        self.when = time.monotonic()
        parts = raw.split(" ")
        self.verb = parts[0]
        words = parts[1:]
        if self.verb == "ERR":      # plain words for people
            self.words, self.attrs = words[:1], {}
            return
        self.words = [decode(word) for word in words if "=" not in word]
        self.attrs = dict(decode_pair(word) for word in words if "=" in word)

    def __getattr__(self, key):
        """line.port, line.reason, ...: None where the attribute is absent."""
        if key.startswith("_"):
            raise AttributeError(key)
        return self.attrs.get(key)

    @property
    def node(self):
        return self.words[-1] if self.words else None

    def __repr__(self):
        return repr(self.raw)


def decode(word):
    return urllib.parse.unquote(word, errors="backslashreplace")


def decode_pair(word):
    key, _, value = word.partition("=")
    return key, decode(value)


def encode(text):
    """A word of the protocol."""
    return "".join(chr(b) if 0x21 <= b <= 0x7E and b != 0x25 else f"%{b:02X}" for b in text.encode())


class Reply:
    def __init__(self, lines):
        self.nodes = lines[:-1]
        self.end = lines[-1]
        self.ok = self.end.verb == "OK"
        self.error = None if self.ok else self.end.words[0]

    def __repr__(self):
        return repr([*self.nodes, self.end])


class Control:
    """One connection. Not for several threads at a time."""

    def __init__(self, host, uid=None):
        self._socket = connect(host, uid)
        self._buffer = b""
        self.lines = []             # complete lines not yet taken
        self.events = []            # events not yet taken by wait_event
        self.took = None            # duration of the last ask, in seconds

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def fileno(self):
        return self._socket.fileno()

    def option(self, name, size):
        """An option of the socket, as bytes."""
        return self._socket.getsockopt(socket.SOL_SOCKET, name, size)

    def send(self, data, deadline=10):
        """Send bytes as they are, or one line of text."""
        self._socket.settimeout(deadline)
        self._socket.sendall(data if isinstance(data, bytes) else data.encode() + b"\n")

    def read_line(self, deadline):
        """The next line, whatever it is; None at the end of the connection."""
        end = time.monotonic() + deadline
        while not self.lines:
            self._socket.settimeout(max(end - time.monotonic(), 0.000001))
            try:
                data = self._socket.recv(65536)
            except (TimeoutError, BlockingIOError):
                raise Late(f"no line from epmd-mdnsd within {deadline:.3f} s") from None
            except (ConnectionResetError, BrokenPipeError):
                data = b""
            if not data:
                return None
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            self.lines += [Line(line.decode("ascii", "backslashreplace")) for line in lines]
        return self.lines.pop(0)

    def ask(self, request=None, deadline=5):
        """Send a request (unless it has been sent already), return its Reply. Events meanwhile are kept."""
        start = time.monotonic()
        if request is not None:
            with contextlib.suppress(BrokenPipeError):      # why it was closed may still be there to read
                self.send(request)
        lines = []
        while True:
            line = self.read_line(start + deadline - time.monotonic())
            if line is None:
                raise ConnectionError(f"closed instead of a reply to {request!r}")
            if line.verb == "EVENT":
                self.events.append(line)
                continue
            lines.append(line)
            if line.verb in ("OK", "ERR"):
                self.took = time.monotonic() - start
                return Reply(lines)

    def must(self, request, deadline=5):
        reply = self.ask(request, deadline)
        if not reply.ok:
            raise AssertionError(f"{request!r}: {reply.end}")
        return reply

    def register(self, node, port, **attrs):
        """Register a node on this connection; return its creation."""
        more = "".join(f" {key}={value}" for key, value in attrs.items())
        return int(self.must(f"REGISTER {encode(node)} port={port}{more}").end.creation)

    def lookup(self, node, **attrs):
        """The NODE lines for a node, none if it is not known."""
        more = "".join(f" {key}={value}" for key, value in attrs.items())
        return self.ask(f"LOOKUP {encode(node)}{more}", deadline=65).nodes

    def status(self):
        """STATUS as a dictionary, numbers as int."""
        attrs = self.must("STATUS").end.attrs
        return {key: int(value) if value.isdigit() else value for key, value in attrs.items()}

    def subscribe(self):
        """SUBSCRIBE, wait for the whole snapshot and return its events."""
        self.must("SUBSCRIBE")
        snapshot = []
        while True:
            event = self.next_event(5)
            if event.words == ["sync"]:
                return snapshot
            snapshot.append(event)

    def next_event(self, deadline):
        if self.events:
            return self.events.pop(0)
        line = self.read_line(deadline)
        if line is None:
            raise ConnectionError("closed instead of an event")
        return line

    def wait_event(self, kind, node, deadline, **attrs):
        """Wait for `EVENT kind node` with these attributes; events before it are dropped."""
        end = time.monotonic() + deadline
        seen = []
        while True:
            try:
                event = self.next_event(max(end - time.monotonic(), 0))
            except Late:
                raise Late(f"no EVENT {kind} {node} {attrs or ''} within {deadline} s, but {seen}") from None
            if event.words == [kind, node] and all(event.attrs.get(k) == v for k, v in attrs.items()):
                return event
            seen.append(event)


def connect(host, uid=None):
    """Connect to the control socket of a host, as another user if asked: SO_PEERCRED is what we are while we connect.

    The path is relative because that user may not walk through /proc/PID/root, which leads into the host. One thread at
    a time, because directory and user are the whole process's.
    """
    with CONNECTING:
        return connect_from(host.path("/run/epmd-mdns"), uid)


def connect_from(directory, uid):
    sock = socket.socket(socket.AF_UNIX)
    back = os.open(".", os.O_PATH)
    try:
        os.chdir(directory)
        if uid is not None:
            os.seteuid(uid)
        sock.connect("control")
        return sock
    except BaseException:
        sock.close()
        raise
    finally:
        if uid is not None:
            os.seteuid(0)
        os.fchdir(back)
        os.close(back)
