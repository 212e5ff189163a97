# SPDX-License-Identifier: Apache-2.0
"""A command that runs on a host in the background."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time

from wait import Late, wait_for

SANITIZER = re.compile(r"(ERROR|WARNING|FATAL): \w+Sanitizer|SUMMARY: \w+Sanitizer|runtime error:")


class Process:
    """Three processes: nsenter, which stays outside; SHELL, its child inside; the command itself, with number `pid`
    as the machine counts. The shell is there because nsenter stops when its child stops, and would then be left behind
    if the test was killed: the shell isn't interested in stopping, and ends with its box."""

    SHELL = ["sh", "-c", '"$@"; exit $?', "sh"]

    def __init__(self, label, argv, env, stdin=subprocess.DEVNULL):
        self.label = label
        self.lines = []             # what it has printed, standard error included
        self._news = threading.Condition()
        self._ended = False
        self._popen = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       env=env, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.pid = None
        wait_for(self._started, 10, f"{label} starts", interval=0.001)

    def _started(self):
        shell = only_child(self._popen.pid)
        self.pid = shell and only_child(shell)
        return self.pid or not self.alive

    def _read(self):
        for line in self._popen.stdout:
            with self._news:
                self.lines.append(line.decode(errors="backslashreplace").rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_line(self, pattern, deadline, start=0):
        """Wait for a line that matches, among those from number `start` on; return the match."""
        end = time.monotonic() + deadline
        with self._news:
            while True:
                for start, line in enumerate(self.lines[start:], start + 1):
                    match = re.search(pattern, line)
                    if match:
                        return match
                if self._ended or not self._news.wait(end - time.monotonic()):
                    why = "it has ended" if self._ended else f"not within {deadline} s"
                    raise Late(f"{self.label}: no line {pattern!r}: {why}")

    def write(self, line):
        """Write a line to its standard input, if it was started with one."""
        self._popen.stdin.write(line.encode() + b"\n")
        self._popen.stdin.flush()

    @property
    def alive(self):
        return self._popen.poll() is None

    def signal(self, number):
        # It may end by itself at this very moment, as avahi-daemon does without its bus; nsenter, which is what we see the
        # end of, is a little later.
        if self.pid and self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def hang(self):
        self.signal(signal.SIGSTOP)
        wait_for(lambda: self.status("State").startswith("T"), 5, f"{self.label} stops", interval=0.001)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait(10)

    def stop(self, deadline=10):
        """SIGTERM; return the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def wait(self, deadline):
        """Wait for the end; return the exit status, negative after a signal."""
        try:
            status = self._popen.wait(deadline)
        except subprocess.TimeoutExpired:
            raise Late(f"{self.label} has not ended within {deadline} s") from None
        self._reader.join(deadline)
        return status if status < 128 else 128 - status

    def status(self, key):
        """A field of /proc/PID/status."""
        with open(f"/proc/{self.pid}/status") as file:
            return next(line.split(None, 1)[1].strip() for line in file if line.startswith(key + ":"))

    def rss(self):
        """Resident memory, in KiB."""
        return int(self.status("VmRSS").split()[0])

    def descriptors(self):
        """The open descriptors, each as what it refers to."""
        directory = f"/proc/{self.pid}/fd"
        return sorted(os.readlink(f"{directory}/{fd}") for fd in os.listdir(directory))

    def sanitizer_report(self):
        return next((line for line in self.lines if SANITIZER.search(line)), None)


def only_child(pid):
    """The child of a process that has one at most."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return int(file.read().split()[0])
    except (IndexError, OSError):
        return None
