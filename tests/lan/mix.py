# SPDX-License-Identifier: Apache-2.0
"""A release of Elixir, made with `mix release` on a host as docs/releases.md says."""

import shutil

from release import FLAGS, install
from terminal import Terminal

SLOW = 20       # seconds for a program to come up on a busy machine
LIBS = "/run/lan/libs"
PROJECT = "/run/lan/home/hello"
RELEASE = "/run/lan/home/release"
HELLO = f"{RELEASE}/bin/hello"

MIX_EXS = """
defmodule Hello.MixProject do
  use Mix.Project

  def project do
    [app: :hello, version: "1.0.0", releases: [hello: [cookie: "x"]]]
  end

  def application do
    [extra_applications: [:logger, :epmd_mdns]]
  end
end
"""


def make(host, args="", remote_args="", **config):
    """Make the release, with lines more in vm.args and remote.vm.args, and with these files in config/; there is no
    network, so nothing can be fetched."""
    install(host, LIBS)
    host.check(["mkdir", "-p", f"{PROJECT}/lib", f"{PROJECT}/rel", f"{PROJECT}/config"])
    for path, text in (("mix.exs", MIX_EXS), ("rel/vm.args.eex", FLAGS + args), ("rel/remote.vm.args.eex", FLAGS + remote_args),
                       ("lib/hello.ex", "defmodule Hello, do: nil\n"),
                       *((f"config/{name}.exs", text) for name, text in config.items())):
        host.write(f"{PROJECT}/{path}", text)
    env = ["env", f"--chdir={PROJECT}", f"ERL_LIBS={LIBS}", "MIX_ENV=prod"]
    host.check(host.otp_argv([*env, "mix", "release", "--quiet", "--path", RELEASE]), deadline=60)


def copy(host, other):
    """Put the release of a host on another."""
    shutil.copytree(host.path(RELEASE), other.path(RELEASE), symlinks=True)


def start(host):
    """Start the release, return the Process."""
    return host.spawn(host.otp_argv([HELLO, "start"]), "hello")


def hello(host, *arguments):
    """Run bin/hello, return what it printed."""
    return host.check(host.otp_argv([HELLO, *arguments]), deadline=SLOW)


def remote(host):
    """Run bin/hello remote at a terminal; return the Terminal when it shows a prompt."""
    terminal = host.spawn(host.otp_argv([HELLO, "remote"]), "hello remote", kind=Terminal)
    terminal.wait_text(rf"iex\(hello@{host.name}\)1> ", SLOW)
    return terminal
