#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kinds of Erlang node: hidden, nameless, not listening, started and stopped at run time, started by peer; and who
calls them from elsewhere: rpc, erpc, erl_call. names/1, by which tools decide whether to start an epmd."""

import re

import tap
from lan import Lan
from node import LOOP, Node
from wait import wait_for

HERE = 2        # seconds in which this host knows of a node that comes or goes
SOON = 5        # and in which the other one does


def flags(host):
    return ["-start_epmd", "false", "-epmd_module", "epmd_mdns", "-pa", host.ebin]


def vm(host, *more):
    """An Erlang VM in which a test can evaluate, perhaps without distribution."""
    argv = ["erl", "-noshell", "-setcookie", "x", *flags(host), *more, "-eval", LOOP]
    return host.spawn(host.otp_argv(argv), "vm", kind=Node)


def clear(lan):
    """End all nodes, and wait until nobody is known any more; return the two hosts."""
    for host in lan.hosts:
        for process in host.processes:
            if isinstance(process, Node):
                process.kill()
    for host in lan.hosts:
        host.wait_status(lambda status: status["nodes"] == 0, SOON, "all nodes have gone")
    return lan.hosts


def reaches(node, other):
    """Connect by name. A node is told of another at about the time when a test is: it may be a little later."""
    wait_for(lambda: node.ping(other) == "pong", HERE, f"{node.name or node.label} reaches {other}")


def none_is_registered(host):
    status = host.status()
    assert status["local"] == status["adverts"] == 0, status


def hidden(lan):
    "a hidden node says so in the advert and in LIST; it connects, and is connected to, when asked"
    h1, h2 = clear(lan)
    expected = {"ghost@h1": "hidden", "bob@h2": None, "carol@h2": None}
    with h2.watch() as watch:
        ghost = h1.erl("ghost", "-hidden")
        watch.wait_event("up", "ghost@h1", SOON, type="hidden")
        bob, carol = h2.erl("bob"), h2.erl("carol")
        for host in lan.hosts:
            with host.control() as control:
                wait_for(lambda: {line.node: line.type for line in control.ask("LIST").nodes} == expected, SOON,
                         f"{host.name} lists {expected}")
        reaches(bob, "ghost@h1")
        reaches(ghost, "carol@h2")
        assert bob.eval("{nodes(), nodes(hidden)}") == "{[],[ghost@h1]}", "nor has it led bob to carol"
        assert ghost.eval("{nodes(), lists:sort(nodes(hidden))}") == "{[],[bob@h2,carol@h2]}"


def nameless(lan):
    "-sname undefined: the node takes its name from the one it connects to, and is never registered"
    h1, h2 = clear(lan)
    with h1.watch() as watch:
        bob = h2.erl("bob")
        watch.wait_event("up", "bob@h2", SOON)
        node = vm(h1, "-sname", "undefined")
        assert node.eval("net_kernel:connect_node('bob@h2')", 20) == "true"
        assert re.fullmatch(r"'\w+@h1'", node.eval("node()"))
        assert node.eval("nodes(hidden)") == "[bob@h2]"
        own = node.eval("node()")
        wait_for(lambda: bob.eval("nodes(hidden)") == f"[{own}]", SOON, "the other end has noticed, too")
        none_is_registered(h1)
        bob.kill()
        watch.wait_event("down", "bob@h2", SOON)
    wait_for(lambda: node.eval("nodes(hidden)") == "[]", SOON, "it has noticed")
    assert node.alive, "it outlives the node that it was connected to, though its distribution starts anew"
    none_is_registered(h1)
    node.stop()


def mute(lan):
    "-dist_listen false: the node has a name and connects outwards, but is never registered"
    h1, h2 = clear(lan)
    with h1.watch() as watch:
        bob = h2.erl("bob")
        watch.wait_event("up", "bob@h2", SOON)
        node = h1.erl("mute", "-dist_listen", "false")
        assert node.ping("bob@h2") == "pong"
        assert bob.eval("nodes(hidden)") == "[mute@h1]"
        none_is_registered(h1)
        with h1.control() as control:
            assert not control.lookup("mute@h1")
        assert not h1.listening()


def at_run_time(lan):
    "net_kernel:start and stop, again and again: each is heard on the other host, and each new port is followed"
    h1, h2 = clear(lan)
    bob = h2.erl("bob")
    node = vm(h1)
    assert node.eval("{node(), erlang:whereis(epmd_mdns_sup)}", 20) == "{nonode@nohost,undefined}"
    ports = []
    with h1.watch() as here, h2.watch() as there:
        for name in ("roam", "roam", "rover", "roam", "roam"):
            node.eval(f"{{ok, _}} = net_kernel:start(['{name}', shortnames])")
            ports += h1.listening()
            here.wait_event("up", f"{name}@h1", HERE, port=str(ports[-1]), source="local")
            there.wait_event("up", f"{name}@h1", SOON, port=str(ports[-1]))
            reaches(bob, f"{name}@h1")
            assert node.eval("net_kernel:stop()") == "ok"
            here.wait_event("down", f"{name}@h1", HERE, source="local")
            there.wait_event("down", f"{name}@h1", SOON)
            assert bob.ping(f"{name}@h1") == "pang"
    assert len(ports) == 5 and len(set(ports)) > 1, f"one port at a time, and not always the same: {ports}"
    none_is_registered(h1)


def in_a_rush(lan):
    "net_kernel:stop and start without a pause: the name is never taken, and the last port is the one that is known"
    h1, h2 = clear(lan)
    node = vm(h1)
    assert node.eval("Start = fun() -> {ok, _} = net_kernel:start([roam, shortnames]) end, "
                     "[{Start(), net_kernel:stop()} || _ <- lists:seq(1, 100)], Start(), node()", 60) == "roam@h1"
    [port] = h1.listening()
    with h1.control() as here, h2.control() as there:
        assert [line.port for line in here.lookup("roam@h1")] == [str(port)]
        wait_for(lambda: {line.port for line in there.lookup("roam@h1") if not line.stale} == {str(port)}, SOON,
                 "h2 knows the last port")
    assert h2.erl("bob").ping("roam@h1") == "pong"
    h1.wait_status(lambda status: status["adverts"] == 1, SOON, "one advert")


def by_peer(lan):
    "peer: a node that is started with the flags is on the LAN, and gone when it is stopped"
    h1, h2 = clear(lan)
    arguments = ", ".join(f'"{word}"' for word in ["-setcookie", "x", *flags(h1)])
    origin = h1.erl("origin")
    with h2.watch() as watch:
        assert origin.eval(f"{{ok, Peer, Name}} = peer:start(#{{name => child, args => [{arguments}]}}), "
                           "register(child, Peer), Name", 30) == "child@h1"
        watch.wait_event("up", "child@h1", SOON)
        assert h2.erl("caller").eval("rpc:call(child@h1, erlang, node, [])") == "child@h1"
        assert origin.eval("peer:stop(whereis(child))") == "ok"
        watch.wait_event("down", "child@h1", SOON)


def calls(lan):
    "rpc, erpc, gen_server:call and spawn reach a node of which only the name is known"
    h1, h2 = clear(lan)
    with h1.watch() as watch:
        for number in range(4):
            h2.erl(f"callee{number}")
            watch.wait_event("up", f"callee{number}@h2", SOON)
    caller = h1.erl("caller")
    assert caller.eval("rpc:call(callee0@h2, erlang, node, [])") == "callee0@h2"
    assert caller.eval("erpc:call(callee1@h2, erlang, node, [])") == "callee1@h2"
    assert caller.eval("gen_server:call({kernel_sup, callee2@h2}, which_children) =/= []") == "true"
    assert caller.eval("spawn(callee3@h2, erlang, send, [self(), here]), "
                       "receive here -> arrived after 5000 -> late end") == "arrived"


def erl_call(lan):
    "erl_call -address reaches a node at the port that epmd-mdns list and net_adm:names tell"
    h1, h2 = clear(lan)
    with h1.watch() as watch:
        h2.erl("callee")
        watch.wait_event("up", "callee@h2", SOON)
    listed = re.search(r"^callee@h2 +(\S+) +(\d+)", h1.cli("list").stdout, re.MULTILINE)
    named = re.search(r'\{"callee",(\d+)\}', h1.erl("asker").eval('net_adm:names("h2")'))
    assert listed[1] == h2.address and listed[2] == named[1], (listed, named)
    for host, address in ((h1, f"{listed[1]}:{listed[2]}"), (h2, named[1])):
        shown = host.check(host.otp_argv(["erl_call", "-address", address, "-c", "x", "-a", "erlang node"]))
        assert shown == "callee@h2", shown


def names(lan):
    """names/1 is {ok, _} as long as the daemon is up, so that tools start no epmd; a node goes on telling what it knows
    without a daemon, another VM says that there is none"""
    host, _ = clear(lan)
    node, other = vm(host), vm(host)
    assert node.eval("net_adm:names()", 20) == other.eval("net_adm:names()", 20) == "{ok,[]}", "not distributed"
    only = node.eval("{ok, _} = net_kernel:start([only, shortnames]), net_adm:names()")
    assert only == f'{{ok,[{{"only",{host.listening().pop()}}}]}}', only
    for asked in ("h1", '"h1"', '"H1.local"', "localhost", '"127.0.0.1"', "{127, 0, 0, 1}"):
        assert node.eval(f"net_adm:names({asked})") == other.eval(f"net_adm:names({asked})") == only, asked
    host.daemon.stop()
    assert other.eval("net_adm:names()") == "{error,address}"
    assert node.eval("net_adm:names()") == only
    host.start_daemon()
    wait_for(lambda: other.eval("net_adm:names()") == only, SOON, "the node is registered again")
    for each in lan.hosts:
        assert "epmd" not in each.running().values() and 4369 not in each.listening()


if __name__ == "__main__":
    tap.main([hidden, nameless, mute, at_run_time, in_a_rush, by_peer, calls, erl_call, names],
             Lan(2, needs=["erl_call"]))
