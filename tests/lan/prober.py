# SPDX-License-Identifier: Apache-2.0
"""Looks a node up again and again, 20 times a second: who has to wait, and how long?

A process of its own, for a test's other threads would have it wait for the interpreter. What it measures is the daemon,
not the machine: the time for which the kernel had no processor for the daemon's main thread, or for the prober, doesn't
count. What the daemon does for others, or waits for, does.
"""

import os
import select
import socket
import struct
import subprocess
import sys

from control import Control
from host import sanitizer
from wait import Late

INTERVAL = 0.05
# A sanitizer makes the daemon several times slower. How soon users are answered is tested without.
SLOWER = 4


def unscheduled(pid, thread):
    """Seconds for which a thread was ready to run and did not (proc(5), /proc/PID/schedstat)."""
    with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
        return int(file.read().split()[1]) / 1e9


class Prober:
    """Use as a context; check() tells how it went."""

    def __init__(self, host, node):
        self._argv = [sys.executable, "-B", __file__, str(host.pid), node]
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         start_new_session=True)
        self._process.stdout.readline()     # it has connected
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def last(self, seconds):
        """Go on for so long; the probing is what there is to wait for."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def check(self, limit):
        """Every lookup must have been answered within `limit` seconds. Return what has been measured."""
        limit *= SLOWER if sanitizer() else 1
        try:
            output, _ = self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            raise Late("a lookup has not been answered in 10 s") from None
        error, count, worst = output.rstrip("\n").split("\t")
        assert not error, f"lookup: {error}"
        assert int(count) > 0, "no lookup at all"
        assert float(worst) <= limit, f"a lookup took {float(worst) * 1000:.0f} ms"
        return f"{count} lookups, the slowest in {float(worst) * 1000:.1f} ms"


class Box:
    """As much of a host as Control needs."""

    def __init__(self, pid):
        self.path = f"/proc/{pid}/root{{}}".format


def probe(control, node):
    """Look it up until standard input ends; return the number of lookups, and the time of the slowest in seconds."""
    daemon, _, _ = struct.unpack("3i", control.option(socket.SO_PEERCRED, 12))
    threads = ((daemon, daemon), (os.getpid(), os.getpid()))
    count, worst = 0, 0.0
    print("probing", flush=True)
    while not wait_for_end(INTERVAL):
        before = sum(unscheduled(*thread) for thread in threads)
        if not control.lookup(node):
            raise AssertionError(f"{node} is not found")
        count += 1
        worst = max(worst, control.took - (sum(unscheduled(*thread) for thread in threads) - before))
    return count, worst


def wait_for_end(seconds):
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def main():
    error, count, worst = "", 0, 0.0
    try:
        with Control(Box(sys.argv[1])) as control:
            count, worst = probe(control, sys.argv[2])
    except Exception as problem:    # whatever it is, the test shall say so
        error = " ".join(repr(problem).split())
    print(error, count, worst, sep="\t")


if __name__ == "__main__":
    main()
