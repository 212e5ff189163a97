#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two nodes of a cluster can't connect to each other, but both reach a third one: OTP's global parts them from it again and
again. Nobody pauses, everybody is told, most stay connected, and all are connected when the fault is over."""

import contextlib
import json
import os
import re
import shutil
import time

import container
import tap
from lan import Lan
from wait import wait_for

TEAM = ["-epmd_mdns", "cluster", "team"]
SOON = 15           # seconds, in which each of these things has to be done
ONE_WAY = 30        # seconds, if that takes the joiners to find a pair at fault, and three attempts of OTP
RUNS = int(os.environ.get("EPMD_MDNS_RUNS") or 0)
WATCH = int(os.environ.get("EPMD_MDNS_WATCH") or 30)    # seconds; after 28 s global has tried as often as it will
PORT = 41000
SUBNET = "203.0.113"    # TEST-NET-3


def block(how, one, other, both=True):
    """Neither host reaches the other's TCP ports, or only the second not the first's; all else passes."""
    for host, source in ((one, other), (other, one))[:1 + both]:
        host.check("nft -f -", input=f"""
            table inet pairs {{
                chain input {{
                    type filter hook input priority 0;
                    ip saddr {source.address} tcp flags syn / syn,ack {how}
                    ip6 saddr {source.address6} tcp flags syn / syn,ack {how}
                }}
            }}
            """)


def unblock(*hosts):
    for host in hosts:
        host.run(["nft", "delete", "table", "inet", "pairs"])


@contextlib.contextmanager
def nodes(lan, *pairs, flags=TEAM):
    """Nodes for a test, each given as the number of its host and its name."""
    started = []
    try:
        for number, name in pairs:
            started.append(lan[number].erl(name, *flags))
        yield started
    finally:
        ends(lan, *started)


def ends(lan, *members):
    for node in members:
        if node.alive:
            node.kill()
    names = {node.name for node in members}
    for host in lan.hosts:
        with host.control() as control:
            wait_for(lambda c=control: not names & {line.node for line in c.must("LIST").nodes}, SOON, f"{names} have gone")


def status(node, other):
    """How it is with the other node, as this one's joiner sees it."""
    return node.eval(f'maps:get(<<"{other.name}">>, epmd_mdns:peers(), none)')


def whole(*members, soon=SOON):
    """Wait until all of them are connected to each other; return how long that took."""
    start = time.monotonic()
    names = {node.name for node in members}
    wait_for(lambda: all(names - {node.name} <= node.connected() for node in members), soon,
             f"{names} are all connected to each other", interval=0.1)
    return time.monotonic() - start


def not_paused(*members):
    for node in members:
        assert "paused" not in node.eval("epmd_mdns:peers()"), node.eval("epmd_mdns:peers()")
        assert not node.reports("epmd_mdns: paused"), node.reports("paused")


def told(*members, pair, reason):
    """Wait until each has logged that the pair is apart, and shows it; return how long that took."""
    start = time.monotonic()
    one, other = (node.name for node in pair)
    line = rf"({one} can't reach {other}|{other} can't reach {one}) \({reason}\); OTP's global will disconnect others"
    for node in members:
        wait_for(lambda node=node: any(re.search(line, report) for report in node.reports("pair_apart")),
                 max(0, start + SOON - time.monotonic()), f"{node.name} says that {one} and {other} can't connect")
    for node in pair:
        assert any(f"epmd_mdns: pair_apart: {node.name} can't reach" in report for report in node.reports()), node.reports()
    for node in members:
        peers = node.eval("epmd_mdns:peers()")
        for name in {one, other} - {node.name}:
            assert re.search(rf'<<"{name}">> => {{\w+,\[{{unreachable_from,\[', peers), f"{node.name}: {peers}"
        assert node.eval("length(epmd_mdns_table:get(faults, []))") in ("1", "2")
    return time.monotonic() - start


def share(one, other, seconds):
    """The part of the time in which these two are connected, in percent, and how often that was lost."""
    one.watch()
    seen = []

    def looked():
        seen.append((time.monotonic(), one.has(other)))
        return seen[-1][0] - seen[0][0] >= seconds

    wait_for(looked, seconds + SOON, "the time is over", interval=0.1)
    good = sum(now - before for (before, was), (now, has) in zip(seen, seen[1:]) if was and has)
    lost = one.watched().count(f"{{nodedown,{other.name}}}")
    one.eval("exit(whereis(watch), kill)")
    return 100 * good / (seen[-1][0] - seen[0][0]), lost


