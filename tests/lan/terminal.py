# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own, at which a test types as a user would."""

import re
import subprocess
import time

from process import Process
from wait import Late

# What a terminal is told beside text: colours, the cursor, titles, the keypad, carriage returns, bells.
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[=>()][0AB]?|[\r\x07]")


class Terminal(Process):
    # Python's pty stands between the program and us, and is the shell that Process speaks of. Nothing may be folded,
    # and TERM is what a user has: shells do less on a dumb terminal.
    SHELL = ["/usr/bin/python3", "-c",
             "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
             "sh", "-c", 'stty cols 250 rows 50; TERM=xterm exec "$@"', "sh"]

    def __init__(self, label, argv, env):
        self.text = ""              # all that it has shown, without controls
        self._taken = 0             # how much of that wait_text has gone through
        super().__init__(label, argv, env, stdin=subprocess.PIPE)

    def _read(self):
        raw = ""
        while data := self._popen.stdout.read1(4096):
            raw += data.decode(errors="backslashreplace")
            with self._news:
                self.text = CONTROLS.sub("", raw)
                self.lines[:] = self.text.splitlines()
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_text(self, pattern, deadline):
        """Wait until what is shown, after the last match, matches; return the match. A prompt has no end of line."""
        end = time.monotonic() + deadline
        with self._news:
            while True:
                match = re.compile(pattern, re.MULTILINE).search(self.text, self._taken)
                if match:
                    self._taken = match.end()
                    return match
                if self._ended or not self._news.wait(end - time.monotonic()):
                    why = "it has ended" if self._ended else f"not within {deadline} s"
                    raise Late(f"{self.label}: no text {pattern!r}: {why}")
