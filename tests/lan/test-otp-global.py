#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OTP's global loses names for good if the first connection to a living node fails: so the first lookup must be right, and
what is lost all the same has to be registered anew."""

import os
import random
import threading
import time

import tap
from lan import Lan
from wait import Late, wait_for

ROUNDS = int(os.environ.get("EPMD_MDNS_ROUNDS", "4"))   # 40 tell more, by hand
DEAD = 1.7      # seconds
MOMENT = 1      # second: more than global takes to exchange the names of a few nodes
HEALED = 15     # seconds after which a name that global has lost is there again
SMALL = ["-epmd_mdns", "cluster", "team", "+S", "1", "+SDio", "1", "+A", "1", "+sbwt", "none", "-kernel", "net_ticktime", "4"]
# Each node has two names, as early as it can: before it is connected to anybody.
NAMES = "[yes = global:register_name({node(), N}, spawn(fun() -> receive stop -> ok end end)) || N <- [1, 2]], ok"
REGISTER = ["-eval", NAMES + "."]
# What is missing of nodes and of names, as this node sees it.
MISSING = "{%d - length([node() | nodes()]), [N || N <- [%s], global:whereis_name(N) =:= undefined]}"


def start(host, name):
    return host.erl(name, *SMALL, *REGISTER, wait=False)


def start_all(lan):
    lan.nodes = [start(host, name) for host in lan.hosts for name in ("x", "y")]
    for node in lan.nodes:
        node.eval("node()", 60)


def missing(lan):
    """The nodes that miss others, or names of theirs."""
    names = ", ".join(f"{{'{node.name}', {number}}}" for node in lan.nodes for number in (1, 2))
    found = {node.name: node.eval(MISSING % (len(lan.nodes), names), 30) for node in lan.nodes}
    return {name: what for name, what in found.items() if what != "{0,[]}"}


def end(lan):
    for node in lan.nodes:
        node.kill()
    for host in lan.hosts:
        host.processes = [process for process in host.processes if process not in lan.nodes]


def restart(lan, at):
    """The node in this place is killed, and started anew."""
    old = lan.nodes[at]
    host = lan.hosts[at // 2]
    old.kill()
    host.processes.remove(old)
    lan.nodes[at] = start(host, old.name.split("@")[0])


def daemon_dies(host):
    """It is dead for a while; return what waits for its return."""
    host.daemon.kill()
    dead, host.daemon = host.daemon, None
    host.processes.remove(dead)
    timer = threading.Timer(DEAD, lambda: host.start_daemon(wait=False))
    timer.start()
    return timer


def play(lan, chance):
    """One round: return what global has lost meanwhile, by node, when all is there again."""
    victim = chance.choice(lan.hosts)
    timer = daemon_dies(victim)
    for at in chance.sample(range(len(lan.nodes)), 2):
        restart(lan, at)
    timer.join()
    victim.wait_daemon()
    for node in lan.nodes:
        node.eval("node()", 60)
    return wait_complete(lan)


def wait_complete(lan):
    """Wait for the nodes, and then for the names: what global has to exchange takes it a moment. Return what took longer."""
    wait_for(lambda: all(what.startswith("{0,") for what in missing(lan).values()), 60, "nodes() is complete everywhere", 0.2)
    lost = {}
    try:
        wait_for(lambda: not missing(lan), MOMENT, "the names are complete", 0.1)
    except Late:
        lost = missing(lan)
    try:
        wait_for(lambda: not missing(lan), HEALED, "the names are complete", 0.2)
    except Late as late:
        raise AssertionError(f"names are lost: {missing(lan)}") from late
    return lost


def found_again(lan):
    "global loses a name on one node, as it does where connections cross: the node that it belongs to registers it anew"
    start_all(lan)
    wait_complete(lan)
    owner, loser = lan.nodes[0], lan.nodes[3]
    pid = loser.eval(f"global:whereis_name({{'{owner.name}', 1}})")
    # What the monitor of its process says when a connection to its node has failed.
    loser.eval(f"begin [{{Name, Pid, _, Monitor}}] = ets:lookup(global_names, {{'{owner.name}', 1}}), "
               "global_name_server ! {'DOWN', Monitor, process, Pid, noconnection}, ok end")
    begin = time.monotonic()
    wait_for(lambda: missing(lan), 5, "the name is lost", 0.05)
    lost = missing(lan)
    assert lost == {loser.name: f"{{0,[{{{owner.name},1}}]}}"}, lost
    wait_for(lambda: not missing(lan), HEALED, "the name is there again", 0.2)
    assert loser.eval(f"global:whereis_name({{'{owner.name}', 1}})") == pid
    wait_for(lambda: owner.reports("global_names"), 5, "its log tells")
    end(lan)
    return f"after {time.monotonic() - begin:.1f} s"


def peers_tell(lan):
    "a node restarts at another port while a daemon is dead: what the connected nodes know is answered there"
    start_all(lan)
    wait_complete(lan)
    lan[3].daemon.kill()
    restart(lan, 2)
    lan.nodes[2].eval("node()", 60)
    lan.nodes[2].wait_known(lan.nodes[2])
    known = lan.nodes[2].eval("[{ok, maps:get(port, E)} || E <- epmd_mdns:lookup(node())]")
    # As a process that sets up a connection asks.
    wait_for(lambda: lan.nodes[4].eval("[case epmd_mdns:address_please(\"x\", \"h2\", inet) of {ok, _, Port, 6} -> "
                                       "{ok, Port}; Other -> Other end]") == known,
             20, "the new port is known to a node without a daemon")
    lan[3].start_daemon()
    end(lan)


def names_survive(lan):
    "two nodes restart while a daemon is dead: when all are connected again, no global name is lost"
    seed = int(os.environ.get("EPMD_MDNS_SEED") or time.time())
    chance = random.Random(seed)
    start_all(lan)
    # Two nodes that connect to each other at the same moment may lose some: then they are registered anew.
    lost = [what for what in [wait_complete(lan)] + [play(lan, chance) for _ in range(ROUNDS)] if what]
    for what in lost:
        tap.comment(f"lost for a moment: {what}")
    return f"names were missing for a moment in {len(lost)} of {ROUNDS} rounds and a start, seed {seed}"


if __name__ == "__main__":
    tap.main([found_again, peers_tell, names_survive], Lan(3))
