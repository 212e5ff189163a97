#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`epmd-mdns doctor` names the right cause: a host is broken in one way after the other, and that one is found."""

import contextlib
import functools
import json
import shutil
import sys

import tap
from acceptor import Acceptors
from fake import FakeDaemon
from host import CLI
from lan import Lan
from wait import wait_for

CONF = "/run/lan/avahi.conf"
CHECKS = ["daemon", "socket", "container", "wsl", "avahi", "publishing", "ip-versions", "interfaces", "addresses", "wifi",
          "virtual-interfaces", "own-advert", "firewall", "mdns-stacks", "ports", "pairs", "conflicts",
          "loopback-names", "registrations", "ignored", "epmd", "cookie", "erl-flags"]


class Diagnosis:
    """What doctor says on a host."""

    def __init__(self, host, uid=None, environment=()):
        shown = host.run(["env", *environment, CLI, "doctor", "--json"], uid=uid)
        assert not shown.stderr, shown.stderr
        self.status = shown.returncode
        said = json.loads(shown.stdout)
        self.verdict = said["verdict"]
        self.checks = {check["check"]: check for check in said["checks"]}

    def bad(self):
        return {name: check["verdict"] for name, check in self.checks.items() if check["verdict"] != "ok"}

    def finds(self, verdicts, words=""):
        """These checks, and no others, are not ok, and the first one has these words."""
        assert self.bad() == verdicts, self
        worst = "fail" if "fail" in verdicts.values() else "warn"
        assert self.verdict == worst and self.status == {"fail": 1, "warn": 3}[worst], (self.verdict, self.status)
        check = self.checks[next(iter(verdicts))]
        assert words in check["finding"] and check["advice"], check
        return check["finding"]

    def __repr__(self):
        return json.dumps(self.checks, indent=1)


@contextlib.contextmanager
def changed(host, section, *lines):
    """The configuration of avahi-daemon has these lines, until the end of the block."""
    with open(host.path(CONF)) as file:
        before = file.read()
    keys = tuple(line.split("=")[0] + "=" for line in lines)
    rest = "".join(line for line in before.splitlines(True) if not line.startswith(keys))
    host.write(CONF, rest.replace(f"[{section}]\n", "\n".join([f"[{section}]", *lines, ""])))
    try:
        yield
    finally:
        host.write(CONF, before)


@contextlib.contextmanager
def configured(host, section, *lines):
    """avahi-daemon runs with these lines in its configuration, until the end of the block."""
    with changed(host, section, *lines):
        restart(host)
        yield
    restart(host)


def restart(host):
    """avahi-daemon starts anew; the daemon has noticed."""
    host.avahi.stop()
    host.wait_status(lambda status: status["avahi"] != "running", 10, "epmd-mdnsd has lost avahi-daemon")
    host.start_avahi()
    host.wait_status(lambda status: status["avahi"] == "running", 10, "epmd-mdnsd is back at avahi-daemon")


def well(host):
    """The host's node is announced, and the other one heard."""
    host.wait_status(lambda status: status["avahi"] == "running" and status["adverts"] == 1 and status["sightings"] > 0,
                     15, "all is as it should be")


def in_order(test):
    """The test, on a LAN where each host has a node and hears of the other's, before and after."""
    @functools.wraps(test)
    def run(lan):
        with lan[1].control() as alice, lan[2].control() as bob, Acceptors(lan[2], {4002: "bob@h2"}) as lan.acceptors:
            alice.register("alice@h1", 4001)
            bob.register("bob@h2", 4002)
            lan.each(well)
            return test(lan)
    return run


def finds_nothing(lan):
    "on a host in order all checks are ok, and the exit status is 0"
    # avahi-daemon of the hosts is told where its configuration is; doctor looks where it usually is.
    lan[1].check(["mount", "--bind", CONF, "/etc/avahi/avahi-daemon.conf"])
    said = Diagnosis(lan[1])
    assert said.bad() == {} and said.status == 0 and said.verdict == "ok", said
    assert list(said.checks) == CHECKS, said
    assert said.checks["own-advert"]["finding"] == "the nodes of this host are found on eth0", said


