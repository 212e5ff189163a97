#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nodes in containers: with the host's network, behind the host, and on the LAN by a macvlan (docs/containers.md)."""

import json
import shutil
import subprocess

import container
import tap
from lan import Lan

SOON = 10       # seconds
PORT = 41000
SUBNET = "203.0.113"    # TEST-NET-3
FIXED = ["-kernel", "inet_dist_listen_min", str(PORT), "inet_dist_listen_max", str(PORT)]


def host_network(lan):
    "with the host's network and the directory of its control socket, a node in a container is found and finds"
    bob = lan[2].erl("bob")
    with lan[1].watch() as watch:
        alice = lan[1].erl("alice")
        watch.wait_event("up", "alice@h1", SOON)
    with lan[2].watch() as watch:
        app = container.start(lan[1], "app", "box")
        event = watch.wait_event("up", "app@box", SOON, host="h1.local")
        assert lan[1].address in event.addr.split(","), event
    assert app.eval('{file:read_file_info("/run/dbus"), file:read_file_info("/run/lan")}') == "{{error,enoent},{error,enoent}}"
    for node in (alice, bob):
        node.wait_known(app)
        app.wait_known(node)
        assert node.ping("app@box") == "pong"
    lan.alice, lan.bob, lan.app = alice, bob, app


def daemon_restarts(lan):
    "it is there again when the daemon has been started anew, with a new socket in that directory"
    with lan[2].watch() as watch:
        lan[1].daemon.stop()
        watch.wait_event("down", "app@box", SOON)
        lan[1].start_daemon()
        watch.wait_event("up", "app@box", SOON)
    with lan[2].watch() as watch:
        lan.app.kill()
        watch.wait_event("down", "app@box", SOON, reason="goodbye")


def behind_the_host(lan):
    """in a network of its own it is advertised with the host's addresses, and can't be reached there; it reaches others,
    but none on its host"""
    container.add_network(lan[1], "net", SUBNET)
    with lan[2].watch() as watch:
        app = container.start(lan[1], "hidden", "box", *FIXED, network="net")
        event = watch.wait_event("up", "hidden@box", SOON, host="h1.local", port=str(PORT))
        assert lan[1].address in event.addr.split(","), event
    lan.bob.wait_known(app)
    assert lan.bob.ping("hidden@box") == "pang"
    app.wait_known(lan.bob)
    app.wait_known(lan.alice)
    assert app.ping("bob@h2") == "pong" and app.ping("alice@h1") == "pang" and lan.alice.ping("hidden@box") == "pang"
    shown = lan[2].cli("resolve", "hidden@box")
    assert shown.returncode == 0 and f"Port {PORT} is refused." in shown.stdout, shown
    app.kill()


def found(shown):
    """What doctor --json finds of the container."""
    return next(check for check in json.loads(shown.stdout)["checks"] if check["check"] == "container")


def says_so(lan):
    "resolve and doctor say so in it: its nodes are announced with the host's addresses; on the host and on others they don't"
    for host in (lan[1], lan[2]):
        assert found(host.cli("doctor", "--json"))["verdict"] == "ok", host.name
        assert "Note:" not in good(host.cli("resolve", "bob@h2"))
    shown = container.cli(lan[1], "box", "resolve", "bob@h2", network="net")
    assert "Note: this host is a container with a network of its own, behind the host of epmd-mdnsd: " in good(shown), shown
    assert json.loads(container.cli(lan[1], "box", "resolve", "--json", "bob@h2", network="net").stdout)["behind_nat"] is True
    check = found(container.cli(lan[1], "box", "doctor", "--json", network="net"))
    assert check["verdict"] == "warn" and "with that host's addresses" in check["finding"], check
    assert "docs/containers.md" in check["advice"], check


def says_so_with_host_network(lan):
    "with the host's network there is nothing to say"
    assert "Note:" not in good(container.cli(lan[1], "box", "resolve", "bob@h2"))
    check = found(container.cli(lan[1], "box", "doctor", "--json"))
    assert check["verdict"] == "ok" and "this host is a container, with its host's network" in check["finding"], check


