#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What epmd-mdns prints with --json: the keys of docs/json.md, all of them, always, with values of their type."""

import json
import os
import re

import tap
from acceptor import Acceptors
from box import HERE
from host import CLI
from lan import Lan

TEXT, NUMBER, FLAG, LIST, OBJECT, NOTHING = str, int, bool, list, dict, type(None)

ENDPOINT = {"node": TEXT, "family": TEXT, "proto": TEXT, "port": NUMBER, "addresses": LIST, "source": TEXT, "heard": FLAG,
            "host": (TEXT, NOTHING), "interfaces": LIST, "age": NUMBER, "hidden": FLAG, "cluster": (TEXT, NOTHING),
            "otp": (TEXT, NOTHING), "dist": (TEXT, NOTHING), "conflict": FLAG,
            "rival": (TEXT, NOTHING), "stale": FLAG}
SYNC = {"time": TEXT, "event": TEXT}
NETWORK = {**SYNC, "reason": TEXT}
EVENT = {**NETWORK, **ENDPOINT}
STATUS = {"version": TEXT, "uptime": NUMBER, "avahi": TEXT, "host": TEXT, "interfaces": LIST, "nodes": OBJECT,
          "hosts": NUMBER, "adverts": NUMBER, "announceable": NUMBER, "sightings": NUMBER, "conflicts": NUMBER,
          "ignored": OBJECT, "refused": OBJECT, "ttl": NUMBER, "subscribers": NUMBER, "limits": OBJECT}
LIMITS = dict.fromkeys(("registrations", "connections", "endpoints", "sightings", "loopback", "unheard"), OBJECT)
RESOLVE = {"node": TEXT, "chosen": (OBJECT, NOTHING), "choices": LIST, "microseconds": NUMBER, "behind_nat": FLAG}
CHOICE = {"address": TEXT, "port": NUMBER, "port_state": (TEXT, NOTHING), "port_node": (TEXT, NOTHING), "proto": TEXT, "family": TEXT,
          "chosen": FLAG, "why": TEXT}
DOCTOR = {"verdict": TEXT, "checks": LIST}
CHECK = {"check": TEXT, "verdict": TEXT, "finding": TEXT, "advice": (TEXT, NOTHING)}

BOB = {"node": "bob@h2", "proto": "tls", "family": "inet", "port": 4002, "addresses": ["192.0.2.2"], "source": "lan", "heard": True,
       "host": "h2.local", "interfaces": ["eth0"], "hidden": True, "cluster": "team", "otp": "27", "dist": "5-6",
       "conflict": False, "rival": None, "stale": False}


def shaped(found, shape):
    """found has these keys, in this order, and no others, with values of these types."""
    assert list(found) == list(shape), found
    for key, kind in shape.items():
        kinds = kind if isinstance(kind, tuple) else (kind,)
        # A flag is no number here.
        assert type(found[key]) in kinds, f"{key} is {found[key]!r}"
    return found


def read(host, *arguments, status=0):
    shown = host.cli(*arguments, "--json")
    assert shown.returncode == status and not shown.stderr, shown
    return json.loads(shown.stdout)


def lists(lan):
    "list --json is an array of endpoints"
    assert read(lan[1], "list") == []
    lan.alice, lan.bob = lan[1].control(), lan[2].control()
    lan.alice.register("alice@h\u00e9", 4001)
    lan.bob.register("bob@h2", 4002, cluster="team", otp="27", dist="5-6", proto="tls", type="hidden")
    with lan[1].control() as control:
        control.must("LOOKUP bob@h2 wait=5000")
    alice, bob = [shaped(endpoint, ENDPOINT) for endpoint in read(lan[1], "list")]
    assert bob == {**BOB, "age": bob["age"]}, bob
    assert (alice["node"], alice["source"], alice["cluster"], alice["otp"], alice["dist"], alice["interfaces"],
            alice["hidden"]) == ("alice@h\u00e9", "local", None, None, None, [], False), alice
    assert [endpoint["node"] for endpoint in read(lan[1], "list", "--cluster=team")] == ["bob@h2"]


def monitors(lan):
    "monitor --json is one object on each line, with the time in UTC and the reason"
    monitor = lan[1].spawn([CLI, "monitor", "--json"], "monitor")
    monitor.wait_line('"sync"', 5)
    with lan[1].control() as carol:
        carol.register("carol@h1", 4003)
        monitor.wait_line("carol@h1.*", 5)
    monitor.wait_line('"unregistered"', 5)
    lan.bob.close()
    monitor.wait_line('"goodbye"', 5)
    lan[1].ip("address add 192.0.2.77/24 dev eth0")
    monitor.wait_line('"network"', 10)
    monitor.stop()
    lan[1].ip("address delete 192.0.2.77/24 dev eth0")
    said = [json.loads(line) for line in monitor.lines]
    assert [(event["event"], event.get("reason"), event.get("node")) for event in said] == [
        ("up", "present", "alice@h\u00e9"), ("up", "present", "bob@h2"), ("sync", None, None),
        ("up", "registered", "carol@h1"), ("down", "unregistered", "carol@h1"), ("down", "goodbye", "bob@h2"),
        ("network", "readdressed", None)], said
    for event in said:
        shaped(event, {"sync": SYNC, "network": NETWORK}.get(event["event"], EVENT))
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"]), event
    assert [event["time"] for event in said] == sorted(event["time"] for event in said), said


