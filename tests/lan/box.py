# SPDX-License-Identifier: Apache-2.0
"""A box: namespaces of their own (network, mounts, host name, processes) around one first process, host-init.

Nothing has a name outside: no `ip netns` file, no interface. So nothing can be left behind.
"""

import os
import select
import shlex
import subprocess

from process import Process, only_child
from wait import Late

HERE = os.path.dirname(os.path.abspath(__file__))

# Nothing of the caller's environment reaches a host, except what a sanitizer shall do. ThreadSanitizer would sleep for
# a second at the end, and the end is measured.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/run/lan/home", "LANG": "C.UTF-8", "TERM": os.environ.get("TERM", "dumb"),
               **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}}
ENVIRONMENT["TSAN_OPTIONS"] = f"suppressions={HERE}/tsan.supp atexit_sleep_ms=0 {ENVIRONMENT.get('TSAN_OPTIONS', '')}"


def words(command):
    """A command is a list, or a string to be split into words; no shell."""
    return shlex.split(command) if isinstance(command, str) else command


class Box:
    def __init__(self, name, ipv6):
        self.name = name
        self.pid = None             # of host-init, as the machine numbers it
        self.processes = []
        # A session of its own: Ctrl-C at the terminal reaches the test, which then ends the boxes in order.
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc",
             os.path.join(HERE, "host-init"), name, "yes" if ipv6 else "no"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    def wait_ready(self, deadline=10):
        readable, _, _ = select.select([self._holder.stdout], [], [], deadline)
        if not readable or self._holder.stdout.readline() != b"ready\n":
            raise Late(f"{self.name}: host-init is not ready")
        self.pid = only_child(self._holder.pid)

    def argv(self, command, uid=None):
        """The command line that runs `command`, a list of words, inside."""
        if uid is not None:
            command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command]
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "--pid", "--", *command]

    def run(self, command, deadline=10, uid=None, input=None):
        """Run to the end; return the CompletedProcess with its output as text."""
        source = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        try:
            return subprocess.run(self.argv(words(command), uid), env=ENVIRONMENT, timeout=deadline, text=True,
                                  errors="backslashreplace", start_new_session=True, capture_output=True, **source)
        except subprocess.TimeoutExpired:
            raise Late(f"{self.name}: not ended within {deadline} s: {command}") from None

    def check(self, command, **more):
        """Run, raise if that failed, return the output."""
        result = self.run(command, **more)
        if result.returncode:
            raise AssertionError(f"{self.name}: {command} ended with {result.returncode}: {result.stderr.strip()}")
        return result.stdout

    def spawn(self, command, label=None, kind=Process, uid=None):
        """Run in the background; return the Process. Its output is shown if the test fails."""
        command = words(command)
        process = kind(f"{self.name} {label or command[0]}", self.argv(kind.SHELL + command, uid), ENVIRONMENT)
        self.processes.append(process)
        return process

    def path(self, path):
        """A path of this host, as seen from outside."""
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, content):
        with open(self.path(path), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def running(self):
        """The processes inside, host-init too, as {pid: name}."""
        namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == namespace:
                    with open(f"/proc/{pid}/comm") as file:
                        found[int(pid)] = file.read().strip()
            except OSError:
                pass                # it has just ended
        return found

    def listening(self):
        """The TCP ports on which somebody listens."""
        ports = set()
        for table in ("tcp", "tcp6"):
            try:
                with open(f"/proc/{self.pid}/net/{table}") as file:
                    rows = [line.split() for line in file][1:]
            except FileNotFoundError:
                continue
            ports |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}
        return ports

    def tcp(self):
        """What the kernel has counted of TCP here, on all interfaces: ActiveOpens, PassiveOpens, InSegs, ..."""
        with open(f"/proc/{self.pid}/net/snmp") as file:
            keys, values = [line.split()[1:] for line in file if line.startswith("Tcp:")]
        return dict(zip(keys, map(int, values)))

    def close(self):
        """End everything inside, and wait until it is gone."""
        self._holder.stdin.close()
        try:
            self._holder.wait(10)
        except subprocess.TimeoutExpired:
            self._holder.kill()     # --kill-child
            self._holder.wait()
        self._holder.stdout.close()
        for process in self.processes:
            process.wait(10)
