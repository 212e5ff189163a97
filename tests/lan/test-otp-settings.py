#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The settings: by flag, in sys.config, by environment variable; which one counts, and what becomes of wrong ones."""

import re

import tap
from host import DAEMON
from lan import Lan
from release import Releases
from wait import wait_for

SOON = 5
OTHER = "/run/other/control"        # where a second daemon serves
DEFAULT = '["/run/epmd-mdns/control",undefined,true]'
SET = f'["{OTHER}",<<"my-team">>,false]'

# Shows the settings, and ends when the log is complete.
SHOW = """
io:format("~n=> ~0p~n", [[maps:get(K, epmd_mdns:info()) || K <- [socket, cluster, fallback]]]),
_ = logger_std_h:filesync(default),
halt().
"""

PATHS = "the path of a socket has 1 to 107 bytes"
LABELS = "the label of a cluster has 1 to 63 characters of A-Z a-z 0-9 . _ -"
CHOICE = "fallback is true or false"
UNKNOWN = "there is no such option"


class Shown:
    """What a node that was started to show its settings has printed."""

    def __init__(self, result):
        self.status = result.returncode
        self.all = result.stdout + result.stderr
        found = re.search("^=> (.*)$", result.stdout, re.MULTILINE)
        self.settings = found and found[1]
        # OTP shows an event twice if it comes early in the boot: at once, and in the log. It has the same time in both.
        self.warnings = set(re.findall(r"^=WARNING REPORT====.*\n(?:[^=\n].*\n)*", self.all, re.MULTILINE))


def plain(host, *flags, env=()):
    """The settings of a node that is no release."""
    return Shown(host.run(["env", *env, *host.otp_argv(
        ["erl", "-noshell", "-sname", "n", "-setcookie", "x", "-start_epmd", "false", "-epmd_module", "epmd_mdns",
         "-pa", host.ebin, *flags, "-eval", SHOW])], deadline=20))


def release(lan, kind, **more):
    """The settings of a release."""
    return Shown(lan[1].run(lan.releases.argv(kind, "n", "-eval", SHOW, **more), deadline=20))


def each_way(lan):
    "every setting can be a flag, an environment variable, and a line in sys.config, of any type of term"
    lan.releases = Releases(lan[1])
    for shown in (plain(lan[1]), release(lan, "load", config="[{epmd_mdns, []}].")):
        assert shown.settings == DEFAULT and not shown.warnings, shown.all
    flags = ["-epmd_mdns", "socket", OTHER, "cluster", "my-team", "-epmd_mdns", "fallback", "false"]
    config = f'[{{epmd_mdns, [{{socket, "{OTHER}"}}, {{cluster, "my-team"}}, {{fallback, false}}]}}].'
    binaries = f'[{{epmd_mdns, [{{socket, <<"{OTHER}">>}}, {{cluster, \'my-team\'}}, {{fallback, "false"}}]}}].'
    env = [f"EPMD_MDNS_SOCKET={OTHER}", "EPMD_MDNS_CLUSTER=my-team", "EPMD_MDNS_FALLBACK=false"]
    lan[1].write("/run/lan/home/plain.config", config)
    for shown in (plain(lan[1], *flags), plain(lan[1], env=env), release(lan, "none", env=env),
                  release(lan, "load", env=env), release(lan, "load", config=config), release(lan, "none", config=config),
                  plain(lan[1], "-config", "/run/lan/home/plain"),
                  release(lan, "permanent", config=binaries)):
        assert shown.settings == SET and not shown.warnings, shown.all


def effects(lan):
    "each does what it should: another daemon, a label in the advert, no question to DNS and epmd"
    h1, h2 = lan.hosts
    h1.check(["mkdir", "-p", OTHER.rpartition("/")[0]])
    other = h1.spawn([DAEMON, f"--socket={OTHER}"], "other epmd-mdnsd")
    wait_for(lambda: h1.cli(f"--socket={OTHER}", "status").returncode == 0, SOON, "the other daemon answers")
    with h2.watch() as watch:
        away = h1.erl("away", "-epmd_mdns", "socket", OTHER)
        watch.wait_event("up", "away@h1", SOON)
        assert "name away at port" in h1.cli(f"--socket={OTHER}", "names").stdout
        assert "name away" not in h1.cli("names").stdout
        member = h1.erl("member", "-epmd_mdns", "cluster", "my-team")
        watch.wait_event("up", "member@h1", SOON, cluster="my-team")
    ask = 'epmd_mdns:address_please("nobody", "localhost", inet)'
    assert member.eval(ask) == "{ok,{127,0,0,1}}", "from DNS, or here from /etc/hosts"
    assert h1.erl("strict", "-epmd_mdns", "fallback", "false").eval(ask) == "{error,nxdomain}"
    away.kill()
    assert other.stop() == 0


