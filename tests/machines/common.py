# SPDX-License-Identifier: Apache-2.0
"""What the stories of installed machines share. `lan.nodes` are the nodes of an unprivileged user, one on each machine."""

import time

from wait import wait_for

TEAM = ("-epmd_mdns", "cluster", "team")
SOON = 20                           # seconds
SERVICE, SOCKET = "epmd-mdns.service", "epmd-mdns.socket"


def per_machine(measured, unit=" s"):
    return ", ".join(f"{suite} {value:.1f}{unit}" for suite, value in measured.items())


def timed(lan, action):
    """action(machine) on all of them at once; how long it took on each."""
    def run(machine):
        start = time.monotonic()
        action(machine)
        return machine.suite, time.monotonic() - start
    return dict(lan.each(run))


def wait_meshed(nodes, deadline=SOON):
    names = {node.name for node in nodes}
    for node in nodes:
        wait_for(lambda n=node: n.connected() == names - {n.name}, deadline, f"{node.name} is connected to all")


def wait_listed(lan, names, deadline=SOON):
    """Until every machine's daemon knows exactly these nodes."""
    for machine in lan.hosts:
        def listed(machine=machine):
            shown = machine.cli("list", "--no-legend")
            return {line.split()[0] for line in shown.stdout.splitlines()} == names
        wait_for(listed, deadline, f"{machine.name} knows {sorted(names)}", interval=0.1)


def names(lan):
    return {node.name for node in lan.nodes}


def watch(lan):
    """Every node notes who comes and goes, from now on."""
    for node in lan.nodes:
        unwatch(node)
        node.watch()


def unwatch(node):
    node.eval("case whereis(watch) of undefined -> ok; Watch -> unregister(watch), exit(Watch, kill) end")


def none_lost(lan):
    """No node has lost a connection since watch()."""
    for node in lan.nodes:
        seen = node.watched()
        assert "nodedown" not in seen, f"{node.name}: {seen}"
        unwatch(node)
