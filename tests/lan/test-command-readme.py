#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command epmd-mdns that README.md shows is run, and prints what stands there, ages, times and such apart. What the manual
page says of the doctor is what the doctor says."""

import os
import re

import tap
from acceptor import Acceptors
from box import HERE
from host import BUILD, CLI
from lan import Lan

TOP = os.path.join(HERE, "..", "..")
HOME = "/run/lan/home"
COOKIE = f"{HOME}/.erlang.cookie"

# What is never the same twice.
VARIABLE = ((r"\b\d\d:\d\d:\d\d\.\d{3}\b", "TIME"), (r"\b\d+[smhd]\b *", "AGE  "), (r"\b\d+\.\d\d ms\b", "MS"),
            (r"\bage=\d+", "age=N"))


def read(*path):
    with open(os.path.join(TOP, *path)) as file:
        return file.read()


def shown_in_readme():
    """Pairs of a command and its output, from the indented blocks."""
    found = []
    for block in re.findall(r"(?:^(?:    .*)?\n)+", read("README.md"), re.MULTILINE):
        for part in re.split(r"^    \$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, re.sub(r"^    ", "", output, flags=re.MULTILINE).strip("\n")))
    return found


def same(text):
    for pattern, word in VARIABLE:
        text = re.sub(pattern, word, text)
    return text.strip("\n").replace(HOME, "/home/me")


def compare(command, shown, expected):
    assert same(shown) == same(expected), f"$ {command}\n{shown}\n--- README.md says\n{expected}"


def run(host, command):
    """As in a shell of a user who has the command in the path."""
    return host.run(["env", f"PATH={BUILD}:{os.environ['PATH']}", "sh", "-c", command]).stdout


def monitor(lan, command, expected):
    """The last line is what happens when bob ends."""
    process = lan[1].spawn([CLI, *command.split()[1:]], "monitor")
    process.wait_line("changes follow", 5)
    lan.bob.close()
    process.wait_line("goodbye", 5)
    process.stop()
    compare(command, "\n".join(process.lines), expected)


def keeps_its_word(lan):
    "README.md shows what the commands print"
    lan[1].check(["mount", "--bind", "/run/lan/avahi.conf", "/etc/avahi/avahi-daemon.conf"])
    alice, lan.bob = lan[1].control(), lan[2].control()
    alice.register("alice@h1", 37061)
    lan.bob.register("bob@h2", 40001)
    lan[1].wait_status(lambda status: status["nodes"] == 2 and status["adverts"] == 1, 10, "both nodes are up")
    lan[1].write(COOKIE, "secret\n")
    lan[1].check(["chmod", "0644", COOKIE])
    commands = [(command, output) for command, output in shown_in_readme() if "epmd-mdns" in command]
    with Acceptors(lan[2], {40001: "bob@h2"}):
        for command, expected in commands:
            if not command.startswith(("epmd-mdns monitor", "socat")):
                compare(command, run(lan[1], command), expected)
    for command, expected in commands:
        if command.startswith("epmd-mdns monitor"):
            monitor(lan, command, expected)
    names = {command.split()[1] for command, _ in commands if command.startswith("epmd-mdns")}
    assert {"list", "names", "resolve", "monitor", "doctor", "wait"} <= names, names
    return f"{len(commands)} commands"


def speaks_by_hand(lan):
    "the session with socat is what the daemon says"
    with lan[2].control() as bob, lan[1].watch() as control:
        bob.register("bob@h2", 40001)
        control.wait_event("up", "bob@h2", 5)
        for command, session in shown_in_readme():
            if command.startswith("socat"):
                request, _, answer = session.partition("\n")
                reply = control.must(request)
                compare(request, "\n".join(line.raw for line in (*reply.nodes, reply.end)), answer)
                return
    raise AssertionError("README.md shows no session with socat")


def names_only_what_there_is(lan):
    "the table of README.md has commands that exist"
    named = re.findall(r"`epmd-mdns ([a-z]+)", read("README.md"))
    assert named
    for command in named:
        assert lan[1].cli(command, "--help").returncode == 0, command


def quotes_the_doctor(lan):
    "what the manual page says that the doctor says, it does say, and there is such a check"
    del lan
    doctor = os.path.join(TOP, "src", "ctl", "doctor")
    sources = [os.path.join("doctor", name) for name in os.listdir(doctor) if re.fullmatch(r"checks.*\.c", name)]
    # A long text stands in several literals. What there is to say of containers, "resolve" says, too.
    code = re.sub(r'"\s+"', "", "".join(read("src", "ctl", name) for name in (*sources, "container.c")))
    quoted = re.findall(r"^\*([a-z-]+): (.*)\*$", read("man", "epmd-mdns.1.scd"), re.MULTILINE)
    assert len(quoted) >= 26, quoted
    for check, text in quoted:
        assert f'{{ "{check}", check_' in code, check
        for part in text.split("\u2026"):
            assert part.strip() in code, text


def leads_somewhere(lan):
    "every link of README.md and docs leads to a file that there is"
    del lan
    for name in ("README.md", *(f"docs/{name}" for name in os.listdir(os.path.join(TOP, "docs")) if name.endswith(".md"))):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(name)):
            assert os.path.exists(os.path.join(TOP, os.path.dirname(name), link)), f"{name}: {link}"


if __name__ == "__main__":
    tap.main([keeps_its_word, speaks_by_hand, names_only_what_there_is, quotes_the_doctor, leads_somewhere], Lan(2))
