#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command epmd-mdns, the whole of it: filters, resolve, wait, version, help, and how monitor ends."""

import errno
import fcntl
import functools
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import tap
from acceptor import Acceptors
from box import ENVIRONMENT
from host import CLI
from lan import Lan
from wait import wait_for

NAMES = ("epmd: up and running on port 4369 with data:\n", "name {} at port {}\n")


def scene(test):
    """The test, with alice and carol on h1, bob on h2, and nobody else; bob and carol are in a cluster."""
    @functools.wraps(test)
    def run(lan):
        with lan[1].control() as alice, lan[2].control() as lan.bob, lan[1].control() as carol, \
                Acceptors(lan[1], {4001: "alice@h1", 4003: "carol@h1"}), Acceptors(lan[2], {4002: "bob@h2"}):
            alice.register("alice@h1", 4001)
            lan.bob.register("bob@h2", 4002, cluster="team", otp="27", dist="5-6")
            carol.register("carol@h1", 4003, cluster="team", proto="tls", type="hidden")
            lan[1].wait_status(lambda status: status["nodes"] == 3 and status["local"] == 2 and status["adverts"] == 2
                               and status["subscribers"] == 0 and status["sightings"] > 0, 10, "all are up")
            return test(lan)
    return run


def good(shown):
    assert shown.returncode == 0 and not shown.stderr, shown
    return shown.stdout


def listed(lan, *arguments):
    """The nodes in the rows of a list."""
    return [row.split()[0] for row in good(lan[1].cli("list", "--no-legend", *arguments)).splitlines()]


def filters(lan):
    "list shows only what the filters select, in the same columns"
    assert listed(lan) == ["alice@h1", "bob@h2", "carol@h1"]
    assert listed(lan, "--cluster=team") == ["bob@h2", "carol@h1"]
    assert listed(lan, "--cluster", "none") == []
    assert listed(lan, "--host=h1") == ["alice@h1", "carol@h1"]
    assert listed(lan, "--host", "H2.local") == ["bob@h2"]
    assert listed(lan, "--local") == ["alice@h1", "carol@h1"]
    assert listed(lan, "--lan") == ["bob@h2"]
    assert listed(lan, "--local", "--cluster=team", "--host=h1") == ["carol@h1"]
    assert good(lan[1].cli("list", "--host=nowhere")) == "NODE  ADDRESS  PORT  PROTO  CLUSTER  HOST  AGE  WHERE\n"


def wide_names(lan):
    "a wide name is whole in a pipe, and cut at the edge of a terminal, where there are colours unless NO_COLOR is set"
    wide = "x" * 150 + "@h1"
    with lan[1].control() as lease:
        lease.register(wide, 4009)
        assert wide in good(lan[1].cli("list"))
        plain = on_terminal(lan[1], "list", environment=["TERM=xterm", "NO_COLOR=1"])
        coloured = on_terminal(lan[1], "list", environment=["TERM=xterm"])
        dumb = on_terminal(lan[1], "list", environment=["TERM=dumb"])
    assert wide not in plain and max(map(len, plain.splitlines())) <= 80 and "\u2026" in plain, plain
    assert "\033" not in plain + dumb, plain + dumb
    assert coloured.startswith("\033[1mNODE"), coloured


def cuts_no_warning(lan):
    "on a terminal that is too narrow CONFLICT stays whole, and so do the addresses and reasons of resolve"
    wide = "x" * 60 + "@h1"
    with lan[1].control() as one, lan[2].control() as two:
        one.register(wide, 4009, cluster="y" * 30)
        two.register(wide, 4009, cluster="y" * 30)
        two.register(wide, 4010, family="inet6")
        lan[1].wait_status(lambda status: status["conflicts"] == 1 and status["nodes"] == 4, 10, "two claim it")
        rows = on_terminal(lan[1], "list", environment=["TERM=xterm", "NO_COLOR=1"]).splitlines()
        assert any(row.endswith("local, CONFLICT") for row in rows) and max(map(len, rows)) <= 80, rows
        assert "\u2026" not in on_terminal(lan[1], "resolve", "--no-probe", wide, environment=["TERM=xterm", "NO_COLOR=1"])


