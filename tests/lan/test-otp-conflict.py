#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hosts have a node of the same name, as cloned images do, in one cluster with a third node: that one joins the node that
was there first, and stays there; the second is left alone, and told."""

import contextlib
import os
import re

import tap
from lan import Lan
from wait import Late, wait_for

TEAM = ["-epmd_mdns", "cluster", "team"]
NAME = "app@pi"
SOON = 15       # seconds
WATCH = int(os.environ.get("EPMD_MDNS_WATCH") or 30)    # seconds
FEW = 12        # lines, until it is known that there are two


def lines(node):
    """How often it has joined or lost the name."""
    return len([report for report in node.reports(f"node: {NAME}") if re.search("epmd_mdns: (joined|lost)", report)])


def warnings(node):
    return node.reports("epmd_mdns: name_conflict")


def host_of(node):
    """The host whose node of that name it is connected to."""
    return node.eval(f"case lists:member('{NAME}', nodes(connected)) of true -> "
                     f"catch element(2, erpc:call('{NAME}', inet, gethostname, [], 2000)); false -> none end").strip('"')


def settles(first, second, c):
    """Wait until c is at the first one, and the second one stands aside; return what that has cost."""
    wait_for(lambda: warnings(second) and warnings(c), SOON, "the second and the third are told")
    wait_for(lambda: host_of(c) == "h1" and first.has(c) and not second.has(c), SOON, "c is at the first one")
    cost = lines(c)
    with contextlib.suppress(Late):
        wait_for(lambda: lines(c) > cost + 2, WATCH, "c goes from one to the other")
    assert cost <= FEW, f"{cost} lines until it has settled"
    assert lines(c) <= cost + 2, f"{lines(c) - cost} lines in {WATCH} s"
    assert host_of(c) == "h1" and first.has(c)
    assert [len(warnings(node)) for node in (first, second, c)] == [0, 1, 1], [warnings(node) for node in (first, second, c)]
    assert "another app@pi runs on host 192.0.2.1; it was there first" in warnings(second)[0], warnings(second)
    assert "192.0.2.1" in warnings(c)[0] and "192.0.2.2" in warnings(c)[0], warnings(c)
    assert c.eval(f'maps:get(<<"{NAME}">>, epmd_mdns:peers())') == "{connected,[conflict]}", c.eval("epmd_mdns:peers()")
    assert second.eval('maps:get(<<"c@h3">>, epmd_mdns:peers())') == "conflict", second.eval("epmd_mdns:peers()")
    return f"{cost} lines, then {lines(c) - cost} in {WATCH} s"


def ends(lan, *members):
    for node in members:
        if node.alive:
            node.kill()
    for host in lan.hosts:
        with host.control() as control:
            wait_for(lambda c=control: not c.must("LIST").nodes, SOON, "they have gone")


def second_comes(lan):
    "a second node of a name comes: the third stays at the first, the second is told; and is joined when the first has gone"
    first = lan[1].erl(NAME, *TEAM)
    c = lan[3].erl("c", *TEAM)
    wait_for(lambda: host_of(c) == "h1", SOON, "c has joined the first")
    second = lan[2].erl(NAME, *TEAM)
    measured = settles(first, second, c)
    first.kill()
    wait_for(lambda: host_of(c) == "h2" and second.has(c), SOON, "c has joined the second")
    ends(lan, second, c)
    return measured


def third_comes(lan):
    "a third node comes when both are there: it joins the first, and is joined by no other"
    first = lan[1].erl(NAME, *TEAM)
    second = lan[2].erl(NAME, *TEAM)
    c = lan[3].erl("c", *TEAM)
    measured = settles(first, second, c)
    ends(lan, first, second, c)
    return measured


def restarted(lan):
    "a node that is started anew on another host is joined there, and nobody speaks of a conflict"
    first = lan[1].erl(NAME, *TEAM)
    c = lan[3].erl("c", *TEAM)
    wait_for(lambda: host_of(c) == "h1", SOON, "c has joined it")
    first.kill()
    again = lan[2].erl(NAME, *TEAM)
    wait_for(lambda: host_of(c) == "h2", SOON, "c has joined it again")
    assert not warnings(c) and not warnings(again), (warnings(c), warnings(again))
    ends(lan, again, c)


if __name__ == "__main__":
    tap.main([second_comes, third_comes, restarted], Lan(3))
