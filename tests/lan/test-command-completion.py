#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Completion of the command epmd-mdns in bash and, if it is installed, in zsh: options, and names that are up."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import tap
from box import ENVIRONMENT, HERE
from fake import FakeDaemon
from host import CLI
from lan import Lan

COMPLETIONS = os.path.abspath(os.path.join(HERE, "..", "..", "completions"))
BASH = os.path.join(COMPLETIONS, "epmd-mdns.bash")

# What bash does when Tab is pressed behind these words: all of them but the last are complete.
PRESS_TAB = """
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _epmd_mdns
    printf '%s\\n' "${COMPREPLY[@]}"
"""

# zsh completes in a terminal only. Ctrl-X shows what the line has become.
ZSHRC = """
    PS1= RPS1= PS2=
    unsetopt zle_bracketed_paste list_beep prompt_cr prompt_sp always_last_prompt
    fpath=({functions} $fpath)
    path=({programs} $path)
    autoload -U compinit && compinit -u -D
    show() {{ print -r -- "<<$BUFFER>>"; exit }}
    zle -N show
    bindkey -e
    bindkey '^X' show
    zle-line-init() {{ print READY }}
    zle -N zle-line-init
"""


def scene(lan):
    lan.leases = [lan[1].control(), lan[2].control()]
    lan.leases[0].register("alice@h1", 4001)
    lan.leases[1].register("bob@h2", 4002, cluster="team")
    with lan[1].control() as control:
        control.must("LOOKUP bob@h2 wait=5000")


def complete(lan, *words):
    shown = lan[1].run(["bash", "--norc", "-c", PRESS_TAB, "bash", BASH, CLI, *words])
    assert shown.returncode == 0 and not shown.stderr, shown
    return shown.stdout.split()


def commands(lan):
    "commands and options are completed"
    scene(lan)
    assert complete(lan, "") == ["list", "names", "resolve", "monitor", "status", "doctor", "wait", "version", "help"]
    assert complete(lan, "do") == ["doctor"] and complete(lan, "help", "mo") == ["monitor"]
    assert complete(lan, "list", "--l") == ["--local", "--lan"]
    assert complete(lan, "wait", "--t") == ["--timeout="]
    assert complete(lan, "status", "--") == ["--json", "--socket=", "--help"]
    assert complete(lan, "resolve", "--proto", "=", "t") == ["tcp", "tls"]
    assert complete(lan, "resolve", "--family", "") == ["inet", "inet6"]
    assert complete(lan, "version", "x") == []


def every_option(lan):
    "every option that --help of a command shows is completed, and no other"
    for command in ("list", "names", "resolve", "monitor", "status", "doctor", "wait"):
        shown = re.findall(r"^  (--[a-z-]+)", lan[1].cli(command, "--help").stdout, re.MULTILINE)
        offered = [word.rstrip("=") for word in complete(lan, command, "--")]
        assert sorted(offered) == sorted(shown), command


def values(lan):
    "values that are not names are completed as well: files, and words of a list"
    lan[1].check(["mkdir", "/run/lan/tab dir"])
    lan[1].check(["touch", "/run/lan/tab-file"])
    assert complete(lan, "--socket", "=", "/run/lan/tab-") == ["/run/lan/tab-file"]
    assert complete(lan, "list", "--socket", "/run/lan/tab") == ["/run/lan/tab\\", "dir/", "/run/lan/tab-file"]
    assert complete(lan, "--socket", "=", "/run/nowhere/") == []
    assert complete(lan, "resolve", "--proto", "=", "tl") == ["tls"]
    assert complete(lan, "wait", "--count", "=", "") == []
    assert complete(lan, "list", "--nonsense", "=", "") == [] and complete(lan, "nonsense", "") == []


def no_lists(lan):
    "the shells' files hold no lists, and what they call stands in no --help"
    words = complete(lan, "") + [word.rstrip("=") for word in complete(lan, "list", "--")]
    assert len(words) > 16, words
    for name in ("epmd-mdns.bash", "_epmd-mdns"):
        with open(os.path.join(COMPLETIONS, name)) as file:
            code = re.sub(r"(?m)^\s*#.*", "", file.read())
        assert "__complete" in code
        assert not [word for word in words if re.search(rf"(?<![\w-]){word}(?![\w-])", code)], name
    assert "__complete" not in lan[1].cli("--help").stdout + lan[1].cli("stat").stderr


def describes(lan):
    "a candidate may have a description behind a tab, that of --help"
    assert lan[1].cli("__complete", "mon").stdout == "monitor\tnodes that come, change and go, as it happens\n"
    assert lan[1].cli("__complete", "resolve", "--proto=tl").stdout == "--proto=tls\n"
    assert lan[1].cli("__complete").stdout == ""


