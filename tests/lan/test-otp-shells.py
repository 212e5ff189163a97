#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shells of Erlang, Elixir and rebar3, at a terminal: each finds nodes on another host, and none starts an epmd."""

import tap
from lan import Lan
from terminal import Terminal

SLOW = 20       # seconds for a shell to come up on a busy machine

APP = "{application, tiny, [{vsn, \"1\"}, {registered, []}, {applications, [kernel, stdlib]}]}."


def flags(host):
    return f"-start_epmd false -epmd_module epmd_mdns -pa {host.ebin}"


def shell(host, command, *env):
    """A shell on a terminal of a host."""
    return host.spawn(["env", *env, *host.otp_argv(command)], command[0], kind=Terminal)


def answers(terminal, prompt, question, answer):
    """Type a question at the prompt, and wait for the answer. What is typed is shown too: it must not match."""
    terminal.wait_text(prompt, SLOW)
    terminal.write(question)
    terminal.wait_text(answer, SLOW)


def erl_shell(lan):
    "erl: a shell connects by name"
    host = lan[1]
    terminal = shell(host, ["erl", "-sname", "alice", "-setcookie", "x", *flags(host).split()])
    answers(terminal, r"\(alice@h1\)1> ", "{answer, net_adm:ping('bob@h2'), 6 * 7}.", r"^\{answer,pong,42\}")
    assert "alice@h1" in lan.bob.eval("nodes()")
    terminal.kill()


def erl_remsh(lan):
    """erl -remsh: into a node on another host, as -sname undefined, with a name, and without either, five times"""
    host = lan[1]
    # Without a name it connects just while it hears of the first nodes.
    for name in (["-sname", "undefined"], ["-sname", "admin"], *[[]] * 5):
        terminal = shell(host, ["erl", *name, "-remsh", "bob@h2", "-setcookie", "x", *flags(host).split()])
        answers(terminal, r"\(bob@h2\)\d+> ", "{answer, node(), 6 * 7}.", r"^\{answer,bob@h2,42\}")
        terminal.kill()


def iex(lan):
    "iex: --erl takes the flags, and Node.connect works by name"
    host = lan[1]
    terminal = shell(host, ["iex", "--sname", "carol", "--cookie", "x", "--erl", flags(host)])
    answers(terminal, r"iex\(carol@h1\)1> ", "{Node.self(), Node.connect(:bob@h2), 6 * 7}", r"^\{:carol@h1, true, 42\}")
    assert "carol@h1" in lan.bob.eval("nodes()")
    terminal.kill()


def iex_remsh(lan):
    "iex --remsh: into an Elixir node on another host"
    host, other = lan.hosts
    with host.watch() as watch:
        lan.dora = other.spawn(other.otp_argv(["elixir", "--sname", "dora", "--cookie", "x", "--erl", flags(other),
                                               "--no-halt"]), "elixir dora")
        watch.wait_event("up", "dora@h2", SLOW)
    terminal = shell(host, ["iex", "--sname", "eve", "--cookie", "x", "--erl", flags(host), "--remsh", "dora@h2"])
    answers(terminal, r"iex\(dora@h2\)1> ", "{Node.self(), 6 * 7}", r"^\{:dora@h2, 42\}")
    terminal.kill()


def rpc_eval(lan):
    "elixir --rpc-eval: evaluates in a node on another host"
    host = lan[1]
    shown = host.check(host.otp_argv(["elixir", "--sname", "frank", "--cookie", "x", "--erl", flags(host), "--rpc-eval",
                                      "dora@h2", "IO.inspect({Node.self(), 6 * 7})"]), deadline=SLOW)
    assert shown == "{:dora@h2, 42}\n", shown
    assert lan.dora.stop() == 0, "SIGTERM is an orderly end"


def by_environment(lan):
    "the flags may come from ERL_FLAGS, to erl, iex and rebar3 shell"
    host = lan[1]
    env = f"ERL_FLAGS={flags(host)}"
    host.check(["mkdir", "-p", "/run/lan/home/tiny/src"])
    host.write("/run/lan/home/tiny/src/tiny.app.src", APP)
    for command, prompt, question, answer in (
            (["erl", "-sname", "grace", "-setcookie", "x"], r"\(grace@h1\)1> ",
             "{answer, net_adm:ping('bob@h2'), 6 * 7}.", r"^\{answer,pong,42\}"),
            (["iex", "--sname", "heidi", "--cookie", "x"], r"iex\(heidi@h1\)1> ",
             "{Node.connect(:bob@h2), 6 * 7}", r"^\{true, 42\}"),
            (["sh", "-c", "cd /run/lan/home/tiny && exec rebar3 shell --sname ivan --setcookie x"], r"\(ivan@h1\)1> ",
             "{answer, net_adm:ping('bob@h2'), 6 * 7}.", r"^\{answer,pong,42\}")):
        terminal = shell(host, command, env)
        answers(terminal, prompt, question, answer)
        terminal.kill()


def starts_no_epmd(lan):
    "and after all of that no epmd runs anywhere, and nothing listens on 4369"
    for host in lan.hosts:
        assert "epmd" not in host.running().values()
        assert 4369 not in host.listening()


def bob(lan):
    "a node on h2, for the others to find"
    with lan[1].watch() as watch:
        lan.bob = lan[2].erl("bob")
        watch.wait_event("up", "bob@h2", SLOW)


if __name__ == "__main__":
    tap.main([bob, erl_shell, erl_remsh, iex, iex_remsh, rpc_eval, by_environment, starts_no_epmd],
             Lan(2, needs=("elixir", "iex", "rebar3")))