def story(lan, how, end):
    """a and c can't connect; both reach b. End it in some way; return what was measured."""
    with how(lan) as (c_of, reason, mend), nodes(lan, (1, "a"), (2, "b")) as (a, b):
        c = c_of()
        try:
            measured = f"told {told(a, b, c, pair=(a, c), reason=reason):.1f} s"
            not_paused(a, b, c)
            shared, left = end(a, b, c, mend)
            measured += f"{shared}, whole {whole(*left):.1f} s"
            not_paused(*left)
            return measured
        finally:
            ends(lan, c)


# How two nodes can't connect: each gives a function that starts the third node, the reason that is logged, and one that mends it.

@contextlib.contextmanager
def filtered(lan, how, reason):
    block(how, lan[1], lan[3])
    try:
        yield lambda: lan[3].erl("c", *TEAM), reason, lambda: unblock(lan[1], lan[3])
    finally:
        unblock(lan[1], lan[3])


def drop(lan):
    return filtered(lan, "drop", "timed out")


def reject(lan):
    return filtered(lan, "reject with tcp reset", "refused")


@contextlib.contextmanager
def behind_nat(lan):
    """A container on the first node's host reaches every node but those on its host, and nobody reaches it."""
    fixed = ["-kernel", "inet_dist_listen_min", str(PORT), "inet_dist_listen_max", str(PORT)]
    if not getattr(lan, "has_network", False):
        container.add_network(lan[1], "net", SUBNET)
        lan.has_network = True
    yield lambda: container.start(lan[1], "c", "box", *TEAM, *fixed, network="net"), "refused", None


# How it ends, at once or after a while: each gives what it has measured, and who is left.

def mended(a, b, c, mend):
    mend()
    return "", (a, b, c)


def third_gone(a, b, c, _):
    c.kill()
    return "", (a, b)


def first_gone(a, b, c, _):
    a.kill()
    return "", (b, c)


def after_a_while(end, seconds):
    def wait_and_end(a, b, c, mend):
        wait_for(lambda: status(c, b) == "aside" and a.has(b), SOON, "c stands aside, and a and b are connected")
        percent, lost = share(a, b, seconds)
        assert percent > 90, f"a and b {percent:.0f} % connected, lost {lost} times"
        assert c.eval("nodes()") == "[]", "c stands aside"
        assert status(c, b) == "aside" and status(b, c).startswith("{aside,[{unreachable_from,"), (status(c, b), status(b, c))
        not_paused(a, b, c)
        _, left = end(a, b, c, mend)
        return f", for {seconds} s a and b {percent:.0f} % connected and lost {lost} times", left
    return wait_and_end


def repeat(lan, how, some, more):
    """All ends of the story as often as somebody has asked for, or some of them once."""
    all_ends = (third_gone, first_gone, after_a_while(first_gone, 10), *more)
    return "; ".join(story(lan, how, end) for end in (all_ends * RUNS or some))


def diagnosis(host):
    """What the doctor says of pairs."""
    checks = json.loads(host.cli("doctor", "--json", "--no-probe").stdout)["checks"]
    return next(check for check in checks if check["check"] == "pairs")


def diagnosed(lan):
    "the doctor names the pair on all three hosts as long as it can't connect, and says what to do"
    with drop(lan) as (c_of, reason, mend), nodes(lan, (1, "a"), (2, "b")) as (a, b):
        c = c_of()
        try:
            told(a, b, c, pair=(a, c), reason=reason)
            for host in lan.hosts:
                check = wait_for(lambda h=host: next((check for check in [diagnosis(h)] if check["verdict"] == "warn"), None),
                                 SOON, f"the doctor names the pair on {host.name}")
                assert check["finding"] == ("a@h1 can't reach c@h3 (timed out); OTP's global may disconnect others because "
                                            "of that"), check
                assert "docs/cluster.md" in check["advice"], check
            mend()
            took = whole(a, b, c)
            for host in lan.hosts:
                wait_for(lambda h=host: diagnosis(h)["verdict"] == "ok", SOON, f"the doctor finds nothing on {host.name}")
            return f"whole {took:.1f} s"
        finally:
            ends(lan, c)