def speaks_to_people(lan):
    "as text there is a line for each check, and a count of them"
    shown = lan[1].cli("doctor")
    assert shown.returncode == 0 and not shown.stderr, shown
    lines = shown.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:-2]] == [f"ok    {check}" for check in CHECKS], shown.stdout
    assert lines[0] == "ok    daemon: epmd-mdnsd answers at /run/epmd-mdns/control", lines[0]
    assert lines[-2:] == ["", f"{len(CHECKS)} ok, 0 warnings, 0 failures"], lines


def daemon_stopped(lan):
    "fault: epmd-mdnsd is not running"
    host = lan[1]
    host.daemon.stop()
    try:
        return Diagnosis(host).finds({"daemon": "fail"}, "epmd-mdnsd is not running")
    finally:
        host.start_daemon()


def daemon_hangs(lan):
    "fault: epmd-mdnsd hangs"
    lan[1].daemon.hang()
    try:
        return Diagnosis(lan[1]).finds({"daemon": "fail"}, "does not answer")
    finally:
        lan[1].daemon.resume()


def socket_closed_to_others(lan):
    "fault: the socket has mode 0600; another user can't connect, and root is warned"
    host = lan[1]
    host.check("chmod 0600 /run/epmd-mdns/control")
    try:
        Diagnosis(host).finds({"socket": "warn"}, "its mode is 0600")
        said = Diagnosis(host, uid=65534, environment=["HOME=/nonexistent"])
        assert "daemon" not in said.checks, said
        return said.finds({"socket": "fail"}, "its mode is 0600")
    finally:
        host.check("chmod 0666 /run/epmd-mdns/control")


def avahi_stopped(lan):
    "fault: avahi-daemon is not running"
    host = lan[1]
    host.avahi.stop()
    host.wait_status(lambda status: status["avahi"] != "running", 10, "epmd-mdnsd has lost avahi-daemon")
    try:
        return Diagnosis(host).finds({"avahi": "fail"}, "avahi-daemon is not running")
    finally:
        host.start_avahi()


def avahi_hangs(lan):
    "fault: avahi-daemon hangs"
    lan[1].avahi.hang()
    try:
        return Diagnosis(lan[1]).finds({"avahi": "fail"}, "avahi-daemon hangs")
    finally:
        lan[1].avahi.resume()


def bus_not_used(lan):
    "fault: avahi-daemon runs without D-Bus, over which epmd-mdnsd would ask it"
    host = lan[1]
    with changed(host, "server", "enable-dbus=no"):
        host.avahi.stop()
        host.start_avahi()
        host.wait_status(lambda status: status["avahi"] != "running", 10, "epmd-mdnsd has lost avahi-daemon")
        said = Diagnosis(host).finds({"avahi": "fail"}, "does not reach avahi-daemon through D-Bus")
    host.avahi.stop()
    host.start_avahi()
    return said


def publishing_disabled(lan):
    "fault: disable-publishing=yes"
    with configured(lan[1], "publish", "disable-publishing=yes"):
        return Diagnosis(lan[1]).finds({"publishing": "fail", "own-advert": "warn"}, "disable-publishing=yes")


def user_publishing_disabled(lan):
    "fault: disable-user-service-publishing=yes"
    with configured(lan[1], "publish", "disable-user-service-publishing=yes"):
        return Diagnosis(lan[1]).finds({"publishing": "fail", "own-advert": "warn"}, "disable-user-service-publishing")


def ipv4_off(lan):
    "fault: use-ipv4=no"
    with configured(lan[1], "server", "use-ipv4=no"):
        lan[1].wait_status(lambda status: status["adverts"] == 1, 10, "the advert is published")
        return Diagnosis(lan[1]).finds({"ip-versions": "fail"}, "use-ipv4=no")


def interface_denied(lan):
    "fault: deny-interfaces has the only link"
    with configured(lan[1], "server", "deny-interfaces=eth0"):
        lan[1].wait_status(lambda status: status["adverts"] == 1, 10, "the advert is published, on lo alone")
        return Diagnosis(lan[1]).finds({"interfaces": "fail"}, "told to leave out all links: eth0")


def link_local_only(lan):
    "fault: the only link has a link-local IPv6 address and no other"
    host = lan[1]
    host.ip(f"address delete {host.address}/24 dev eth0", f"address delete {host.address6}/64 dev eth0")
    try:
        return Diagnosis(host).finds({"addresses": "fail"}, "only a link-local IPv6 address")
    finally:
        host.ip(f"address add {host.address}/24 dev eth0", f"address add {host.address6}/64 dev eth0 nodad")


