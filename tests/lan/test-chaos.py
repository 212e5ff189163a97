#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two clusters on six hosts, to which one fault after the other happens, as a seed has it."""

import contextlib
import itertools
import os
import random
import shutil
import statistics
import sys
import time

import tap
from faults import FAULTS
from lan import Lan
from team import BriefHost, Team
from wait import Late, wait_for

SEED = int(os.environ.get("EPMD_MDNS_SEED") or 25)      # has most kinds of faults in its first two minutes
SECONDS = float(os.environ.get("EPMD_MDNS_CHAOS_SECONDS") or 120)
CHOSEN = os.environ.get("EPMD_MDNS_CHAOS_FAULTS")
# Seconds after the last repair of a step until everything is right: an advert that nobody took back lives for 10, and a dead
# connection for up to 7.5 (team.py).
RIGHT = 15
TRIES = 20          # for a fault that is possible now


def draw(chance, team, kinds, hits=frozenset()):
    """A fault that hits nothing of `hits`; None if chance finds none."""
    for _ in range(TRIES):
        fault = FAULTS[chance.choice(kinds)](chance, team)
        if fault and not fault.hits & hits:
            return fault
    return None


class Step:
    """One fault or two: the second begins while the first lives, and may outlive it."""

    def __init__(self, chance, team, kinds):
        self._team = team
        first = draw(chance, team, kinds)
        assert first, f"one of these faults is possible: {kinds}"
        second = draw(chance, team, kinds, first.hits) if chance.random() < 0.5 else None
        self._faults = [(first, 0)] + ([(second, chance.uniform(0, first.life))] if second else [])

    def __str__(self):
        return "; ".join(f"{fault.what} at {begin:.1f} s for {fault.life:.1f} s" for fault, begin in self._faults)

    def run(self):
        moments = [(begin, fault) for fault, begin in self._faults]
        moments += [(begin + fault.life, fault) for fault, begin in self._faults]
        alive = []
        start = time.monotonic()
        try:
            for moment, fault in sorted(moments, key=lambda moment: moment[0]):
                self._wait(start + moment)
                if fault in alive:
                    alive.remove(fault)
                    fault.end()
                else:
                    alive.append(fault)
                    fault.begin()
        finally:
            # If something is wrong, what hangs could neither be asked nor be ended.
            for fault in alive:
                with contextlib.suppress(Exception):
                    fault.end()

    def _wait(self, until):
        """All the while what must always be so is so."""
        def is_over():
            self._team.check()
            return time.monotonic() >= until

        wait_for(is_over, until - time.monotonic() + 60, "the fault has lived", interval=0.5)


def wait_right(team):
    """Until each cluster is whole and each host's list right; return how long that took."""
    start = time.monotonic()
    try:
        wait_for(lambda: team.check() or not team.problems(), RIGHT, "everything is right", interval=0.2)
    except Late:
        problems = team.problems()
        if problems:
            raise AssertionError("\n".join([f"after {RIGHT} s:", *problems])) from None
    took = time.monotonic() - start
    team.check_logs()
    return took


def chaos(lan):
    tap.comment(f"EPMD_MDNS_SEED={SEED}")
    kinds = CHOSEN.split(",") if CHOSEN else sorted(FAULTS)
    chance = random.Random(SEED)
    team = Team(lan)
    team.start()
    wait_right(team)
    took = []
    end = time.monotonic() + SECONDS
    for number in itertools.count(1):
        if time.monotonic() > end:
            break
        step = Step(chance, team, kinds)
        tap.comment(f"step {number}: {step}")
        try:
            step.run()
            took.append(wait_right(team))
        except Exception as error:
            wrong = f"EPMD_MDNS_SEED={SEED}, step {number}: {step}: {error}"
            raise AssertionError("\n".join([wrong, *team.diagnosis(str(error))])) from error
        tap.comment(f"step {number}: right after {took[-1]:.1f} s")
    return f"{len(took)} steps, right after {statistics.median(took):.1f} s in the median, {max(took):.1f} s at most"


chaos.__doc__ = f"seed {SEED}, {SECONDS:.0f} s of faults: each time all is repaired, clusters are whole and lists right <= {RIGHT} s later"

if __name__ == "__main__":
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        print("1..0 # SKIP needs nft")
        sys.exit(77)
    tap.main([chaos], Lan(6, kind=BriefHost))
