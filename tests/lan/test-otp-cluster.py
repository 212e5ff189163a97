#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nodes of one cluster join each other by themselves, and nobody else's."""

import contextlib
import signal

import tap
from lan import Lan
from wait import wait_for

TEAM = ["-epmd_mdns", "cluster", "team"]
SOON = 10       # seconds


@contextlib.contextmanager
def nodes(lan, *pairs, flags=TEAM):
    """Nodes for a test, each given as the number of its host and its name; one starts when the one before is up."""
    started = []
    try:
        for number, name in pairs:
            started.append(lan[number].erl(name, *flags))
        yield started
    finally:
        ends(lan, *started)


def ends(lan, *members):
    """Kill them, if they live, and wait until nobody knows them any more: the next ones may have the same names."""
    for node in members:
        if node.alive:
            node.kill()
    names = {node.name for node in members}
    for host in lan.hosts:
        with host.control() as control:
            wait_for(lambda c=control: not names & {line.node for line in c.must("LIST").nodes}, SOON,
                     f"{names} have gone")


def meshed(*members):
    """Wait until each is connected to all others, as it says itself and as nodes() says."""
    names = {node.name for node in members}

    def is_meshed(node):
        seen = node.eval("{epmd_mdns:wait(%d, 0), [list_to_binary(atom_to_list(N)) || N <- nodes()]}" % len(members))
        return seen.startswith("{ok,") and all(f'<<"{name}">>' in seen for name in names - {node.name})

    for node in members:
        wait_for(lambda node=node: is_meshed(node), SOON, f"{node.name} is connected to all")


def status(node, other):
    """How it is with the other node, as this one's joiner sees it."""
    return node.eval(f'maps:get(<<"{other.name}">>, epmd_mdns:peers(), none)')


def becomes(node, other, wanted):
    wait_for(lambda: status(node, other) == wanted, SOON, f"for {node.name}, {other.name} is {wanted}")


def wait_apart(one, other):
    """Wait until both have paused each other, and are not connected."""
    def is_apart(node, from_whom):
        return node.eval(f'{{maps:get(<<"{from_whom.name}">>, epmd_mdns:peers(), none), '
                         f"lists:member('{from_whom.name}', nodes(connected))}}") == "{paused,false}"

    # A message that global sends just then connects them again; what does so within a second is disconnected as well.
    wait_for(lambda: is_apart(one, other) and is_apart(other, one), SOON, f"{one.name} and {other.name} are apart")


def told(node, what, other):
    """How often the log says joined or lost of the other node."""
    return len([report for report in node.reports(f"node: {other.name}") if f"epmd_mdns: {what}" in report])


def joins_on_start(lan):
    "a node that starts is connected to the one that is there; wait/2 says so, and the log has a line at each end"
    with nodes(lan, (1, "a"), (2, "b")) as (a, b):
        assert b.eval("epmd_mdns:wait(2, 5000)") == a.eval("epmd_mdns:wait(2, 5000)") == "ok"
        assert a.eval("nodes()") == "[b@h2]" and b.eval("nodes()") == "[a@h1]"
        assert a.eval("epmd_mdns:wait(3, 10)") == "{error,timeout}"
        for node, other in ((a, b), (b, a)):
            wait_for(lambda n=node, o=other: told(n, "joined", o), SOON, f"a line in the log of {node.name}")
            assert len(node.reports()) == 1, node.reports()


def two_at_once(lan):
    "two nodes that start at the same moment are connected"
    pairs = [(lan[1], "a"), (lan[2], "b")]
    a, b = lan.each(lambda pair: pair[0].erl(pair[1], *TEAM), pairs)
    meshed(a, b)
    ends(lan, a, b)


