#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows Erlang nodes that find each other on a LAN. Ends with status 0 only if all that it says has happened."""

import os
import signal
import sys
import time

from lan import Lan, missing
from wait import wait_for

TOO_LONG = 30       # seconds
NAMES = ("alice", "bob", "carol")
COLOURS = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text=""):
    print(text, flush=True)


def headline(number, text):
    say()
    say(f"\033[1m{number}. {text}\033[0m" if COLOURS else f"{number}. {text}")
    say()


def row(what, outcome, seconds=None):
    """One thing that happened: the words, what came of it, and how long it took."""
    say(f"     {what:<46} {outcome:<8}" + (f" {took(seconds):>8}" if seconds is not None else ""))


def took(seconds):
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def show_list(host):
    """What `epmd-mdns list` prints on a host; returned as well."""
    shown = host.cli("list")
    if shown.returncode:
        raise AssertionError(f"epmd-mdns list has failed: {shown.stderr}")
    say(f"     {host.name}# epmd-mdns list")
    for line in shown.stdout.splitlines():
        say(f"     {line}")
    return shown.stdout


def three_hosts(lan):
    headline(1, "Three hosts on one LAN")
    say("   Each has its own network interface, Avahi and epmd-mdnsd, here inside this machine.")
    say("   There is no epmd, no DNS and no list of hosts.")
    say()
    for host in lan.hosts:
        row(f"{host.name}  {host.address}", "up")
    row("all together", "", lan.took)


def start_nodes(lan):
    headline(2, "An Erlang node on each")
    say("     erl -sname NAME -start_epmd false -epmd_module epmd_mdns")
    say()
    with lan[1].watch() as watch:
        start = time.monotonic()
        nodes = lan.each(lambda pair: pair[0].erl(pair[1], wait=False), list(zip(lan.hosts, NAMES)))
        expected = {node.name for node in nodes}
        while expected:             # in whatever order they come
            event = watch.next_event(10)
            if event.words[0] == "up" and event.node in expected:
                expected.remove(event.node)
                row(f"{event.node} is known on h1", "yes", event.when - start)
    lan.each(lambda host: [wait_known(host, node.name) for node in nodes])
    say()
    table = show_list(lan[1])
    absent = [node.name for node in nodes if node.name not in table]
    if absent:
        raise AssertionError(f"the table lacks {absent}")
    return nodes


def wait_known(host, name):
    with host.control() as control:
        if not control.lookup(name, wait=5000):
            raise AssertionError(f"{host.name} has not heard of {name}")


def ping_all(nodes):
    headline(3, "Every node reaches every other, by its name alone")
    for node in nodes:
        for other in nodes:
            if other is node:
                continue
            start = time.monotonic()
            # The daemon knew the name a moment ago; the node hears it from the daemon, so give it that moment.
            wait_for(lambda: node.ping(other.name) == "pong", 3, f"{node.name} reaches {other.name}")
            row(f"{node.name}: net_adm:ping('{other.name}')", "pong", time.monotonic() - start)


def no_epmd(lan):
    for host in lan.hosts:
        if "epmd" in host.running().values() or 4369 in host.listening():
            raise AssertionError(f"there is an epmd on {host.name}")
    say()
    row("an epmd, or anything on its port 4369", "nowhere")


def kill_one(lan, victim):
    headline(4, f"{victim.name} is killed with kill -9")
    watches = [(host, host.watch()) for host in lan.hosts[:2]]
    start = time.monotonic()
    victim.signal(signal.SIGKILL)
    for host, watch in watches:
        event = watch.wait_event("down", victim.name, 5)
        row(f"{host.name} hears that it is gone", event.reason, event.when - start)
        watch.close()
    say()
    if victim.name in show_list(lan[1]):
        raise AssertionError(f"{victim.name} is still in the table")


def on_alarm(*_):
    raise TimeoutError(f"the demonstration has taken more than {TOO_LONG} s")


def main():
    lan = Lan(len(NAMES))
    reason = missing(lan)
    if reason:
        sys.exit(f"demo: can't show anything: {reason}")
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(TOO_LONG)
    start = time.monotonic()
    try:
        with lan:
            three_hosts(lan)
            nodes = start_nodes(lan)
            ping_all(nodes)
            no_epmd(lan)
            kill_one(lan, nodes[-1])
            wrong = lan.verdict()
            if wrong:
                raise AssertionError(wrong)
    except KeyboardInterrupt:
        sys.exit("demo: interrupted")
    except Exception as error:      # whatever went wrong, it did not happen as said
        for line in lan.logs():
            print(line, file=sys.stderr)
        sys.exit(f"demo: FAILED: {error}")
    say()
    say(f"   All of this has happened as shown, in {took(time.monotonic() - start)}. Nothing is left running.")


if __name__ == "__main__":
    main()
