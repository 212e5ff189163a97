#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names that mean this host only, such as app@127.0.0.1 and app@localhost, stay on their host: h1 and h2 have the same."""

import contextlib
import re
import sys

import announce
import tap
from lan import Lan
from wait import wait_for

TEAM = ("-epmd_mdns", "cluster", "team")
INET6 = ("-proto_dist", "inet6_tcp")
SOON = 10       # seconds
WATCH = 10      # seconds in which nodes that do join would have joined, and been lost, many times

# A name, whether it is a long one, flags, and the address by which its host knows it.
KINDS = [
    ("app@127.0.0.1", True, (), "127.0.0.1"),
    ("app@127.1", True, (), "127.0.0.1"),
    ("app@0x7f.0.0.1", True, (), "127.0.0.1"),
    ("app@localhost", False, (), "127.0.0.1"),
    ("app@LocalHost", False, (), "127.0.0.1"),
    ("app@localhost.localdomain", True, (), "127.0.0.1"),
    ("app@app.localhost", True, (), "127.0.0.1"),
    ("app@ip6-localhost", False, (), "127.0.0.1"),
    ("app@::1", True, INET6, "::1"),
    ("app@0:0:0:0:0:0:0:1", True, INET6, "::1"),
]


def start(host, name, *flags):
    return host.erl(name, *flags, long="." in name or ":" in name)


@contextlib.contextmanager
def nodes(lan, *wanted, flags=()):
    """Nodes for a test, each given as the number of its host and its name."""
    started = []
    try:
        for number, name in wanted:
            started.append(start(lan[number], name, *flags))
        yield started
    finally:
        for node in started:
            node.kill()
        for host in lan.hosts:
            host.wait_status(lambda status: status["nodes"] == 0, SOON, "all are gone")


def is_fenced(lan):
    """What h2 has announced until now, h1 has heard."""
    with lan[1].watch() as watch, lan[2].control() as lease:
        lease.register("fence@h2", 40001)
        watch.wait_event("up", "fence@h2", SOON)
        listed = [line.node for line in watch.must("LIST").nodes if line.source == "lan"]
    lan[1].wait_status(lambda status: "fence@h2" not in listed or status["sightings"] == 0, SOON, "the fence is gone")
    assert listed == ["fence@h2"], f"h1 has heard of {listed}"
    assert lan[1].status()["ignored-local"] == 0, "h2 has announced none, or h1 would have ignored it"


def told(node, what):
    return [report for report in node.reports() if f"epmd_mdns: {what}" in report]


def stay_here(lan):
    "a node of every spelling is registered, answered over loopback, and not announced"
    for name, long, flags, address in KINDS:
        node = lan[2].erl(name, *flags, long=long)
        with lan[2].control() as control:
            line, = control.lookup(name)
            assert (line.source, line.addr) == ("local", address), line
        status = lan[2].status()
        assert (status["local"], status["adverts"], status["announceable"]) == (1, 0, 0), status
        friend = lan[2].erl(f"friend@{name.partition('@')[2]}", *flags, long=long)
        assert friend.ping(name) == node.ping(friend.name) == "pong", f"{name} is reached on its host"
        node.kill()
        friend.kill()
    is_fenced(lan)
    return f"{len(KINDS)} names"


def operator(lan):
    "an operator who means a node of his own host never reaches its namesake on another, whatever name he has"
    for app, operators in (("app@127.0.0.1", ("op@127.0.0.1", "op@h1.local")), ("app@localhost", ("op@localhost", "op"))):
        with nodes(lan, (2, app)) as (there,):
            is_fenced(lan)
            for name in operators:
                with contextlib.ExitStack() as ends:
                    op = start(lan[1], name)
                    ends.callback(op.kill)
                    stop = f"rpc:call('{app}', init, stop, [])"
                    assert op.eval(stop) == "{badrpc,nodedown}", f"{op.name} and {app}"
                    assert op.ping(app) == "pang" and op.eval("nodes()") == "[]"
                    # One that runs on his own host is the one that he means.
                    here = start(lan[1], app)
                    ends.callback(here.kill)
                    where = op.eval(f"element(2, rpc:call('{app}', inet, gethostname, []))").strip('"')
                    assert where == "h1", f"{op.name} reaches {app} on {where}"
                    assert op.eval(stop) == "ok"
                    assert here.wait(30) == 0
                assert there.eval("node()").strip("'") == app, "the one on h2 lives on"


def no_conflict(lan):
    "two hosts with nodes of one name have no conflict, and neither lists the other's"
    for name in ("a@127.0.0.1", "a@localhost"):
        with nodes(lan, (1, name), (2, name)) as both:
            is_fenced(lan)
            for host, node in zip(lan.hosts, both):
                status = host.status()
                assert (status["conflicts"], status["nodes"], status["sightings"]) == (0, 1, 0), status
                assert node.eval("epmd_mdns:nodes()") == f'[<<"{name}">>]'
                shown = host.cli("list", "--no-legend").stdout.splitlines()
                assert len(shown) == 1 and shown[0].endswith("local"), shown


def join_on_one_host(lan):
    "nodes of one host and one label join each other; a node with an ordinary name joins none of them"
    for names in (("a@127.0.0.1", "b@127.0.0.1", "c@h1.local"), ("a@localhost", "b@localhost", "c")):
        with nodes(lan, *[(1, name) for name in names], flags=TEAM) as (a, b, c):
            for node, other in ((a, b), (b, a)):
                assert node.eval(f"epmd_mdns:wait(2, {SOON * 1000})", SOON + 5) == "ok"
                assert node.connected() == {other.name}, node.name
                assert node.eval("maps:to_list(epmd_mdns:peers())") == f'[{{<<"{other.name}">>,connected}}]'
            assert c.eval("{epmd_mdns:peers(), nodes()}") == "{#{},[]}"


