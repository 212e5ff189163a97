#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cluster of three nodes, one of each release of OTP, on three hosts, all with the same beams.

It brings its own releases: EPMD_MDNS_OTP has no influence here.
"""

import itertools

import tap
import tls
from lan import Lan
from wait import wait_for

RELEASES = [25, 27, 29]


def start(lan, name, *more, flags=((), (), ())):
    """A node of that name on each host."""
    return lan.each(lambda host: host.erl(name, *flags[lan.hosts.index(host)], *more))


def call(node, other, function):
    return node.eval(f"rpc:call('{other.name}', {function}, 5000)")


def connect_pairs(cluster):
    """Each node connects to each other one by itself, calls it, and is called back."""
    pairs = list(itertools.permutations(zip(cluster, RELEASES), 2))
    for (node, _), (other, _) in pairs:
        node.wait_known(other)
    for (node, release), (other, other_release) in pairs:
        assert not node.connected() and not other.connected()
        assert node.ping(other.name) == "pong", (node.name, other.name)
        assert call(node, other, "erlang, system_info, [otp_release]") == f'"{other_release}"'
        assert call(other, node, "erlang, system_info, [otp_release]") == f'"{release}"'
        node.part(other)


def same_beams(lan):
    "one set of beams runs on all three releases"
    lan.cluster = start(lan, "a", "-connect_all", "false")
    digests = {node.eval("ok = application:load(epmd_mdns), {ok, Modules} = application:get_key(epmd_mdns, modules), "
                         "[binary:decode_unsigned(M:module_info(md5)) || M <- Modules]") for node in lan.cluster}
    assert len(digests) == 1
    compiler = lan.cluster[0].eval("proplists:get_value(version, epmd_mdns:module_info(compile))")
    assert [int(node.eval("list_to_integer(erlang:system_info(otp_release))")) for node in lan.cluster] == RELEASES
    return f"made by compiler {compiler}"


def connects_over_tcp(lan):
    "every pair connects over TCP, in both directions, and rpc:call goes across"
    connect_pairs(lan.cluster)


def connects_over_tls(lan):
    "every pair connects over TLS, in both directions, and rpc:call goes across"
    authority = tls.Authority()
    flags = [tls.flags(host, authority) for host in lan.hosts]
    cluster = start(lan, "s", "-connect_all", "false", flags=flags)
    connect_pairs(cluster)
    for host in lan.hosts:
        with host.control() as control:
            assert {line.proto for node in cluster for line in control.lookup(node.name)} == {"tls"}
    lan.each(lambda node: node.stop(), [*cluster, *lan.cluster])


def names_globally(lan):
    "one ping to each other node makes the full mesh, and global registers a name throughout it"
    cluster = start(lan, "g")
    first, *others = cluster
    for node in others:
        first.wait_known(node)
        assert first.ping(node.name) == "pong"
    everybody = {node.name for node in cluster}
    for node in cluster:
        wait_for(lambda: node.connected() == everybody - {node.name}, 10, f"{node.name} is connected to all others")
    for node in cluster:
        assert node.eval("global:sync()", 20) == "ok"
    for number, node in enumerate(cluster):
        assert node.eval(f"register(it, spawn(fun() -> receive stop -> ok end end)), "
                         f"global:register_name(name{number}, whereis(it))", 20) == "yes"
    for number, owner in enumerate(cluster):
        for node in cluster:
            assert node.eval(f"node(global:whereis_name(name{number}))").strip("'") == owner.name


if __name__ == "__main__":
    tap.main([same_beams, connects_over_tcp, connects_over_tls, names_globally], Lan(3, otp=RELEASES, tls=True))