def tells_loss(lan):
    "monitor --json tells when avahi-daemon is lost, and when a node is replaced"
    with lan[2].control() as lease, lan[1].control() as control:
        lease.register("dave@h2", 4004)
        control.must("LOOKUP dave@h2 wait=5000")
        monitor = lan[1].spawn([CLI, "monitor", "--json"], "monitor")
        monitor.wait_line('"sync"', 5)
        with lan[1].control() as thief:
            thief.register("dave@h2", 4005)
            monitor.wait_line('"event":"changed","reason":"replaced".*"conflict":false', 5)
            monitor.wait_line('"event":"changed","reason":"registered".*"conflict":true', 10)
        lan[1].avahi.kill()
        monitor.wait_line('"event":"down","reason":"lost"', 5)
        monitor.stop()
        lan[1].start_avahi()
        lan[1].wait_status(lambda status: status["avahi"] == "running", 10, "avahi-daemon is back")


def tells_status(lan):
    "status --json has all that status tells"
    said = shaped(read(lan[1], "status"), STATUS)
    assert said["avahi"] == "running" and said["host"] == "h1.local" and said["ttl"] == 30, said
    shaped(said["nodes"], dict.fromkeys(("up", "local", "hidden", "tls", "clustered", "unheard", "stale"), NUMBER))
    shaped(said["ignored"], dict.fromkeys(("name", "local", "txt", "port", "address", "limit"), NUMBER))
    for limit in shaped(said["limits"], LIMITS).values():
        shaped(limit, {"used": NUMBER, "limit": NUMBER})
        assert 0 <= limit["used"] < limit["limit"], said
    assert said["limits"]["registrations"] == {"used": 1, "limit": 384}, said


def resolves(lan):
    "resolve --json has the choice and all that was not chosen; exit status 3 without a choice"
    with Acceptors(lan[1], {4001: "alice@h\u00e9"}):
        said = shaped(read(lan[1], "resolve", "alice@h\u00e9"), RESOLVE)
    assert said["chosen"] == shaped(said["choices"][0], CHOICE) and said["chosen"]["chosen"] is True, said
    assert (said["chosen"]["address"], said["chosen"]["port"]) == ("127.0.0.1", 4001), said
    assert (said["chosen"]["port_state"], said["chosen"]["port_node"]) == ("open", "alice@h\u00e9"), said
    assert said["behind_nat"] is False, said
    said = shaped(read(lan[1], "resolve", "alice@h\u00e9"), RESOLVE)
    assert (said["chosen"]["port_state"], said["chosen"]["port_node"]) == ("refused", None), said
    said = shaped(read(lan[1], "resolve", "--no-probe", "alice@h\u00e9"), RESOLVE)
    assert (said["chosen"]["port_state"], said["chosen"]["port_node"]) == (None, None), said
    said = shaped(read(lan[1], "resolve", "--proto=tls", "alice@h\u00e9", status=3), RESOLVE)
    assert said["chosen"] is None and said["choices"][0]["chosen"] is False, said
    said = shaped(read(lan[1], "resolve", "nobody@nowhere", status=3), RESOLVE)
    assert said["chosen"] is None and said["choices"] == [], said


def examines(lan):
    "doctor --json has a verdict, and each check with its own"
    shown = lan[1].cli("doctor", "--json")
    said = shaped(json.loads(shown.stdout), DOCTOR)
    assert {"ok": 0, "fail": 1, "warn": 3}[said["verdict"]] == shown.returncode, shown
    for check in said["checks"]:
        shaped(check, CHECK)
        assert (check["verdict"] == "ok") == (check["advice"] is None), check


def is_documented(lan):
    "docs/json.md names every key"
    with open(os.path.join(HERE, "..", "..", "docs", "json.md")) as file:
        text = file.read()
    for shape in (EVENT, STATUS, RESOLVE, CHOICE, DOCTOR, CHECK):
        for key in shape:
            assert f"`{key}`" in text, key


if __name__ == "__main__":
    tap.main([lists, monitors, tells_loss, tells_status, resolves, examines, is_documented], Lan(2))