def on_terminal(host, *arguments, environment=()):
    """What the command writes to a terminal of 80 columns."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    subprocess.run(host.argv(["env", *environment, CLI, *arguments]), stdin=subprocess.DEVNULL, stdout=its,
                   env=ENVIRONMENT, check=True, timeout=10)
    os.close(its)
    # What was written comes in pieces, even now that it has ended; after the last one comes an error.
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError as error:
        assert error.errno == errno.EIO, error
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def names(lan):
    "names [HOST] prints what epmd -names would print there, line for line"
    head, line = NAMES
    assert good(lan[1].cli("names")) == head + line.format("alice", 4001) + line.format("carol", 4003)
    assert good(lan[1].cli("names", "h2")) == head + line.format("bob", 4002)
    assert good(lan[1].cli("names", "h1.local")) == good(lan[1].cli("names"))
    assert good(lan[1].cli("names", "h9")) == head
    shown = lan[1].run(["env", "ERL_EPMD_PORT=4370", CLI, "names", "h9"])
    assert good(shown) == head.replace("4369", "4370")


def same_as_epmd(lan):
    "what names prints is byte for byte what a real epmd prints, of the same nodes"
    epmd = lan[1].spawn(lan[1].otp_argv(["epmd", "-relaxed_command_check"]), "epmd")
    wait_for(lambda: 4369 in lan[1].listening(), 10, "epmd listens")
    node = lan[1].spawn(lan[1].otp_argv(["erl", "-noinput", "-sname", "real", "-setcookie", "x", "-kernel",
                                         "inet_dist_listen_min", "4017", "inet_dist_listen_max", "4017"]), "node real")

    def registered():
        shown = lan[1].run(lan[1].otp_argv(["epmd", "-names"])).stdout
        return shown if "name real" in shown else None

    theirs = wait_for(registered, 20, "epmd knows the node")
    node.kill()
    epmd.kill()
    with lan[2].control() as lease, lan[1].control() as control:
        lease.register("real@h3", 4017)
        control.must("LOOKUP real@h3 wait=5000")
        ours = good(lan[1].cli("names", "h3"))
    assert ours == theirs, (ours, theirs)


def resolves(lan):
    "resolve tells which address a node would connect to, why, and which it would not"
    lines = good(lan[1].cli("resolve", "bob@h2")).splitlines()
    headline = r"192\.0\.2\.2 port 4002, heard on the LAN from h2\.local; found in \d+\.\d\d ms"
    assert re.fullmatch(headline, lines[0]), lines
    assert lines[1:4] == ["", "USED  ADDRESS    PORT  STATE  PROTO  FAMILY  WHY",
                          "yes   192.0.2.2  4002  open   tcp    inet    up, and of the family asked for"], lines
    lines = good(lan[1].cli("resolve", "alice@h1")).splitlines()
    assert lines[0].startswith("127.0.0.1 port 4001, on this host; found in "), lines
    assert lines[3] == "yes   127.0.0.1  4001  open   tcp    inet    registered on this host", lines


def resolves_protocol(lan):
    "a node that speaks another protocol is known, and can't be connected to; exit status 3"
    shown = lan[1].cli("resolve", "carol@h1")
    assert shown.returncode == 3 and not shown.stderr, shown
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("No address that a node could connect to by tcp over inet; "), lines
    assert lines[3] == "no    127.0.0.1  4003  open   tls    inet    this listener speaks TLS", lines
    assert good(lan[1].cli("resolve", "--proto", "tls", "carol@h1")).startswith("127.0.0.1 port 4003")


def resolves_as_erlang_does(lan):
    "what resolve says is what a node connects to"
    node = lan[1].erl("asker")
    # Its snapshot may come after the first question: then it asks DNS, which knows nothing.
    wait_for(lambda: node.eval("epmd_mdns:lookup('bob@h2')") != "[]", 5, "the node knows bob")
    answer = node.eval("epmd_mdns:address_please(\"bob\", \"h2\", inet)")
    node.kill()
    assert answer == "{ok,{192,0,2,2},4002,6}", answer
    assert good(lan[1].cli("resolve", "bob@h2")).startswith("192.0.2.2 port 4002,")


def resolves_nothing(lan):
    "a node that is not known is exit status 3, with what may have been meant; no name of a node is wrong usage"
    shown = lan[1].cli("resolve", "bub@h2")
    assert shown.returncode == 3 and not shown.stdout, shown
    assert shown.stderr == ("epmd-mdns: no node bub@h2 is known here; did you mean bob@h2?\n"
                            "A node with epmd_mdns would now ask DNS and epmd.\n"), shown
    shown = lan[1].cli("resolve", "zzzzzz@elsewhere")
    assert shown.returncode == 3 and "did you mean" not in shown.stderr, shown
    shown = lan[1].cli("resolve", "bob")
    assert shown.returncode == 2 and "NAME@HOST" in shown.stderr, shown


def waits(lan):
    "wait ends when so many nodes are up, whichever way they come"
    assert good(lan[1].cli("wait", "--cluster", "team", "--count", "2")) == ""
    assert good(lan[1].cli("wait")) == "" and good(lan[1].cli("wait", "--count=0", "--host=nowhere")) == ""
    wait = lan[1].spawn([CLI, "wait", "--cluster=team", "--count=3", "--timeout=10s"], "wait")
    lan[1].wait_status(lambda status: status["subscribers"] == 1, 5, "it waits")
    with lan[2].control() as other, lan[2].control() as wanted:
        other.register("dave@h2", 4005)
        other.register("dave@h2", 4005, family="inet6")
        wanted.register("erin@h2", 4006, cluster="team")
        assert wait.wait(5) == 0 and not wait.lines, wait.lines


def waits_in_vain(lan):
    "wait that is over says how many are up, with exit status 3; a node that has gone does not count"
    shown = lan[1].cli("wait", "--cluster", "team", "--count", "3", "--timeout", "200ms")
    assert shown.returncode == 3 and not shown.stdout, shown
    assert shown.stderr == "epmd-mdns: timed out: 2 of 3 nodes are up\n", shown
    shown = lan[1].cli("wait", "--host=h9", "--timeout=0")
    assert shown.returncode == 3 and shown.stderr == "epmd-mdns: timed out: 0 of 1 node is up\n", shown
    wait = lan[1].spawn([CLI, "wait", "--count=4", "--timeout=2s"], "wait")
    lan[1].wait_status(lambda status: status["subscribers"] == 1, 5, "it waits")
    lan.bob.close()
    lan[1].wait_status(lambda status: status["nodes"] == 2, 5, "bob is gone")
    with lan[1].control() as lease:
        lease.register("frank@h1", 4007)
        assert wait.wait(10) == 3, wait.lines
        assert wait.lines == ["epmd-mdns: timed out: 3 of 4 nodes are up"], wait.lines


def wait_ends_with_the_daemon(lan):
    "wait fails when the daemon ends"
    wait = lan[1].spawn([CLI, "wait", "--count=9", "--timeout=20s"], "wait")
    lan[1].wait_status(lambda status: status["subscribers"] == 1, 5, "it waits")
    lan[1].daemon.stop()
    assert wait.wait(5) == 1 and "closed the connection" in wait.lines[0], wait.lines
    lan[1].start_daemon()


def versions(lan):
    "version tells both versions; --version this one, with or without a daemon"
    mine = good(lan[1].cli("--version"))
    assert re.fullmatch(r"epmd-mdns \d+\.\d+\.\d+\n", mine), mine
    assert good(lan[1].cli("--socket=/run/nowhere", "--version")) == mine
    assert good(lan[1].cli("version")) == mine + mine.replace("mdns ", "mdnsd ")
    assert good(lan[1].cli("--socket=/run/nowhere", "version")) == mine + "epmd-mdnsd can't be reached\n"


def helps(lan):
    "every command has --help, which help COMMAND shows as well, and which names its options"
    overview = good(lan[1].cli("--help"))
    assert overview == good(lan[1].cli("help")) == good(lan[1].cli("-h"))
    commands = re.findall(r"^  ([a-z]+) +\S", overview, re.MULTILINE)
    assert commands == ["list", "names", "resolve", "monitor", "status", "doctor", "wait", "version", "help"], commands
    for command in commands:
        text = good(lan[1].cli(command, "--help"))
        assert text.startswith(f"Usage: epmd-mdns {command} ") and "--socket=PATH" in text, text
        assert text == good(lan[1].cli("help", command)) == good(lan[1].cli("--socket=/run/nowhere", command, "-h"))
        assert max(map(len, text.splitlines())) <= 100, text


def suggests(lan):
    "a slip of the finger gets a suggestion, and exit status 2"
    for arguments, meant in ((["lsit"], "list"), (["monitr"], "monitor"), (["help", "docter"], "doctor"),
                             (["list", "--clutser=x"], "--cluster"), (["wait", "--timout", "3"], "--timeout")):
        shown = lan[1].cli(*arguments)
        assert shown.returncode == 2 and f'; did you mean "{meant}"?' in shown.stderr and not shown.stdout, shown
    for arguments, complaint in ((["fly"], 'unknown command "fly"'), (["list", "-x"], 'unknown option "-x"'),
                                 (["wait", "--timeout=soon"], '--timeout can\'t be "soon"'),
                                 (["wait", "--count"], 'a value is missing for "--count"'),
                                 (["list", "--json=no"], 'no value is wanted by "--json=no"'),
                                 (["names", "h1", "h2"], 'unexpected argument "h2"'),
                                 (["status", "--cluster=x"], 'unknown option "--cluster=x"')):
        shown = lan[1].cli(*arguments)
        assert shown.returncode == 2 and f"epmd-mdns: {complaint}\n" in shown.stderr and not shown.stdout, shown


def ends_monitor(lan):
    "monitor ends with Ctrl-C and SIGTERM, and when nobody reads any more, each time with 0 and without a word"
    for number in (signal.SIGINT, signal.SIGTERM):
        monitor = lan[1].spawn([CLI, "monitor"], "monitor")
        monitor.wait_line("changes follow", 5)
        monitor.signal(number)
        assert monitor.wait(5) == 0 and "changes follow" in monitor.lines[-1], monitor.lines
    # Nothing happens on the LAN: it must notice by itself.
    for more in ([], ["--json"]):
        shown = lan[1].run(["bash", "-o", "pipefail", "-c", '"$@" | head -n 1', "bash", CLI, "monitor", *more])
        assert shown.returncode == 0 and not shown.stderr and len(shown.stdout.splitlines()) == 1, shown


def filters_monitor(lan):
    "monitor shows only what the filters select"
    monitor = lan[1].spawn([CLI, "monitor", "--cluster=team", "--local"], "monitor")
    monitor.wait_line("1 endpoint up; changes follow", 5)
    with lan[1].control() as other, lan[1].control() as wanted:
        other.register("grace@h1", 4008)
        wanted.register("heidi@h1", 4009, cluster="team")
        monitor.wait_line(r"up       heidi@h1", 5)
    monitor.wait_line(r"down     heidi@h1 .*\(unregistered\)$", 5)
    assert not any("grace" in line or "bob" in line for line in monitor.lines), monitor.lines
    monitor.stop()


def knows_status(lan):
    "status counts nodes by kind, and says how far the limits are used"
    text = good(lan[1].cli("status"))
    for line in ("Nodes:      3 on 2 hosts, 2 local, 1 hidden, 1 with TLS, 2 in a cluster", "Interfaces: eth0"):
        assert line in text.splitlines(), text
    pattern = (r"^Limits:     2 of 384 registrations, \d+ of \d+ connections,\n"
               r"            \d+ of 8192 endpoints, \d+ of 8192 sightings$")
    assert re.search(pattern, text, re.MULTILINE), text


if __name__ == "__main__":
    tests = [filters, wide_names, cuts_no_warning, names, same_as_epmd, resolves, resolves_protocol, resolves_as_erlang_does,
             resolves_nothing, waits, waits_in_vain, wait_ends_with_the_daemon, knows_status, versions, helps, suggests,
             ends_monitor, filters_monitor]
    tap.main([scene(test) for test in tests], Lan(2))