def more_addresses(lan):
    "a link with a second address, or one with a label, is in order: avahi-daemon may answer from either"
    host = lan[1]
    host.ip("address add 192.0.2.101/24 dev eth0", "address add 192.0.2.102/24 dev eth0 label eth0:1")
    restart(host)
    host.wait_status(lambda status: status["adverts"] == 1 and status["sightings"] > 0, 10, "all is as it was")
    try:
        said = Diagnosis(host)
        assert said.bad() == {} and said.checks["interfaces"]["finding"] == "avahi-daemon uses eth0", said
    finally:
        host.ip("address delete 192.0.2.101/24 dev eth0", "address delete 192.0.2.102/24 dev eth0")


def bridge_announced(lan):
    "fault: a bridge of containers is announced"
    host = lan[1]
    host.ip("link add docker0 type bridge", "address add 172.17.0.1/16 dev docker0", "link set docker0 up")
    host.avahi.wait_line(r"Registering new address record for 172\.17\.0\.1 on docker0", 10)
    try:
        return Diagnosis(host).finds({"virtual-interfaces": "warn"}, ": docker0")
    finally:
        host.ip("link delete docker0")


def names_clash(lan):
    "fault: another host claims the name of a node that is registered here, or of one that is not"
    host = lan[1]
    with lan[2].control() as thief:
        thief.register("alice@h1", 4003)
        host.wait_status(lambda status: status["conflicts"] == 1, 10, "there is a conflict")
        said = Diagnosis(host).finds({"conflicts": "fail"}, "claimed by more than one host: alice@h1 (h1.local, h2.local)")
    host.wait_status(lambda status: status["conflicts"] == 0, 10, "the conflict is over")
    return said


def epmd_for_all(lan):
    "fault: a stock epmd listens on all interfaces; on loopback it is no fault"
    host = lan[1]
    for arguments, verdicts in ((["-address", "127.0.0.1"], {}), ([], {"epmd": "warn"})):
        epmd = host.spawn(host.otp_argv(["epmd", *arguments]), "epmd")
        wait_for(lambda: 4369 in host.listening(), 10, "epmd listens")
        said = Diagnosis(host)
        epmd.kill()
        assert said.bad() == verdicts, said
    return said.finds({"epmd": "warn"}, "an epmd listens on all interfaces, port 4369")


def cookie_readable(lan):
    "fault: the cookie file has mode 0644"
    host = lan[1]
    host.write("/run/lan/home/.erlang.cookie", "secret\n")
    host.check("chmod 0400 /run/lan/home/.erlang.cookie")
    assert Diagnosis(host).bad() == {}
    host.check("chmod 0644 /run/lan/home/.erlang.cookie")
    try:
        return Diagnosis(host).finds({"cookie": "fail"}, "its mode is 0644")
    finally:
        host.check("rm /run/lan/home/.erlang.cookie")


def module_missing(lan):
    "fault: ERL_FLAGS names a module that is nowhere; one that is in the path is found"
    host = lan[1]
    good = Diagnosis(host, environment=[f"ERL_FLAGS=-epmd_module epmd_mdns -pa {host.ebin}"])
    assert good.bad() == {} and "epmd_mdns" in good.checks["erl-flags"]["finding"], good
    good = Diagnosis(host, environment=["ERL_AFLAGS=-epmd_module erl_epmd"])
    assert good.bad() == {}, good
    return Diagnosis(host, environment=["ERL_FLAGS=-epmd_module nosuch"]).finds({"erl-flags": "fail"}, "nosuch")


def firewall_drops(lan):
    "fault: a firewall of this host drops what comes in on UDP port 5353"
    host = lan[1]
    drop(host, "udp dport 5353")
    try:
        return Diagnosis(host).finds({"firewall": "fail"}, "a firewall of this host drops it")
    finally:
        host.check("nft flush ruleset")


def nobody_arrives(lan):
    "fault: adverts leave, and none arrives"
    lan.cut(lan[1])
    restart(lan[1])         # forgets what it has heard
    lan[1].wait_status(lambda status: status["adverts"] == 1 and status["sightings"] == 0, 10, "it is alone")
    try:
        return Diagnosis(lan[1]).finds({"firewall": "warn"}, "none arrives from others")
    finally:
        lan.restore(lan[1])


