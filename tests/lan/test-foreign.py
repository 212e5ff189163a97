#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adverts that others made: static files, avahi-publish, other stacks, and hostile neighbours. h2 sends, h1 watches."""

import contextlib
import glob
import os
import re
import sys
import xml.etree.ElementTree

import announce
import tap
from box import HERE
from lan import Lan

TYPE = "_erlang-dist._tcp"
TOP = os.path.join(HERE, "..", "..")
LONG = "n" * 240 + "@h2" + "x" * 7          # 250 bytes: what fits behind "node="


def static_file(lan):
    "the static .service file in avahi-services/ is understood, and its removal too"
    files = sorted(glob.glob(os.path.join(TOP, "avahi-services", "*.service")))
    assert files, "there is none"
    service = xml.etree.ElementTree.parse(files[0]).getroot()
    node = service.findtext("name").replace("%h", "h2")
    for text in service.iter("txt-record"):
        if text.text.startswith("node="):
            node = text.text[len("node="):]
    with open(files[0], encoding="utf-8") as file:
        content = file.read()
    with lan[1].watch() as watch:
        lan[2].write("/etc/avahi/services/node.service", content)
        up = watch.wait_event("up", node, 10, source="lan")
        assert (up.port, up.host) == (service.findtext("service/port"), "h2.local"), up
        os.unlink(lan[2].path("/etc/avahi/services/node.service"))
        watch.wait_event("down", node, 10, reason="goodbye")
    return node


def label_only(lan):
    "avahi-publish with nothing but a label that is a node's name is enough"
    with lan[1].watch() as watch:
        publish = lan[2].spawn(f"avahi-publish -s bob@h2 {TYPE} 40001")
        up = watch.wait_event("up", "bob@h2", 10)
        assert (up.port, up.family, up.proto, up.source, up.host) == ("40001", "inet", "tcp", "lan", "h2.local"), up
        assert up.addr.split(",")[0] == "192.0.2.2", up
        assert "eth0" in up.attrs["if"].split(","), up
        publish.kill()
        watch.wait_event("down", "bob@h2", 10, reason="goodbye")


def all_keys(lan):
    "avahi-publish with node= and the other keys"
    with lan[1].watch() as watch:
        publish = lan[2].spawn(["avahi-publish", "-s", "My database", TYPE, "40002", "node=db@h2", "proto=tls",
                                "type=hidden", "cluster=team", "otp=27", "dist=5-6", "colour=red"])
        up = watch.wait_event("up", "db@h2", 10)
        assert (up.proto, up.type, up.cluster, up.otp, up.dist) == ("tls", "hidden", "team", "27", "5-6"), up
        publish.kill()
        watch.wait_event("down", "db@h2", 10, reason="goodbye")


# label, TXT strings, the node that is meant
UNDERSTOOD = [
    ("plain@h2", [], "plain@h2"),
    ("no key", [b"", b"node=empty@h2", b"", b""], "empty@h2"),
    ("noequals@h2", [b"node", b"garbage", b"proto", b"family"], "noequals@h2"),
    ("full", [b"x=" + b"y" * 253, b"node=full@h2", b"=" * 255, b"z" * 255], "full@h2"),
    ("long", [b"node=" + LONG.encode()], LONG),
    ("longer", [b"node2=zzzzz", b"node=" + LONG.encode()], LONG + "zzzzz"),
    ("binary", [bytes(range(255)), b"node=binary@h2", bytes(range(1, 256))], "binary@h2"),
    ("duplicate", [b"node=first@h2", b"node=second@h2", b"proto=tcp", b"proto=tls"], "first@h2"),
    ("case", [b"NODE=Case@h2", b"Proto=tcp"], "Case@h2"),
    ("utf8", ["node=utf8@h\u00e52".encode()], "utf8@h\u00e52"),
    ("same@h2", [b"node=other@h2"], "other@h2"),
]

