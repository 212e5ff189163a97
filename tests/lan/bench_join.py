# SPDX-License-Identifier: Apache-2.0
"""Benchmark: how soon a node that starts is connected to those of its cluster, against connecting to them by hand."""

import importlib

from bench_report import Row, Sample
from lan import Lan

mesh = importlib.import_module("test-mesh")


def run(sizes):
    """The rows of this topic, on a LAN of its own."""
    with Lan(2) as lan:
        yield from joins(lan, sizes)


def joins(lan, sizes):
    """Starts in turns: one node that joins, and one whose connect_node/1 is called for all of them at once."""
    present = mesh.start(lan, sizes.per_host, mesh.SMALL)
    mesh.wait_mesh(present, 30)
    names = ", ".join(f"'{node.name}'" for node in present)
    joined, connected = [], []
    for turn in range(sizes.starts):
        host = lan[1 + turn % len(lan.hosts)]
        node = host.erl(f"joins{turn}", *mesh.TEAM)
        joined.append(mesh.joined_after(node, len(present)))
        mesh.end(lan, [node])
        node = host.erl(f"by-hand{turn}")
        node.eval("epmd_mdns:nodes()")
        connected.append(int(node.eval(mesh.CONNECT.format(names=names))) / 1e6)
        mesh.end(lan, [node])
    mesh.end(lan, present)
    yield Row(f"connected to {len(present)} nodes after start-up",
              Sample.of("distribution up → joined all", joined),
              Sample.of("`connect_node/1` of all at once, when they are known", connected))
