#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node that runs 0.1.0 of the application is upgraded while it is connected to others, as release_handler does it."""

import os
import tarfile

import tap
from box import HERE
from lan import Lan
from wait import wait_for

OLD = "/run/lan/old"
FIXTURE = os.path.join(HERE, "..", "fixtures", "epmd_mdns-0.1.0.tar.gz")
TEAM = ["-epmd_mdns", "cluster", "team"]
SOON = 10       # seconds

# Programs of the node, all the time: each counts what it does, and notes what goes wrong.
PROGRAM = """register({name}, spawn(fun() -> (fun Loop(Done, Wrong) ->
    receive {{seen, From}} -> From ! {{Done, Wrong}}, Loop(Done, Wrong) after 1 ->
        case catch {what} of {right} -> Loop(Done + 1, Wrong); Other -> Loop(Done, [Other | Wrong]) end
    end end)(0, []) end)), ok"""
PROGRAMS = {
    "finds": ('epmd_mdns:address_please("b", "h2", inet)', "{ok, _, _, 6}"),
    "lists": ("epmd_mdns:nodes()", "[_, _ | _]"),
    "fails": ('epmd_mdns:address_please("nobody", "h9", inet)', "{error, _}"),
    "asks": ("epmd_mdns:peers()", "#{}"),
}


def make_old(host):
    """The application as of 0.1.0, compiled for the host's OTP; return its ebin."""
    top = f"{OLD}/epmd_mdns-0.1.0"
    with tarfile.open(FIXTURE) as tar:
        tar.extractall(host.path(OLD))
    ebin, source = f"{top}/ebin", f"{top}/src"
    os.mkdir(host.path(ebin))
    names = sorted(os.listdir(host.path(source)))
    host.check(host.otp_argv(["erlc", "-o", ebin, *(f"{source}/{name}" for name in names if name.endswith(".erl"))]), deadline=60)
    with open(host.path(f"{source}/epmd_mdns.app.src.in")) as template, open(host.path(f"{ebin}/epmd_mdns.app"), "w") as app:
        app.write(template.read().replace("@VERSION@", "0.1.0"))
    return ebin


def seen(node, name):
    """How often a program of it has done right, and what has gone wrong."""
    return node.eval(f"{name} ! {{seen, self()}}, receive {{Done, Wrong}} -> {{Done, lists:usort(Wrong)}} after 5000 -> timeout end")


def upgrades(lan):
    "a node of 0.1.0 is upgraded while it is connected and busy: it stays connected, registered and right"
    host, new = lan[1], lan[1].ebin
    b = lan[2].erl("b", *TEAM)
    host.ebin = make_old(host)
    try:
        a = host.erl("a", *TEAM)
    finally:
        host.ebin = new
    assert a.eval("epmd_mdns:wait(2, 10000)") == "ok"
    assert a.eval("ok = application:start(epmd_mdns), code:which(epmd_mdns_peers) =/= non_existing") == "true"
    port = a.eval("element(2, hd([{N, P} || {N, P} <- element(2, net_adm:names()), N =:= \"a\"]))")
    b.wait_known(a)
    for node in (a, b):
        node.watch()
    for name, (what, right) in PROGRAMS.items():
        a.eval(PROGRAM.format(name=name, what=what, right=right).replace("\n", " "))
    before = a.eval("[whereis(N) || N <- [net_kernel, epmd_mdns_sup, epmd_mdns_client, epmd_mdns_joiner]]")
    with lan[1].watch() as here, lan[2].watch() as there:
        result = a.eval(f'release_handler:upgrade_app(epmd_mdns, filename:dirname("{new}"))', 30)
        assert result.startswith("{ok,"), result
        for watch in (here, there):
            assert watch.must("HELLO 1") and not [event for event in watch.events if event.node == a.name], watch.events
    assert a.eval("[whereis(N) || N <- [net_kernel, epmd_mdns_sup, epmd_mdns_client, epmd_mdns_joiner]]") == before
    assert a.eval("{code:is_loaded(epmd_mdns_peers), is_tuple(code:is_loaded(epmd_mdns_join_state))}") == "{false,true}"
    wait_for(lambda: a.eval("epmd_mdns:peers()") == '#{<<"b@h2">> => connected}', SOON, "a@h1 knows its peer")
    done = []
    for name in PROGRAMS:
        times, wrong = seen(a, name).strip("{}").split(",", 1)
        assert wrong == "[]" and int(times) > 0, f"{name}: {wrong}"
        done.append(int(times))
    for node in (a, b):
        assert "nodedown" not in node.watched(), node.watched()
    assert not [report for report in a.reports() if "ERROR" in report or "CRASH" in report], a.reports()
    lan.a, lan.b, lan.port = a, b, port
    return f"{sum(done)} calls"


def goes_on(lan):
    "what comes after that is the new code's: a new node is joined, a client that crashes and a daemon that restarts cost nothing"
    a = lan.a
    c = lan[2].erl("c", *TEAM)
    assert a.eval("epmd_mdns:wait(3, 10000)") == "ok"
    a.eval("exit(whereis(epmd_mdns_client), kill)")
    with lan[1].control() as control:
        wait_for(lambda: [line.port for line in control.ask(f"LOOKUP {a.name}").nodes if not line.stale] == [lan.port], SOON,
                 "the next client has registered the node")
    lan[1].daemon.kill()
    lan[1].start_daemon()
    with lan[1].control() as control:
        wait_for(lambda: [line.port for line in control.ask(f"LOOKUP {a.name}").nodes] == [lan.port], SOON,
                 "the node is registered again")
    assert a.ping(c.name) == a.ping(lan.b.name) == "pong"
    assert "nodedown" not in a.watched()


if __name__ == "__main__":
    tap.main([upgrades, goes_on], Lan(2))
