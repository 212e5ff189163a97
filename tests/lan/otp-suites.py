#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: otp-suites.py SUITE

Runs one of OTP's own test suites, as global_SUITE, on two hosts at the same time: with stock epmd on one, with the module and no
epmd on the other. A case that passes with epmd has to pass with the module. The suites are in a root file system that
`tools/root suites` makes.
"""

import glob
import os
import re
import sys

import release
import tap
from host import Host
from lan import OTP, Lan
from stock import start_epmd

DEADLINE = 840      # seconds for a suite: tap.py gives a script little more

# Cases that speak to an epmd themselves, and why.
NEEDS_EPMD = {
    "erl_distribution_SUITE:epmd_reconnect": "asks its own epmd, by erl_epmd:names/0, whether nodes have come back",
    "erl_distribution_wb_SUITE:whitebox": "asks epmd for a port by erl_epmd:port_please/2",
    "erl_distribution_wb_SUITE:missing_compulsory_dflags": "asks epmd for a port by erl_epmd:port_please/2",
    "erl_distribution_wb_SUITE:dflag_mandatory_25": "asks epmd for a port by erl_epmd:port_please/2",
}

# As OTP's ts runs a suite. The hook that all suites have, ts_install_cth, is a module of ts.
RUN = """
Options = [{dir, "DIRECTORY"}, {suite, SUITE}, {auto_compile, false}, {logdir, "LOGS"}],
{Single, Grouped} = lists:partition(fun(Case) -> lists:member(Case, SUITE:all()) end, CASES),
[ct:run_test(Options ++ Which) || Which <- [[] || CASES =:= []] ++
    [[{testcase, Single}] || Single =/= []] ++ [[{group, all}, {testcase, Grouped}] || Grouped =/= []]],
io:format("~nthis was all~n"),
halt().
"""
FLAGS = ["-sname", "test_server", "-noinput", "-boot", "start_sasl", "-sasl", "errlog_type", "error",
         "-pa", "/srv/otp/lib-common_test-test_server"]
MODULE = ["ERL_FLAGS=-start_epmd false -epmd_module epmd_mdns", "ERL_LIBS=/run/lan/libs"]


class SuiteHost(Host):
    ROOT = "{suite}-suites"     # Debian's suite, there

    def run_suite(self, directory, environment, suite, cases=()):
        """Run it, or some of its cases; return {case: result}. A case that runs in several groups is there several times."""
        logs = f"/run/lan/log{len(self.processes)}"
        code = RUN
        for word, value in {"DIRECTORY": directory, "SUITE": suite, "LOGS": logs, "CASES": f"[{','.join(cases)}]"}.items():
            code = code.replace(word, value)
        os.mkdir(self.path(logs))
        command = ["env", "-C", logs, *environment, "erl", *FLAGS, "-pa", directory, "-eval", code]
        self.spawn(self.otp_argv(command), suite).wait_line("^this was all$", DEADLINE)
        found = {}
        for path in glob.glob(f"{self.path(logs)}/**/suite.log", recursive=True):
            with open(path, errors="backslashreplace") as file:
                results(file.read(), found)
        return found


def results(log, found):
    """Add what a suite.log says of each case, and of what had to prepare cases and failed."""
    for block in log.split("\n=case ")[1:]:
        case = block.split()[0].partition(":")[2]
        result = re.search(r"^=result +((?:.*\n){,3})", block, re.MULTILINE)
        if not result or result[1].startswith("ok") and re.match("(init|end)_per_(suite|group)$", case):
            continue
        number = 1 + sum(plain(known) == case for known in found)
        found[case if number == 1 else f"{case}#{number}"] = " ".join(result[1].split())


def plain(case):
    return case.partition("#")[0]


def such(word, found):
    return [case for case, result in found.items() if re.match(f"(auto_)?{word}", result)]


def names(what, cases):
    return f"; {what}: {', '.join(cases)}" if cases else ""


def story(suite, stock, ours, run_again):
    """What to tell of the results with epmd and with the module, and what is wrong. Cases that fail with the module alone may have
    failed by chance, for many depend on times: run_again(CASES) runs them once more."""
    lost = [case for case in such("ok", stock) if not ours.get(case, "").startswith("ok")]
    excused = [case for case in lost if f"{suite}:{plain(case)}" in NEEDS_EPMD]
    lost = [case for case in lost if case not in excused]
    again = run_again(sorted(set(map(plain, lost)))) if lost else {}
    bad = such("failed", again) + such("skipped", again)
    chance = [case for case in lost if plain(case) in again and plain(case) not in map(plain, bad)]
    line = (f"{suite}: with epmd {len(such('ok', stock))} cases pass and {len(such('failed', stock))} fail, with the module "
            f"{len(such('ok', ours))} and {len(such('failed', ours))}" + names("skipped", such("skipped", ours))
            + names("speak to an epmd themselves", excused) + names("fail with epmd", such("failed", stock))
            + names("passed when they ran again", chance))
    return line, "".join(f"\n{case} passes with epmd only: {ours.get(case, 'did not run')}" for case in lost if case not in chance)


def test_of(directory, suite):
    def test(lan):
        start_epmd(lan[1])
        release.install(lan[2], "/run/lan/libs")
        runs = lan.each(lambda host: host.run_suite(directory, MODULE if host is lan[2] else [], suite))
        assert such("ok", runs[0]), f"no case passes with epmd: {runs[0]}"
        line, wrong = story(suite, *runs, lambda cases: lan[2].run_suite(directory, MODULE, suite, cases))
        tap.comment(f"measured {line}")
        assert 4369 not in lan[2].listening(), "nobody has started an epmd"
        assert not wrong, wrong

    test.__doc__ = f"OTP's {suite}: what passes with epmd passes with the module"
    return test


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    suite = sys.argv[1]
    otp = int(OTP or 25)
    lan = Lan(2, otp=[otp, otp], kind=SuiteHost)
    root = SuiteHost.root_of(otp)
    beams = glob.glob(f"{root}/srv/otp/*/{suite}.beam")
    if root and not beams:
        print(f"1..0 # SKIP there is no {suite} that compiles with OTP {otp}")
        sys.exit(77)
    tap.main([test_of(os.path.dirname(beams[0])[len(root):] if beams else None, suite)], lan)


if __name__ == "__main__":
    main()