def one_not_announced(lan):
    "fault: one of the host's nodes is not announced; one that is bound to a loopback address is none"
    host = lan[1]
    with host.control() as carol, host.control() as dave:
        carol.register("carol@h1", 4004, addr="127.0.0.1")
        said = Diagnosis(host)
        assert said.bad() == {}, said
        dave.register("dave@h1", 4005, addr="203.0.113.9")
        return Diagnosis(host).finds({"own-advert": "warn"}, "1 of 2 listeners")


def not_announced_yet(lan):
    "a node that is registered just when doctor asks is no fault: it is not announced yet, and doctor waits for it"
    with FakeDaemon(lan[1], "announcing") as fake:
        said = Diagnosis(lan[1], environment=[f"EPMD_MDNS_SOCKET={fake.path}"])
    assert said.checks["own-advert"]["verdict"] == "ok", said


def drop(host, what):
    """A firewall of the host drops what comes in of that."""
    host.check(["nft", "-f", "-"], input="table inet filter { chain input { type filter hook input priority 0; "
                                         f"iif lo accept; {what} drop; }}; }}\n")


def port_filtered(lan):
    "fault: a firewall of another host drops connections to the distribution's port"
    drop(lan[2], "tcp dport 4002")
    try:
        said = Diagnosis(lan[1])
        assert "inet_dist_listen_min" in said.checks["ports"]["advice"], said
        return said.finds({"ports": "warn"}, "bob@h2 at 192.0.2.2 port 4002 is filtered (no answer in 1 s)")
    finally:
        lan[2].check("nft flush ruleset")


def port_refused(lan):
    "fault: nobody listens at the port of another host's node; with --no-probe it is not tried"
    lan.acceptors.close()
    skipped = lan[1].cli("doctor", "--no-probe", "--json")
    assert skipped.returncode == 0 and "ports" not in [check["check"] for check in json.loads(skipped.stdout)["checks"]]
    return Diagnosis(lan[1]).finds({"ports": "warn"}, "bob@h2 at 192.0.2.2 port 4002 is refused")


def port_of_another(lan):
    "fault: another node, something else, or a node that hangs has the port of another host's node"
    for name, words in (("carol@h2", "is not this node: carol@h2"), ("http", "is not an Erlang node"),
                        ("silent", "is silent (connected, no answer in 1 s)")):
        lan.acceptors.close()
        with Acceptors(lan[2], {4002: name}):
            said = Diagnosis(lan[1]).finds({"ports": "warn"}, words)
    return said


def no_address(lan):
    "fault: links that are up have no address; part of a bridge, they need none"
    host = lan[1]
    host.ip("link add lan1 type veth peer name lan2")
    host.check("sysctl -qw net.ipv6.conf.lan1.disable_ipv6=1 net.ipv6.conf.lan2.disable_ipv6=1")
    host.ip("link set lan1 up", "link set lan2 up")
    try:
        said = Diagnosis(host).finds({"addresses": "warn"}, "have no address")
        assert {"lan1", "lan2"} == set(said.removesuffix(" have no address").split(", ")), said
        # The two are the ends of one cable: without isolation the bridge would pass each packet on for ever.
        host.ip("link add lan0 type bridge",
                *(f"link set {end} {what}" for end in ("lan1", "lan2") for what in ("master lan0", "type bridge_slave isolated on")),
                "address add 198.51.100.9/24 dev lan0", "link set lan0 up")
        # This one knows of the host's links.
        host.check("mount -t sysfs sysfs /sys")
        bridged = Diagnosis(host)
        host.check("umount /sys")
        assert bridged.checks["addresses"]["verdict"] == "ok", bridged
        host.ip("link delete lan0")
        return said
    finally:
        host.ip("link delete lan1")


def ipv6_only(lan):
    "where a link has no IPv4, the question is asked over IPv6"
    host = lan[1]
    host.ip(f"address delete {host.address}/24 dev eth0")
    try:
        restart(host)
        host.wait_status(lambda status: status["adverts"] == 1 and status["sightings"] > 0, 15, "all is as it was")
        said = Diagnosis(host)
        assert said.checks["own-advert"]["finding"] == "the nodes of this host are found on eth0", said
        # As long as bob is heard of with his IPv4 address, he can't be connected to.
        assert said.bad() in ({}, {"ports": "warn"}), said
    finally:
        host.ip(f"address add {host.address}/24 dev eth0")


