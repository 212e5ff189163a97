#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the journal is told of nodes, and what becomes of messages without a journal."""

import re

import tap
from host import DAEMON, sanitizer
from journal import Journal
from lan import Lan

# Tells a program, as systemd does, that its stderr is the journal: as device and inode.
AS_SERVICE = ["sh", "-c", 'JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec "$@"', "sh"]
AS_OTHER = ["env", "JOURNAL_STREAM=1:1"]
BOUND = 768             # lines about nodes of this host that are told in a window


def start(host, before):
    fixed = ["setarch", "-R"] if sanitizer() == "thread" else []
    host.daemon = host.spawn([*before, *fixed, DAEMON], "epmd-mdnsd")
    host.wait_daemon()


def logged(host, text):
    return [line for line in host.daemon.lines if text in line]


def fields(lan):
    "a node that comes and goes is told with its name and its cluster; other messages have neither"
    host = lan[1]
    journal = Journal(host)
    start(host, AS_SERVICE)
    with host.control() as lease:
        lease.register("alice@h1", 37061, cluster="team")
        came = journal.wait_entry(5, MESSAGE="alice@h1 is registered: tcp, port 37061")
    gone = journal.wait_entry(5, MESSAGE="alice@h1 is gone: tcp")
    for entry in (came, gone):
        assert (entry["ERLANG_NODE"], entry["EPMD_MDNS_CLUSTER"], entry["PRIORITY"]) == ("alice@h1", "team", "6"), entry
        assert entry["SYSLOG_IDENTIFIER"] == "epmd-mdnsd", entry
    serves = next(entry for entry in journal.entries if " serves " in entry["MESSAGE"])
    assert not serves.keys() & {"ERLANG_NODE", "EPMD_MDNS_CLUSTER", "CODE_FILE"}, serves
    assert not host.daemon.lines, "nothing is told twice"

    with host.control() as lease:
        lease.register("bob@h1", 37062)
        assert "EPMD_MDNS_CLUSTER" not in journal.wait_entry(5, ERLANG_NODE="bob@h1")
    journal.wait_entry(5, MESSAGE="bob@h1 is gone: tcp")
    journal.close()
    with host.control() as lease:
        lease.register("carol@h1", 37063)
        host.daemon.wait_line("^<6>carol@h1 is registered: tcp, port 37063$", 5)
        journal.remove()
    host.daemon.wait_line("^<6>carol@h1 is gone: tcp$", 5)
    with host.control() as lease:
        lease.register("dave@h1", 37064)
        host.daemon.wait_line("^<6>dave@h1 is registered: tcp, port 37064$", 5)


def inherited(lan):
    "a JOURNAL_STREAM of somebody else says nothing"
    host = lan[1]
    assert host.daemon.stop() == 0
    journal = Journal(host)
    start(host, AS_OTHER)
    with host.control() as lease:
        lease.register("alice@h1", 37061)
        host.daemon.wait_line("^<6>alice@h1 is registered: tcp, port 37061$", 5)
    host.daemon.wait_line("^<6>alice@h1 is gone: tcp$", 5)
    assert not journal.entries, journal.entries
    journal.close()
    journal.remove()


def end(lan):
    "a daemon that ends does not say that its nodes are gone"
    host = lan[1]
    with host.control() as lease:
        lease.register("bob@h1", 37062)
        host.daemon.wait_line("^<6>bob@h1 is registered: tcp, port 37062$", 5)
        assert host.daemon.stop() == 0
    assert not logged(host, "bob@h1 is gone"), host.daemon.lines
    start(host, [])


def flood(lan):
    "a node that restarts in a loop writes no more than a journal can bear, and the log says what it leaves out"
    host = lan[1]
    assert host.daemon.stop() == 0
    start(host, [])
    rounds = BOUND // 2 + 50
    for _ in range(rounds):
        with host.control() as lease:
            lease.register("loop@h1", 37061)
    host.wait_status(lambda status: status["local"] == 0, 5, "the last one is gone")
    assert host.daemon.stop() == 0
    told = len(logged(host, "loop@h1 is "))
    left_out = sum(int(re.search(r"often: (\d+) lines? about them left out$", line)[1])
                   for line in logged(host, "<5>nodes of this host come and go too often"))
    assert left_out > 0 and told + left_out == 2 * rounds, (told, left_out)
    start(host, [])
    return f"{told} of {2 * rounds} lines"


if __name__ == "__main__":
    tap.main([fields, inherited, end, flood], Lan(1, daemon=False))
