#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Elixir nodes of one cluster join each other: iex, and a project under mix run."""

import re

import tap
from lan import Lan
from terminal import Terminal

SLOW = 30           # seconds; mix compiles first
PROJECT = "/run/lan/home/hello"
MIX_EXS = """
defmodule Hello.MixProject do
  use Mix.Project
  def project, do: [app: :hello, version: "1.0.0"]
  def application, do: [extra_applications: [:logger]]
end
"""


def flags(host):
    return f"-start_epmd false -epmd_module epmd_mdns -epmd_mdns cluster team -pa {host.ebin}"


def iex(lan):
    "two who start iex with the label of a cluster are connected"
    lan.terminals = []
    for host, name in zip(lan.hosts, ("anna", "bert")):
        argv = host.otp_argv(["iex", "--sname", name, "--cookie", "x", "--erl", flags(host)])
        lan.terminals.append(host.spawn(["env", "LC_ALL=C.UTF-8", *argv], f"iex {name}", kind=Terminal))
    for terminal, name, other in zip(lan.terminals, ("anna@h1", "bert@h2"), ("bert@h2", "anna@h1")):
        terminal.wait_text(rf"iex\({name}\)1> ", SLOW)
        terminal.write("{:epmd_mdns.wait(2, 20_000), Node.list()}")
        # Not the beginning of a line: after a line of the log iex goes to where its prompt was.
        terminal.wait_text(rf"\{{:ok, \[:{other}\]\}}", SLOW)


def mix_run(lan):
    "a project under mix run is the third of them"
    host = lan[2]
    host.check(["mkdir", "-p", PROJECT])
    host.write(f"{PROJECT}/mix.exs", MIX_EXS)
    code = ":ok = :epmd_mdns.wait(3, 20_000); IO.puts(\"here: #{inspect(Enum.sort(Node.list()))}\")"
    carl = host.spawn(host.otp_argv(
        ["sh", "-c", f'cd {PROJECT} && exec "$@"', "sh", "env", "LC_ALL=C.UTF-8", f"ELIXIR_ERL_OPTIONS={flags(host)}",
         "elixir", "--sname", "carl", "--cookie", "x", "-S", "mix", "run", "-e", code]), "mix run")
    shown = carl.wait_line(r"^here: (.*)$", SLOW)[1]
    assert re.fullmatch(r"\[:anna@h1, :bert@h2\]", shown), shown
    assert carl.wait(SLOW) == 0
    for terminal in lan.terminals:
        terminal.kill()


if __name__ == "__main__":
    tap.main([iex, mix_run], Lan(2, needs=("elixir", "iex", "mix")))
