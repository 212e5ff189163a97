# SPDX-License-Identifier: Apache-2.0
"""What stock OTP finds other nodes by: the names that a host knows, a name server, epmd. None of it is multicast."""

import os

from wait import wait_for


def know(host, names):
    """The host's /etc/hosts has these names of others, {name: address}, and its own."""
    others = "".join(f"{address} {name}\n" for name, address in names.items())
    host.write("/run/lan/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n{others}")


class DeadDns:
    """The host's name server takes every question and gives no answer."""

    def __init__(self, host):
        self._path = host.path("/run/lan/questions")
        host.spawn("socat -u UDP-RECV:53,bind=127.0.0.1 OPEN:/run/lan/questions,creat,append", "dead name server")
        wait_for(lambda: 53 in listening_udp(host) and os.path.exists(self._path), 5, "the name server is there")
        host.write("/run/lan/resolv.conf", "nameserver 127.0.0.1\n")

    def asked(self):
        """What it has been asked since it began, as one string of bytes."""
        with open(self._path, "rb") as file:
            return file.read()


def listening_udp(host):
    with open(f"/proc/{host.pid}/net/udp") as file:
        return {int(line.split()[1].rpartition(":")[2], 16) for line in list(file)[1:]}


def start_epmd(host):
    """The real epmd, of the host's OTP."""
    host.spawn(host.otp_argv(["epmd"]), "epmd")
    wait_for(lambda: 4369 in host.listening(), 5, "epmd listens")


def start_silent_epmd(host):
    """One that accepts connections and never says a word."""
    host.spawn("socat -u TCP-LISTEN:4369,fork,reuseaddr OPEN:/dev/null", "silent epmd")
    wait_for(lambda: 4369 in host.listening(), 5, "the silent epmd listens")