def no_join_across_hosts(lan):
    "with one label on two hosts such nodes join nobody, and lose nobody; ordinary nodes of the label are joined as ever"
    wanted = [(1, "a@127.0.0.1"), (1, "c@h1.local"), (2, "a@127.0.0.1"), (2, "b@127.0.0.1"), (2, "d@h2.local")]
    with nodes(lan, *wanted, flags=TEAM) as (a1, c, a2, b, d):
        for node, other in ((c, d), (d, c), (a2, b), (b, a2)):
            assert node.eval(f"epmd_mdns:wait(2, {SOON * 1000})", SOON + 5) == "ok"
        # It waits for one of two to come, all the time.
        for node, number in ((a1, 2), (b, 3), (c, 3)):
            waited = node.eval(f"epmd_mdns:wait({number}, {WATCH * 1000 // 3})", WATCH + 5)
            assert waited == "{error,timeout}", f"{node.name} has joined somebody"
        is_still(a1, [])
        for node, other in ((c, d), (d, c), (a2, b), (b, a2)):
            is_still(node, [other])


def is_still(node, others):
    """It is connected to these since it has joined them, and to nobody else."""
    assert node.connected() == {other.name for other in others}, node.name
    wait_for(lambda: len(told(node, "joined")) == len(others), SOON, f"the log of {node.name}")
    assert told(node, "lost") == told(node, "join_failed") == [], node.reports()


def forged(lan):
    "an advert with such a name is ignored and counted, whether a node of that name is here or not"
    adverts = [[b"node=app@127.0.0.1"], [b"node=app@localhost", b"cluster=team"], [b"node=app@0x7F.1"],
               [b"node=app@0:0::1", b"family=inet6"], [b"node=a@127.0.0.1", b"cluster=team"]]
    with nodes(lan, (1, "a@127.0.0.1"), flags=TEAM) as (node,), lan[1].watch() as watch:
        for number, txt in enumerate(adverts):
            counted = lan[1].status()["ignored-local"]
            send(lan[2], f"forged {number}", txt)
            lan[1].wait_status(lambda status: status["ignored-local"] == counted + 1, SOON, f"{txt} is counted")
            name = txt[0].decode().removeprefix("node=")
            assert {line.source for line in watch.lookup(name)} <= {"local"}, name
        status = watch.status()
        assert (status["conflicts"], status["nodes"], status["sightings"]) == (0, 1, 0), status
        assert not watch.events, watch.events
        assert node.eval("{epmd_mdns:nodes(), epmd_mdns:peers()}") == '{[<<"a@127.0.0.1">>],#{}}'
        # For an ordinary one it waits 0.8 s each time: its cluster may know it already. A busy machine is not slow five times.
        took = int(node.eval('lists:min([element(1, timer:tc(epmd_mdns, address_please, ["app", "127.0.0.1", inet])) '
                             "|| _ <- lists:seq(1, 5)])"))
        assert took < 700000, f"a lookup took {took / 1e6:.2f} s"
        for number, txt in enumerate(adverts):
            send(lan[2], f"forged {number}", txt, ttl=0)
    return f"{len(adverts)} adverts, a lookup in {took / 1e3:.0f} ms"


def send(host, *args, **more):
    host.check([sys.executable, announce.__file__, announce.advert(*args, **more)])


def said_so(lan):
    "resolve and doctor say that such a name means this host only"
    means = "127.0.0.1 means this host only: such a node is not announced, nor looked for on the LAN."
    with nodes(lan, (1, "app@127.0.0.1")), lan[2].control() as lease:
        lease.register("bob@localhosts", 40001)
        lan[1].wait_status(lambda status: status["nodes"] == 2, SOON, "the other is heard of")
        shown = lan[1].cli("resolve", "app@127.0.0.1")
        assert shown.returncode == 0 and "on this host" in shown.stdout.splitlines()[0], shown
        assert shown.stdout.splitlines()[-1] == means, shown
        # Of what runs here something else may have been meant, of what runs elsewhere nothing.
        for name, meant in (("apo@127.0.0.1", "; did you mean app@127.0.0.1?"), ("bob@localhost", "")):
            shown = lan[1].cli("resolve", name)
            assert shown.returncode == 3 and not shown.stdout, shown
            assert shown.stderr == (f"epmd-mdns: no node {name} is registered on this host{meant}\n"
                                    f"{means.replace('127.0.0.1', name.partition('@')[2])}\n"
                                    "A node with epmd_mdns would now ask this host's epmd.\n"), shown
        shown = lan[1].cli("doctor").stdout
        line, = re.findall(r"^(\w+) +loopback-names: (.*)$", shown, re.M)
        assert line == ("ok", "app@127.0.0.1 is for this host only: other hosts can't reach it; if they should, "
                        "start it with -sname app, or -name app@h1.local"), shown
        labelled = start(lan[1], "team@localhost", *TEAM)
        line, = re.findall(r"^(\w+) +loopback-names: (.*)$", lan[1].cli("doctor").stdout, re.M)
        assert line[0] == "warn" and "app@127.0.0.1, team@localhost are for this host only" in line[1], line
        labelled.kill()
    lan[1].wait_status(lambda status: status["nodes"] == 0, SOON, "all are gone")


if __name__ == "__main__":
    tap.main([stay_here, operator, no_conflict, join_on_one_host, no_join_across_hosts, forged, said_so], Lan(2))