def ipv6_firewall(lan):
    "fault: a firewall drops what comes in on UDP port 5353, and there is no IPv4"
    host = lan[1]
    host.ip(f"address delete {host.address}/24 dev eth0")
    try:
        restart(host)
        host.wait_status(lambda status: status["adverts"] == 1 and status["sightings"] > 0, 15, "all is as it was")
        drop(host, "udp dport 5353")
        said = Diagnosis(host)
        # Nor can bob be connected to, as long as he is heard of with his IPv4 address.
        assert said.bad().items() >= {"firewall": "fail"}.items() and set(said.bad()) <= {"firewall", "ports"}, said
        assert "a firewall of this host drops it" in said.checks["firewall"]["finding"], said
        return said.checks["firewall"]["finding"]
    finally:
        host.check("nft flush ruleset")
        host.ip(f"address add {host.address}/24 dev eth0")


SECOND_STACK = """import signal, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("", 5353))
    print("listening", flush=True)
    signal.pause()
"""


def second_stack(lan):
    "fault: another program uses UDP port 5353; root learns which, others whose it is"
    host = lan[1]
    other = host.spawn([sys.executable, "-c", SECOND_STACK], "second stack", uid=65533)
    other.wait_line("listening", 20)
    try:
        with open(f"/proc/{other.pid}/comm") as file:
            program = file.read().strip()
        said = Diagnosis(host, uid=65534, environment=["HOME=/nonexistent"])
        assert said.finds({"mdns-stacks": "warn"}, "is used by a program of user 65533"), said
        return Diagnosis(host).finds({"mdns-stacks": "warn"}, f"is used by {program} (process ")
    finally:
        other.kill()


def windows(lan):
    "fault: the host is WSL, behind NAT; with mirrored interfaces it is no fault"
    host = lan[1]
    host.write("/run/lan/osrelease", "5.15.153.1-microsoft-standard-WSL2\n")
    host.check("mount --bind /run/lan/osrelease /proc/sys/kernel/osrelease")
    try:
        said = Diagnosis(host).finds({"wsl": "warn"}, "this host is WSL without mirrored interfaces")
        host.ip("link add loopback0 type bridge")
        mirrored = Diagnosis(host)
        assert mirrored.bad() == {} and "mirrored" in mirrored.checks["wsl"]["finding"], mirrored
        host.ip("link delete loopback0")
        return said
    finally:
        host.check("umount /proc/sys/kernel/osrelease")


def limit_reached(lan):
    "fault: avahi-daemon gives epmd-mdnsd fewer objects than there are adverts"
    host = lan[1]
    with contextlib.ExitStack() as stack:
        for number in range(12):
            stack.enter_context(lan[2].control()).register(f"n{number}@h2", 5000 + number)
        host.wait_status(lambda status: status["nodes"] == 14, 15, "all are up")
        with configured(host, "server", "objects-per-client-max=8"):
            host.wait_status(lambda status: status["ignored-limit"] > 0, 15, "a limit is reached")
            said = Diagnosis(host)
    assert said.checks["ignored"]["verdict"] == "warn", said
    assert "ignored since epmd-mdnsd started" in said.checks["ignored"]["finding"], said
    # Nobody listens at the ports of so many.
    assert not set(said.bad()) - {"ignored", "own-advert", "ports"}, said
    return said.checks["ignored"]["finding"]


if __name__ == "__main__":
    tests = [finds_nothing, speaks_to_people, daemon_stopped, daemon_hangs, socket_closed_to_others, avahi_stopped,
             avahi_hangs, bus_not_used, publishing_disabled, user_publishing_disabled, ipv4_off, interface_denied,
             link_local_only, more_addresses, bridge_announced, names_clash, epmd_for_all, cookie_readable, module_missing,
             firewall_drops, nobody_arrives, one_not_announced, not_announced_yet, port_filtered, port_refused,
             port_of_another, no_address, ipv6_only, ipv6_firewall, second_stack, windows, limit_reached]
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        tests = [test for test in tests if test not in (firewall_drops, port_filtered, ipv6_firewall)]
    tap.main([in_order(test) for test in tests], Lan(2))