def precedence(lan):
    "a flag counts more than sys.config, and both more than the environment, each setting for itself"
    config = '[{epmd_mdns, [{cluster, "conf"}, {fallback, false}]}].'
    env = [f"EPMD_MDNS_SOCKET={OTHER}", "EPMD_MDNS_CLUSTER=env", "EPMD_MDNS_FALLBACK=true"]
    for kind in ("load", "permanent"):
        shown = release(lan, kind, config=config, env=env)
        assert shown.settings == f'["{OTHER}",<<"conf">>,false]', shown.all
        shown = release(lan, kind, config=config, env=env, args="-epmd_mdns cluster flag\n-epmd_mdns fallback true\n")
        assert shown.settings == f'["{OTHER}",<<"flag">>,true]', shown.all
    shown = plain(lan[1], "-epmd_mdns", "cluster", "flag", env=env)
    assert shown.settings == f'["{OTHER}",<<"flag">>,true]', shown.all


def warned(shown, *wrong):
    """The node has lived with its defaults, and has told of each wrong option once: name, value and what is right."""
    assert shown.status == 0 and shown.settings == DEFAULT, shown.all
    assert len(shown.warnings) == len(wrong), shown.all
    for option, value, text in wrong:
        assert any(re.search(rf"\b{option}\b", report) and value in report and text in report
                   for report in shown.warnings), (option, value, shown.all)


def wrong_flags(lan):
    "a wrong flag is one warning with its name, its value and what is right; the default counts, and the node lives"
    for key, value, text in (("socket", "/" + "x" * 107, PATHS), ("cluster", "my team", LABELS),
                             ("cluster", "l" * 64, LABELS), ("fallback", "perhaps", CHOICE), ("wings", "two", UNKNOWN)):
        warned(plain(lan[1], "-epmd_mdns", key, value), (key, value, text))
    warned(plain(lan[1], "-epmd_mdns", "cluster"), ("cluster", "", LABELS))
    warned(plain(lan[1], "-epmd_mdns", "cluster", "my team", "fallback", "no"),
           ("cluster", "my team", LABELS), ("fallback", "no", CHOICE))
    warned(release(lan, "permanent", args="-epmd_mdns fallback perhaps\n"), ("fallback", "perhaps", CHOICE))


def wrong_config(lan):
    "so is a wrong line in sys.config"
    config = '[{epmd_mdns, [{socket, {a, b}}, {cluster, "my team"}, {fallback, 1}, {wings, 2}]}].'
    for kind in ("load", "permanent"):
        warned(release(lan, kind, config=config), ("socket", "{a,b}", PATHS), ("cluster", "my team", LABELS),
               ("fallback", "1", CHOICE), ("wings", "2", UNKNOWN))


def wrong_environment(lan):
    "and so is a wrong environment variable"
    for key, value, text in (("socket", "", PATHS), ("cluster", "my team", LABELS), ("fallback", "perhaps", CHOICE)):
        warned(plain(lan[1], env=[f"EPMD_MDNS_{key.upper()}={value}"]), (key, value, text))


def no_terms(lan):
    """OTP itself reads the flags when it loads the application, as terms: quotes make one of anything. Without them a
    release that starts the application dies; one that only loads it lives, without its part of sys.config"""
    quoted = "-epmd_mdns cluster '\"my-team\"'\n-epmd_mdns socket '\"" + OTHER + "\"'\n"
    bare = f"-epmd_mdns cluster my-team\n-epmd_mdns socket {OTHER}\n"
    config = "[{epmd_mdns, [{fallback, false}]}]."
    for kind in ("permanent", "load"):
        shown = release(lan, kind, args=quoted, config=config)
        assert shown.settings == SET and not shown.warnings, shown.all
    shown = release(lan, "permanent", args=bare, env=["ERL_CRASH_DUMP_SECONDS=0"])
    assert shown.status == 1, shown.all
    assert re.search(r"Bad environment variable: \S+ +Application: epmd_mdns", shown.all), shown.all
    for kind in ("load", "none"):
        shown = release(lan, kind, args=bare, config=config)
        assert shown.settings == SET.replace("false", "true") and not shown.warnings, shown.all
        assert ("application_controller" in shown.all) == (kind == "load"), shown.all


if __name__ == "__main__":
    tap.main([each_way, effects, precedence, wrong_flags, wrong_config, wrong_environment, no_terms], Lan(2))