def alone_behind_nat(lan):
    "where the daemon would be its own, doctor knows by the addresses of Docker that it is behind NAT; by others it can't tell"
    for subnet, verdict in (("172.17.0", "warn"), ("192.168.7", "ok")):
        lan[1].ip("address flush dev bridge-c", f"address add {subnet}.1/24 dev bridge-c")
        lan[1].check("ip -n net address flush dev eth0 scope global")
        lan[1].check(f"ip -n net address add {subnet}.2/24 dev eth0")
        shown = container.cli(lan[1], "box", "--socket=/run/nowhere", "doctor", "--json", network="net")
        check = found(shown)
        assert check["verdict"] == verdict and ("behind NAT" in check["finding"]) == (verdict == "warn"), check
    lan[1].ip("address flush dev bridge-c", f"address add {SUBNET}.1/24 dev bridge-c")
    lan[1].check("ip -n net address flush dev eth0 scope global")
    lan[1].check(f"ip -n net address add {SUBNET}.2/24 dev eth0")
    lan[1].check(f"ip -n net route add default via {SUBNET}.1")


def good(shown):
    assert shown.returncode == 0 and not shown.stderr, shown
    return shown.stdout


def published_port(lan):
    "with its port published under the same number others reach it"
    container.publish_port(lan[1], PORT, f"{SUBNET}.2")
    with lan[2].watch() as watch:
        app = container.start(lan[1], "published", "box", *FIXED, network="net")
        watch.wait_event("up", "published@box", SOON, port=str(PORT))
    lan.bob.wait_known(app)
    assert lan.bob.ping("published@box") == "pong"
    assert good(lan[2].cli("resolve", "published@box")).splitlines()[3].split()[3] == "open"
    app.kill()


def bound_behind_the_host(lan):
    "bound to its own address there it is not advertised: the host does not have that address"
    with lan[1].watch() as watch, lan[2].watch() as other:
        address = f"{{{SUBNET.replace('.', ',')},2}}"
        app = container.start(lan[1], "bound", "box", "-kernel", "inet_dist_use_interface", address, network="net")
        assert watch.wait_event("up", "bound@box", SOON).addr == f"{SUBNET}.2"
        lan[1].daemon.wait_line("bound@box is bound to .*: not announced until it is", SOON)
        # On the host itself that address is the right one.
        lan.alice.wait_known(app)
        assert lan.alice.ping("bound@box") == "pong"
        last = lan[1].erl("last")
        other.wait_event("up", last.name, SOON)
        assert "bound@box" not in [event.node for event in other.events]
        last.kill()
        app.kill()


def macvlan(lan):
    """with a macvlan, an avahi-daemon and a daemon of its own it is a host of the LAN for all but the host that it runs on"""
    # The third host has had no cable to this LAN: now it is a container on h1.
    subprocess.run(["nsenter", f"--target={lan[1].pid}", "--net", "ip", "link", "add", "link", "eth0", "name", "macvlan0",
                    "netns", str(lan[3].pid), "type", "macvlan", "mode", "bridge"], check=True, timeout=10)
    lan[3].ip("address add 192.0.2.3/24 dev macvlan0", "link set macvlan0 up")
    with lan[2].watch() as watch:
        app = lan[3].erl("app")
        event = watch.wait_event("up", "app@h3", SOON, host="h3.local", addr="192.0.2.3")
    for one, other in ((app, lan.bob), (lan.bob, app)):
        one.wait_known(other)
    assert lan.bob.ping("app@h3") == "pong"
    with lan[1].control() as control:
        assert not control.lookup("app@h3")
    assert app.eval("epmd_mdns:lookup('alice@h1')") == "[]"
    connect = f"element(1, gen_tcp:connect({{192,0,2,3}}, {event.port}, [], 1000))"
    assert (lan.bob.eval(connect), lan.alice.eval(connect)) == ("ok", "error")


if __name__ == "__main__":
    tests = [host_network, daemon_restarts, says_so_with_host_network, behind_the_host, says_so, alone_behind_nat,
             published_port, bound_behind_the_host, macvlan]
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        tests = [host_network, daemon_restarts, says_so_with_host_network, macvlan]
    tap.main(tests, Lan(3, links=[(1, 2), (3,)]))
