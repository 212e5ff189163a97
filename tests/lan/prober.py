# SPDX-License-Identifier: Apache-2.0
"""Looks a node up again and again, 20 times a second, in a thread of its own: who has to wait, and how long?"""

import threading

INTERVAL = 0.05


class Prober:
    """Use as a context; check() tells how it went."""

    def __init__(self, host, node):
        self._control = host.control()
        self._node = node
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._probe, daemon=True)
        self.count = 0
        self.worst = 0.0            # seconds
        self._error = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)
        self._control.close()

    def _probe(self):
        try:
            while not self._over.wait(INTERVAL):
                if not self._control.lookup(self._node):
                    raise AssertionError(f"{self._node} is not found")
                self.count += 1
                self.worst = max(self.worst, self._control.took)
        except Exception as error:
            self._error = error
            self._over.set()

    def last(self, seconds):
        """Go on for so long; the probing is what there is to wait for."""
        self._over.wait(seconds)

    def check(self, limit):
        """Every lookup must have been answered within `limit` seconds. Return what has been measured."""
        self.__exit__()
        assert self._error is None, f"lookup: {self._error}"
        assert self.count > 0, "no lookup at all"
        assert self.worst <= limit, f"a lookup took {self.worst * 1000:.0f} ms"
        return f"{self.count} lookups, the slowest in {self.worst * 1000:.1f} ms"