def nobody_else(lan):
    "who has no cluster, another one, a long name, another protocol or is hidden is not joined, and joins nobody"
    hosts = lan.hosts
    with nodes(lan, (1, "a")) as (a,):
        others = lan.each(lambda args: args[0].erl(args[1], *args[2], long="@" in args[1]), [
            (hosts[1], "nocluster", []), (hosts[1], "other", ["-epmd_mdns", "cluster", "other"]),
            (hosts[2], "long@h3.local", TEAM), (hosts[2], "aloof", ["-hidden", "-epmd_mdns", "cluster", "other2"])])
        with hosts[2].control() as lease:
            lease.register("tls@h3", 40001, proto="tls", cluster="team")
            lease.ask("REGISTER tls@h3 port=40002 family=inet proto=tls cluster=team")
            with hosts[1].control() as hidden:
                hidden.register("ghost@h2", 40003, type="hidden", cluster="team")
                wait_for(lambda: a.eval("length(epmd_mdns:nodes())") == "7", SOON, "all are known")
                # Whom it joins after that shows that it has decided about those before.
                with nodes(lan, (2, "b")) as (b,):
                    meshed(a, b)
                    assert a.eval("maps:keys(epmd_mdns:peers())") == '[<<"b@h2">>]', a.eval("epmd_mdns:peers()")
                    assert a.eval("nodes(connected)") == "[b@h2]"
        for node in others:
            assert node.eval("nodes(connected)") == "[]"
        ends(lan, *others)


def hidden_if_asked(lan):
    "with join_hidden true a hidden node is joined"
    with nodes(lan, (2, "ghost"), flags=[*TEAM, "-hidden"]), \
            nodes(lan, (1, "a"), flags=[*TEAM, "-epmd_mdns", "join_hidden", "true"]) as (a,):
        assert a.eval("epmd_mdns:wait(2, 5000)") == "ok"
        assert a.eval("{nodes(), nodes(hidden)}") == "{[],[ghost@h2]}"


def other_cookie(lan):
    "a stranger with the cluster's label but another cookie is not connected: a warning each, two lines at most"
    with nodes(lan, (1, "a"), (2, "b")) as (a, b):
        meshed(a, b)
        stranger = lan[3].erl("s", *TEAM, cookie="y")
        for one, other in ((a, stranger), (b, stranger), (stranger, a), (stranger, b)):
            becomes(one, other, "refused")
            wait_for(lambda one=one, other=other: any("join_failed" in report for report in one.reports(other.name)),
                     SOON, f"a warning of {one.name} about {other.name}")
        for one, other in ((a, stranger), (b, stranger), (stranger, a), (stranger, b)):
            # What is refused is tried again after more than two minutes; see epmd_mdns_join_policy_tests.
            lines = one.reports(other.name)
            # What is logged while OTP's default handler takes over from logger_simple_h comes twice, to the microsecond the same.
            assert len(set(lines)) <= 2 and len([line for line in lines if "join_failed" in line]) == 1, lines
        assert stranger.eval("nodes()") == "[]" and a.eval("nodes()") == "[b@h2]"
        ends(lan, stranger)


def restarted(lan):
    "a node that is killed and started again is joined again: a line when it is lost, and one when it is back"
    with nodes(lan, (1, "a"), (2, "b")) as (a, b):
        meshed(a, b)
        b.signal(signal.SIGKILL)
        wait_for(lambda: told(a, "lost", b), SOON, "b is lost")
        b.wait(10)
        with lan[2].control() as control:
            wait_for(lambda: not control.lookup(b.name), SOON, "its daemon knows")
        again = lan[2].erl("b", *TEAM)
        meshed(a, again)
        wait_for(lambda: told(a, "joined", b) == 2, SOON, "b is joined again")
        assert told(a, "lost", b) == 1
        ends(lan, again)


def leaves_and_joins(lan):
    "leave/0 withdraws a node, which stays connected; then it joins nobody until join/0"
    with lan[1].watch() as watch, nodes(lan, (1, "a"), (2, "b")) as (a, b):
        meshed(a, b)
        assert b.eval("epmd_mdns:leave()") == "ok"
        watch.wait_event("down", "b@h2", SOON)
        assert b.eval("epmd_mdns:wait(1, 1000)") == "{error,no_cluster}"
        assert a.eval("nodes()") == "[b@h2]" and a.eval("epmd_mdns:wait(2, 0)") == "ok"
        # Also when it is lost, for nobody knows where it is.
        b.disconnect(a)
        becomes(a, b, "none")
        assert a.eval("nodes()") == b.eval("nodes()") == "[]"
        assert b.eval("epmd_mdns:join()") == "ok"
        meshed(a, b)


