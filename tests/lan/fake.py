# SPDX-License-Identifier: Apache-2.0
"""A daemon that does what no daemon should (fake-daemon.py), on a host for as long as a test wants it."""

import os

from box import HERE


class FakeDaemon:
    """A context; `path` is the socket that it serves."""

    def __init__(self, host, mode):
        self.path = f"/run/lan/{mode}"
        self._host = host
        self._process = host.spawn([os.path.join(HERE, "fake-daemon.py"), self.path, mode], f"fake-daemon {mode}")
        self._process.wait_line("listening", 10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        os.unlink(self._host.path(self.path))