def live_names(lan):
    "names of nodes, hosts and clusters are those that are up just now"
    assert complete(lan, "resolve", "") == ["alice@h1", "bob@h2"]
    assert complete(lan, "resolve", "b") == ["bob@h2"]
    assert complete(lan, "names", "") == ["h1", "h2"]
    assert complete(lan, "list", "--cluster", "=", "") == ["team"]
    assert complete(lan, "list", "--cluster", "=") == ["team"]
    assert complete(lan, "monitor", "--host", "h2") == ["h2"]
    lan.leases.pop().close()
    lan[1].wait_status(lambda status: status["nodes"] == 1, 5, "bob is gone")
    assert complete(lan, "resolve", "") == ["alice@h1"]


def second_half(lan):
    "a name that bash has taken apart at the @ goes on behind it"
    assert complete(lan, "resolve", "alice", "@") == ["h1"]
    assert complete(lan, "resolve", "alice", "@", "h") == ["h1"]
    assert complete(lan, "resolve", "bob", "@", "h") == []


def hostile_names(lan):
    "what a name on the LAN has in it is not run by the shell, neither by Tab nor with the line that it stands in"
    name, host = "eve", "$(touch${IFS}/run/lan/run)`touch${IFS}/run/lan/run`;*"
    with lan[1].control() as lease:
        lease.register(f"{name}@{host}", 4010)
        offered = [complete(lan, "resolve", "e"), complete(lan, "resolve", name, "@"), complete(lan, "names", "$"),
                   complete(lan, "list", "--host", "=", "$")]
    for words, meant in zip(offered, (f"{name}@{host}", host, host, host)):
        assert len(words) == 1, words
        assert lan[1].run(["bash", "-c", f"printf %s {words[0]}"]).stdout == meant, words
    assert lan[1].run("test -e /run/lan/run").returncode != 0, "the shell has run it"


def other_socket(lan):
    "the socket on the command line is the one that is asked; without a daemon nothing is offered, and nothing said"
    assert complete(lan, "--socket", "=", "/run/epmd-mdns/control", "resolve", "") == ["alice@h1"]
    assert complete(lan, "--socket", "/run/epmd-mdns/control", "resolve", "") == ["alice@h1"]
    assert complete(lan, "--socket", "=", "/run/nowhere", "resolve", "") == []


def hanging_daemon(lan):
    "a daemon that hangs, or sends without end, holds up nobody who presses Tab"
    for mode in ("silent", "full", "drip", "endless", "garbage", "closing", "refuse"):
        with FakeDaemon(lan[1], mode) as fake:
            start = time.monotonic()
            shown = lan[1].cli("__complete", f"--socket={fake.path}", "resolve", "")
            assert time.monotonic() - start < 2, mode
        assert shown.returncode == 0 and not shown.stderr, shown
        assert not shown.stdout or mode in ("drip", "endless"), shown


def complete_in_zsh(host, typed):
    """What becomes of the line when Tab is pressed behind it."""
    ours, its = pty.openpty()
    environment = {**ENVIRONMENT, "ZDOTDIR": "/run/lan/zsh", "TERM": "xterm"}
    shell = subprocess.Popen(host.argv(["zsh", "-i"]), stdin=its, stdout=its, stderr=its, env=environment,
                             start_new_session=True)
    os.close(its)
    try:
        read_until(ours, b"READY")
        os.write(ours, typed.encode() + b"\t\x18")
        return read_until(ours, b"<<.*>>")[2:-2].decode()
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def read_until(terminal, pattern, deadline=60):
    data = b""
    end = time.monotonic() + deadline
    while not re.search(pattern, data):
        readable, _, _ = select.select([terminal], [], [], end - time.monotonic())
        assert readable, f"{pattern} is not in {data}"
        data += os.read(terminal, 4096)
    return re.search(pattern, data)[0]


def in_zsh(lan):
    "zsh completes the same"
    if not shutil.which("zsh"):
        return "not tried: zsh is not installed"
    lan[1].check("mkdir -p /run/lan/zsh")
    lan[1].write("/run/lan/zsh/.zshrc", ZSHRC.format(functions=COMPLETIONS, programs=os.path.dirname(CLI)))
    for typed, completed in (("do", "doctor "), ("list --no", "list --no-legend "), ("resolve al", "resolve alice@h1 "),
                             ("names ", "names h1 "), ("resolve --proto=tl", "resolve --proto=tls "),
                             ("list --host=", "list --host=h1 "), ("wait --t", "wait --timeout="),
                             ("--socket=/run/lan/tab-", "--socket=/run/lan/tab-file "), ("help mo", "help monitor ")):
        shown = complete_in_zsh(lan[1], f"epmd-mdns {typed}")
        assert shown == f"epmd-mdns {completed}", shown
    return "with zsh"


if __name__ == "__main__":
    tap.main([commands, every_option, values, no_lists, describes, live_names, second_half, hostile_names, other_socket,
              hanging_daemon, in_zsh], Lan(2))