def pauses(lan):
    "pause/1 disconnects two nodes until either is told to resume"
    with nodes(lan, (1, "a"), (2, "b")) as (a, b):
        meshed(a, b)
        for first, other, back in ((a, b, a), (a, b, b), (b, a, a)):
            assert first.eval(f"epmd_mdns:pause('{other.name}')") == "ok"
            wait_apart(first, other)
            assert back.eval(f"epmd_mdns:resume('{(b if back is a else a).name}')") == "ok"
            meshed(a, b)


def disconnects(lan):
    "a node that a program disconnects is joined again: it may have been global"
    with nodes(lan, (1, "a"), (2, "b")) as (a, b):
        meshed(a, b)
        a.disconnect(b)
        wait_for(lambda: told(a, "lost", b), SOON, "they are disconnected")
        meshed(a, b)
        assert not a.reports("paused") and not b.reports("paused")


def pauses_until_restart(lan):
    "of two nodes that are paused neither joins the other, until it has been started anew; both say who asked for it"
    fixed = [*TEAM, "-kernel", "inet_dist_listen_min", "40100", "-kernel", "inet_dist_listen_max", "40100"]
    with nodes(lan, (1, "a"), (2, "b"), flags=fixed) as (a, b):
        meshed(a, b)
        assert a.eval("epmd_mdns:pause('b@h2')") == "ok"
        wait_apart(a, b)
        assert a.reports("epmd_mdns: paused (by: pause/1 here") and b.reports("epmd_mdns: paused (by: pause/1 on a@h1"), \
            a.reports() + b.reports()
        # On the port that it had before: the new node says itself that it is another one.
        ends(lan, b)
        again = lan[2].erl("b", *fixed)
        meshed(a, again)
        ends(lan, again)


def disconnects_in_company(lan):
    "with a third node around a disconnect may be global's, and everybody is joined again"
    with nodes(lan, (1, "a"), (2, "b"), (3, "c")) as (a, b, c):
        meshed(a, b, c)
        a.disconnect(b)
        wait_for(lambda: told(a, "lost", b), SOON, "they are disconnected")
        meshed(a, b, c)


def disconnects_where_global_is_calm(lan):
    "but without prevent_overlapping_partitions it is a program's, and the two stay apart"
    calm = [*TEAM, "-kernel", "prevent_overlapping_partitions", "false"]
    with nodes(lan, (1, "a"), (2, "b"), (3, "c"), flags=calm) as (a, b, c):
        meshed(a, b, c)
        a.disconnect(b)
        wait_apart(a, b)
        assert a.reports("epmd_mdns: paused (by: disconnect_node/1 here") and b.reports("paused (by: disconnect_node/1 on a@h1")
        becomes(c, a, "connected")
        becomes(c, b, "connected")


def tells_programs(lan):
    "a subscriber is told who is joined, and who can't be"
    with nodes(lan, (1, "a")) as (a,):
        a.eval("ok = epmd_mdns:subscribe()")
        # Only what the test process hears counts, which evaluates all this.
        wait = ("(fun W() -> receive {epmd_mdns, {K, <<\"%s\">>, M}} when K =:= joined; K =:= join_failed -> {K, M}; "
                "{epmd_mdns, _} -> W() after 10000 -> late end end)()")
        with nodes(lan, (2, "b")):
            assert a.eval(wait % "b@h2", 15) == "{joined,#{}}"
        with lan[2].control() as lease:
            lease.register("dead@h2", 9, cluster="team")
            assert a.eval(wait % "dead@h2", 15) == "{join_failed,#{reason => unreachable}}"


if __name__ == "__main__":
    tap.main([joins_on_start, two_at_once, nobody_else, hidden_if_asked, other_cookie, restarted, leaves_and_joins,
              pauses, pauses_until_restart, disconnects, disconnects_in_company, disconnects_where_global_is_calm, tells_programs], Lan(3))