def dropped(lan):
    "a firewall drops what two hosts send each other: nobody pauses, all are told; whole when it is mended or one has gone"
    return repeat(lan, drop, (first_gone, after_a_while(mended, 10)), (mended, after_a_while(mended, WATCH)))


def rejected(lan):
    "... or rejects it"
    return repeat(lan, reject, (mended, after_a_while(first_gone, 10)), (mended, after_a_while(mended, WATCH)))


def in_container(lan):
    "... or one of them is in a container behind the other one's host"
    return repeat(lan, behind_nat, (third_gone,), (after_a_while(third_gone, WATCH),))


def reaches_others(lan):
    "a node in a container on another host connects to all by itself; nobody pauses, also when it has gone"
    container.add_network(lan[3], "net", SUBNET)
    fixed = ["-kernel", "inet_dist_listen_min", str(PORT), "inet_dist_listen_max", str(PORT)]
    with nodes(lan, (1, "a"), (2, "b")) as (a, b):
        c = container.start(lan[3], "c", "box", *TEAM, *fixed, network="net")
        took = whole(a, b, c)
        not_paused(a, b, c)
        ends(lan, c)
        assert whole(a, b) < SOON
        not_paused(a, b)
    return f"whole {took:.1f} s"


def one_way(lan):
    "of two nodes one can't reach the other, which reaches it: they are joined again each time that they are parted"
    took = []
    with nodes(lan, (1, "a"), (2, "b"), (3, "c")) as (a, b, c):
        whole(a, b, c)
        for deaf, other, node, peer in ((1, 3, a, c), (3, 1, c, a)) * max(1, RUNS):
            block("drop", lan[deaf], lan[other], both=False)
            try:
                node.part(peer)
                took.append(whole(a, b, c, soon=ONE_WAY))
            finally:
                unblock(lan[deaf])
        not_paused(a, b, c)
    return " and ".join(f"{value:.1f} s" for value in took)


def alone(lan):
    "two nodes alone: that a port doesn't answer is a warning at the second attempt, which says which one"
    block("drop", lan[1], lan[3])
    try:
        with nodes(lan, (1, "a"), (3, "c")) as (a, c):
            start = time.monotonic()
            for node, host, other in ((a, lan[3], c), (c, lan[1], a)):
                wait_for(lambda n=node, h=host: any(
                    re.search(rf"WARNING(.|\n)*no answer from port \d+ of {h.address}; is there a firewall", report)
                    for report in n.reports("join_failed")), 2 * SOON, f"{node.name} warns of {other.name}")
                assert status(node, other) in ("unreachable", "trying", "ready"), status(node, other)
            took = time.monotonic() - start
            assert not a.reports("pair_apart") and not c.reports("pair_apart")
            unblock(lan[1], lan[3])
            return f"warned after {took:.1f} s, whole {whole(a, c):.1f} s"
    finally:
        unblock(lan[1], lan[3])


def calm(lan):
    "where global disconnects nobody all stay connected but the pair itself, which is shown"
    flags = [*TEAM, "-kernel", "prevent_overlapping_partitions", "false"]
    block("drop", lan[1], lan[3])
    try:
        with nodes(lan, (1, "a"), (2, "b"), (3, "c"), flags=flags) as (a, b, c):
            for node, other in ((a, c), (b, a), (b, c), (c, a)):
                wait_for(lambda n=node, o=other: "unreachable_from" in status(n, o), SOON, f"{node.name} shows {other.name}")
            assert b.connected() == {a.name, c.name}
            assert not any("disconnect others" in report for node in (a, b, c) for report in node.reports("pair_apart"))
            assert status(b, a) == '{connected,[{unreachable_from,[<<"c@h3">>]}]}', status(b, a)
            unblock(lan[1], lan[3])
            return f"whole {whole(a, b, c):.1f} s"
    finally:
        unblock(lan[1], lan[3])


if __name__ == "__main__":
    tests = [diagnosed, dropped, rejected, in_container, reaches_others, one_way, alone, calm]
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        tests = []
    tap.main(tests, Lan(3))