# label (which gets the number of the case), TXT strings, further arguments of announce.advert, the counter that moves
IGNORED = [
    ("nothing{}", [], {}, "ignored-name"),
    ("bad{}@h2", [b"node="], {}, "ignored-name"),
    ("bad{}@h2", [b"node=a b@h2"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=a@h2\nEVENT up evil@h2 port=1 family=inet proto=tcp"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil@h2\r\n"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil@h2\x00x"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil@\xff\xfe"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil@h\xc2\x85"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=\x1b[31mevil@h2"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil%s%n@h2"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=../../evil@h2"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=evil@h2@h2"], {}, "ignored-name"),
    ("bad{}@h2", [b"node=" + LONG.encode(), b"node2=zzzzzz"], {}, "ignored-name"),
    ("evil{}@localhost", [], {}, "ignored-local"),
    ("bad{}@h2", [b"node=evil@127.1"], {}, "ignored-local"),
    ("evil{}@h2", [b"proto=sctp"], {}, "ignored-txt"),
    ("evil{}@h2", [b"family=inet7"], {}, "ignored-txt"),
    ("evil{}@h2", [b"type="], {}, "ignored-txt"),
    ("evil{}@h2", [b"cluster=a b"], {}, "ignored-txt"),
    ("evil{}@h2", [b"cluster=" + b"c" * 64], {}, "ignored-txt"),
    ("evil{}@h2", [b"otp=27\n"], {}, "ignored-txt"),
    ("evil{}@h2", [b"dist=6"], {}, "ignored-txt"),
    ("evil{}@h2", [b"txtvers=2"], {}, "ignored-txt"),
    ("evil{}@h2", [], {"port": 0}, "ignored-port"),
    ("evil{}@h2", [], {"target": "linklocal", "a": None, "aaaa": "fe80::66"}, "ignored-address"),
]


def send(host, *args, **more):
    host.check([sys.executable, announce.__file__, announce.advert(*args, **more)])


def strange_but_right(lan):
    "strange TXT records that are within the rules are understood"
    with lan[1].watch() as watch, contextlib.ExitStack() as goodbyes:
        goodbyes.callback(lan[1].wait_status, lambda status: status["nodes"] == 0, 10, "all are gone")      # the last
        for port, (label, txt, node) in enumerate(UNDERSTOOD, 41000):
            send(lan[2], label, txt, port=port)
            goodbyes.callback(send, lan[2], label, txt, port=port, ttl=0)
            up = watch.wait_event("up", node, 10, port=str(port))
            assert (up.proto, up.addr) == ("tcp", "192.0.2.66"), up
        known = {line.node for line in watch.must("LIST").nodes}
        assert known == {node for _, _, node in UNDERSTOOD}, known
    return f"{len(UNDERSTOOD)} adverts"


def hostile(lan):
    "hostile TXT records, port 0 and useless addresses are ignored, and counted in STATUS"
    with lan[1].watch() as watch:
        for number, (label, txt, more, counter) in enumerate(IGNORED):
            # With an address of one IP version, the advert is sighted once.
            label, target = label.format(number), lan[1].status()[counter] + 1
            send(lan[2], label, txt, **more)
            lan[1].wait_status(lambda status: status[counter] == target, 10, f"{counter} counts {label} {txt} {more}")
            send(lan[2], label, txt, ttl=0, **more)
        # What had been believed would be here before the next good one.
        send(lan[2], "fence@h2")
        up = watch.next_event(10)
        assert up.words == ["up", "fence@h2"], up
        assert [line.node for line in watch.must("LIST").nodes] == ["fence@h2"]
        send(lan[2], "fence@h2", ttl=0)
        watch.wait_event("down", "fence@h2", 10)
    return f"{len(IGNORED)} adverts"


def impostor(lan):
    "an advert never overrules a node that is registered here, and is shown as a conflict"
    with lan[1].control() as lease, lan[1].watch() as watch:
        lease.register("local@h1", 45000)
        watch.wait_event("up", "local@h1", 5, source="local")
        send(lan[2], "impostor", [b"node=local@h1"], port=666)
        lan[1].wait_status(lambda status: status["conflicts"] >= 1, 10, "the conflict is counted")
        lines = watch.lookup("local@h1")
        assert [(line.source, line.port, line.conflict) for line in lines] == [("local", "45000", "1")], lines
        listed = [line for line in watch.must("LIST").nodes if line.node == "local@h1"]
        assert [line.port for line in listed] == ["45000"], listed
        # Also the other way round: first the advert, then the registration.
        send(lan[2], "impostor2", [b"node=later@h1"], port=666)
        watch.wait_event("up", "later@h1", 10, port="666")
        with lan[1].control() as later:
            later.register("later@h1", 45001)
            assert [line.port for line in watch.lookup("later@h1")] == ["45001"]
            event = watch.wait_event("changed", "later@h1", 5, reason="replaced")
            assert (event.source, event.port) == ("local", "45001"), event
        for label, node in (("impostor", b"local@h1"), ("impostor2", b"later@h1")):
            send(lan[2], label, [b"node=" + node], port=666, ttl=0)
        lan[1].wait_status(lambda status: status["conflicts"] == 0, 10, "the conflict is over")


def two_claims(lan):
    "of two adverts for the same endpoint from one host the newer one counts, from two hosts that of the elder"
    with lan[1].watch() as watch:
        one = {"txt": [b"node=twice@h2"], "port": 42001}
        two = {"txt": [b"node=twice@h2"], "port": 42002, "target": "another", "a": "192.0.2.67"}
        send(lan[2], "one", **one)
        watch.wait_event("up", "twice@h2", 10, port="42001", conflict=None)
        send(lan[2], "two", **two)
        watch.wait_event("changed", "twice@h2", 10, port="42001", conflict="1")
        assert [(line.port, line.addr) for line in watch.lookup("twice@h2")] == [("42001", "192.0.2.66")]
        assert watch.status()["conflicts"] == 1
        newer = {"txt": [b"node=twice@h2"], "port": 42003}
        send(lan[2], "newer", **newer)
        watch.wait_event("changed", "twice@h2", 10, port="42003", reason="replaced", conflict="1")
        for label, advert in (("one", one), ("newer", newer)):
            send(lan[2], label, ttl=0, **advert)
        watch.wait_event("changed", "twice@h2", 10, port="42002", reason="replaced", conflict=None)
        assert [(line.port, line.addr) for line in watch.lookup("twice@h2")] == [("42002", "192.0.2.67")]
        send(lan[2], "two", ttl=0, **two)
        watch.wait_event("down", "twice@h2", 10)


def shown_safely(lan):
    "what the network sent reaches clients and the terminal as printable text only"
    with lan[1].watch() as watch:
        send(lan[2], "x", ["node=terminal@h\u00e5%2\u00a0".encode()], target="t\u001b[31m\u0007")
        watch.wait_event("up", "terminal@h\u00e5%2\u00a0", 10)
        for line in watch.must("LIST").nodes:
            assert re.fullmatch(r"[!-~]+( [!-~]+)*", line.raw), line
        shown = lan[1].cli("list")
        assert shown.returncode == 0 and "terminal@" in shown.stdout, shown
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown.stdout), shown


if __name__ == "__main__":
    tap.main([static_file, label_only, all_keys, strange_but_right, hostile, impostor, two_claims, shown_safely],
             Lan(2))
