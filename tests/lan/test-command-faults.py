#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command epmd-mdns when something is wrong beside it: its output, the daemon, or what the daemon says."""

import json
import re

import tap
from fake import FakeDaemon
from host import CLI
from lan import Lan

COMMANDS = (["list"], ["list", "--json"], ["names"], ["resolve", "n1@m1"], ["monitor", "--cluster=none"], ["status"],
            ["wait"])


class Fake(FakeDaemon):
    """A fake daemon, and the command that asks it."""

    def spawn(self, *arguments):
        return self._host.spawn([CLI, f"--socket={self.path}", *arguments], " ".join(arguments))

    def run(self, *arguments, redirection=""):
        return self._host.run(["bash", "-c", f'"$@" {redirection}', "bash", CLI, f"--socket={self.path}", *arguments],
                              deadline=60)      # how soon it has to end is a question of its own: hangs()


def output_is_lost(lan):
    "whatever can't be written is told, with exit status 1: a full disk, and a closed standard output"
    with Fake(lan[1], "serve") as fake:
        for redirection in (">/dev/full", ">&-"):
            for arguments in (["list"], ["list", "--json"], ["names", "m1"], ["monitor"],
                              ["monitor", "--json"], ["version"], ["help"], ["list", "--help"]):
                shown = fake.run(*arguments, redirection=redirection)
                assert shown.returncode == 1 and "epmd-mdns: can't write: " in shown.stderr, (redirection, shown)
    for option in ("--help", "--version"):
        shown = lan[1].run(["bash", "-c", f"'{CLI}' {option} >/dev/full"])
        assert shown.returncode == 1 and "can't write" in shown.stderr, shown


def input_is_closed(lan):
    "a closed standard input or standard error changes nothing"
    with Fake(lan[1], "serve") as fake:
        whole = fake.run("list").stdout
        assert whole.count("\n") == 10001, whole.count("\n")
        for redirection in ("<&-", "2>&-", "<&- 2>&-"):
            shown = fake.run("list", redirection=redirection)
            assert shown.returncode == 0 and shown.stdout == whole and not shown.stderr, (redirection, shown.stderr)


def restarts(lan):
    "a daemon that restarts just then is asked again; one that never answers is told after that"
    for arguments in (["list"], ["names", "m1"], ["wait", "--count=10000"]):
        with Fake(lan[1], "restart") as fake:
            shown = fake.run(*arguments)
            assert shown.returncode == 0 and not shown.stderr, (arguments, shown.stderr)
    with Fake(lan[1], "closing") as fake:
        shown = fake.run("list")
        assert shown.returncode == 1 and "epmd-mdnsd closed the connection" in shown.stderr, shown


def hangs(lan):
    "whatever keeps the command waiting, it ends after five seconds with exit status 1, and says so"
    for mode in ("silent", "full", "drip", "flood"):
        with Fake(lan[1], mode) as fake:
            running = [fake.spawn(*arguments) for arguments in COMMANDS]
            for process in running:
                assert process.wait(60) == 1, (mode, process.label, process.lines)
                # Both outputs are one here; a line may begin anywhere.
                said = "\n".join(process.lines)
                assert re.search("epmd-mdns: (can't reach )?epmd-mdnsd", said), (mode, process.label, said[-500:])


def hangs_for_doctor(lan):
    "doctor advises to restart a daemon that hangs, even if its queue of connections is full"
    for mode in ("silent", "full"):
        with Fake(lan[1], mode) as fake:
            check = json.loads(fake.run("doctor", "--json").stdout)["checks"][0]
            assert check["check"] == "daemon" and "does not answer" in check["finding"], (mode, check)
            assert "systemctl restart epmd-mdns" in check["advice"], (mode, check)


def refuses(lan):
    "a daemon that has too many connections says so, to people and to doctor"
    with Fake(lan[1], "refuse") as fake:
        for arguments in COMMANDS:
            shown = fake.run(*arguments)
            assert shown.returncode == 1, shown
            assert shown.stderr == "epmd-mdns: epmd-mdnsd answers limit: there are too many connections\n", shown
        check = json.loads(fake.run("doctor", "--json").stdout)["checks"][0]
        assert check["finding"] == "epmd-mdnsd refuses to answer: limit: there are too many connections", check


def hostile_words(lan):
    "nothing that the daemon says reaches a terminal as a control character"
    with Fake(lan[1], "escapes") as fake:
        for arguments in (*COMMANDS, ["version"]):
            shown = fake.run(*arguments)
            assert "\033" not in shown.stdout + shown.stderr, shown
            assert arguments in (["list", "--json"], ["names"]) or "\\x1B" in shown.stdout + shown.stderr, shown


if __name__ == "__main__":
    tap.main([output_is_lost, input_is_closed, restarts, hangs, hangs_for_doctor, refuses, hostile_words], Lan(1))
