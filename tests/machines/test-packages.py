#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installed as Debian packages on real systemd machines, one of each release of Debian: from apt install to apt purge."""

import shutil
import sys
from os.path import abspath, dirname, join

sys.path.insert(0, join(dirname(dirname(abspath(__file__))), "lan"))

# The modules of tests/lan are found from here on.
import installed
import life
import network
import tap
from lan import Lan
from machine import Machine

STORY = [installed.installs, installed.joins, installed.tells, installed.beside_epmd, installed.is_confined,
         installed.shares_fairly, network.names_stay_here, network.a_pair_is_apart, network.a_machine_moves,
         network.multicast_falls_silent, installed.passes_autopkgtest, life.service_restarts, life.service_is_killed,
         life.joins_at_boot, life.avahi_restarts, life.stays_stopped, life.takes_options, life.upgrades, life.cleans_up]
SID = 29
RELEASES = (25, 27, SID)


def main():
    ready = [otp for otp in RELEASES if Machine.is_ready(otp)]
    missing = set(RELEASES) - set(ready)
    # The archive of sid may be in pieces; those of the others are not.
    if missing - {SID}:
        sys.exit(f"there is no root file system, or there are no packages, for OTP {sorted(missing)}: see tools/root and tools/deb")
    if missing:
        print(f"# NOTE there is no root file system with OTP {SID} or no packages for it: that machine is SKIPPED")
        print(f"ok - the packages on the machine with OTP {SID} # SKIP there is none")
    if not shutil.which("systemd-nspawn"):
        print("1..0 # SKIP needs systemd-nspawn")
        sys.exit(77)
    tap.main(STORY, Lan(len(ready), daemon=False, otp=ready, kind=Machine))


if __name__ == "__main__":
    main()
