# SPDX-License-Identifier: Apache-2.0
"""Waiting with a deadline: the only way in which these tests wait."""

import select
import time


class Late(AssertionError):
    """What was awaited did not happen in time."""


def wait_for(predicate, deadline, what, interval=0.02):
    """Wait until predicate() is true and return its value; raise Late after `deadline` seconds.

    For things that have no event to wait for, such as files in /proc; everything else has a wait of its own
    (Process.wait_line, Control.wait_event, Node.eval).
    """
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise Late(f"not within {deadline} s: {what}")
        select.select([], [], [], interval)
