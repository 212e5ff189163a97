#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Releases in embedded mode: as relx makes and starts them, and as mix release does (docs/releases.md)."""

import mix
import tap
from lan import Lan
from release import CLEAN, FLAGS, Releases
from terminal import Terminal
from wait import wait_for

SLOW = 20       # seconds for a program to come up on a busy machine
PORT = 41000

# Whether the application is loaded, by OTP or for its part of sys.config by itself, and whether it runs.
STATES = {"permanent": ("true", "true"), "load": ("true", "false"), "none": ("true", "false")}

CONFIG_EXS = """
import Config
config :epmd_mdns, cluster: "my-team"
"""
# This is read when the node is on the network already.
RUNTIME_EXS = """
import Config
config :epmd_mdns, cluster: "too-late"
"""


def reaches(node, other):
    """Connect by name. A node is told of another at about the time when a test is: it may be a little later."""
    wait_for(lambda: node.ping(other) == "pong", SLOW, f"{node.name} reaches {other}")


def relx_style(lan):
    "a release with the application as permanent, load or none finds a node on another host, and is found"
    with lan[1].watch() as watch:
        bob = lan[2].erl("bob")
        watch.wait_event("up", "bob@h2", SLOW)
    for kind in ("permanent", "load", "none"):
        with lan[2].watch() as watch:
            node = lan.releases.start(kind, kind)
            watch.wait_event("up", node.name, SLOW)
            reaches(bob, node.name)
            loaded = node.eval("lists:keymember(epmd_mdns, 1, application:loaded_applications())")
            running = node.eval("lists:keymember(epmd_mdns, 1, application:which_applications())")
            assert (loaded, running) == STATES[kind]
            node.kill()
            fresh = lan.releases.start(kind, f"{kind}2")
            assert fresh.ping("bob@h2") == "pong", "what the daemon knows, a node knows when it is up"
            fresh.kill()


def remote_console(lan):
    "relx's remote console takes the same flags and enters the release; with a fixed port erl_call reaches it too"
    node = lan.releases.start("load", "served", args=f"-erl_epmd_port {PORT}\n")
    with lan[1].control() as control:
        assert [line.port for line in control.lookup("served@h1")] == [str(PORT)]
    shown = lan[1].check(lan[1].otp_argv(["erl_call", "-address", str(PORT), "-R", "-c", "x", "-a", "erlang node"]))
    assert shown == "served@h1", shown
    terminal = lan[1].spawn(lan.releases.remote_console("served@h1"), "remote console", kind=Terminal)
    terminal.wait_text(r"\(served@h1\)1> ", SLOW)
    terminal.write("{answer, code:get_mode(), 6 * 7}.")
    terminal.wait_text(r"^\{answer,embedded,42\}", SLOW)
    terminal.kill()
    assert node.eval("nodes()") == "[]"
    node.kill()


def without_application(lan):
    "a release that lacks the application does not boot, and the message names the module"
    argv = lan.releases.erlexec("-noshell", "-mode", "embedded", "-boot", CLEAN, "-sname", "lost", *FLAGS.split(),
                                env=["ERL_CRASH_DUMP_SECONDS=0"])
    result = lan[1].run(argv, deadline=SLOW)
    shown = "".join((result.stdout + result.stderr).split())
    assert result.returncode == 1 and "{undef,[{epmd_mdns,start_link" in shown, result


def mix_release(lan):
    "mix release: two lines in vm.args and remote.vm.args, the application in mix.exs, settings in config.exs"
    mix.make(lan[1], config=CONFIG_EXS, runtime=RUNTIME_EXS)
    with lan[2].watch() as watch:
        lan.hello = mix.start(lan[1])
        watch.wait_event("up", "hello@h1", SLOW, cluster="my-team")
    assert lan[2].erl("carol").ping("hello@h1") == "pong"


def mix_commands(lan):
    "bin/hello rpc, remote and stop reach the release that runs"
    host = lan[1]
    shown = mix.hello(host, "rpc", "IO.inspect({Node.self(), :code.get_mode(), Node.connect(:bob@h2)})")
    assert shown == "{:hello@h1, :embedded, true}\n", shown
    terminal = mix.remote(host)
    terminal.write("{Node.self(), 6 * 7}")
    terminal.wait_text(r"^\{:hello@h1, 42\}", SLOW)
    terminal.kill()
    with lan[2].watch() as watch:
        mix.hello(host, "stop")
        watch.wait_event("down", "hello@h1", SLOW)
    assert lan.hello.wait(SLOW) == 0


def starts_no_epmd(lan):
    "and after all of that no epmd runs anywhere, and nothing listens on 4369"
    for host in lan.hosts:
        assert "epmd" not in host.running().values() and 4369 not in host.listening()


def made(lan):
    "systools makes releases of the application"
    lan.releases = Releases(lan[1])


if __name__ == "__main__":
    tap.main([made, relx_style, remote_console, without_application, mix_release, mix_commands, starts_no_epmd],
             Lan(2, needs=["mix"]))
