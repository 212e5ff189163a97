#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""EUnit's tests of the application on another release of OTP, with the beams as they are; a host is there for its files."""

import os
import shutil

import tap
from box import HERE
from lan import Lan

TOP = os.path.join(HERE, "..", "..")
TESTS = "/run/lan/test"


def eunit(lan):
    "EUnit passes, with the application as it was compiled"
    host = lan[1]
    shutil.copytree(os.path.join(TOP, "erlang", "test"), host.path(TESTS))
    for examples in ("choice-examples.txt", "protocol-examples.txt"):
        shutil.copy(os.path.join(TOP, "tests", examples), host.path(TESTS))
    shutil.copytree(os.path.join(TOP, "tests", "fixtures"), os.path.join(host.path(TESTS), "fixtures"))
    sources = [f"{TESTS}/{name}" for name in os.listdir(host.path(TESTS)) if name.endswith(".erl")]
    host.check(host.otp_argv(["erlc", "-o", TESTS, *sources]), deadline=60)
    result = host.run(host.otp_argv(["escript", f"{TESTS}/run-eunit", "--no-cover", host.ebin, TESTS,
                                     f"{TESTS}/protocol-examples.txt"]), deadline=180)
    lines = result.stdout.splitlines()
    for line in lines:
        if line.startswith(("not ok", "#")):
            tap.comment(line)
    assert result.returncode == 0, f"run-eunit ended with {result.returncode}: {result.stderr[-2000:]}"
    return f"{sum(line.startswith('ok ') for line in lines)} tests"


if __name__ == "__main__":
    tap.main([eunit], Lan(1, daemon=False))
