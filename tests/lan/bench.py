#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tools/bench runs: measures on simulated LANs, and writes tables. Each figure stands beside another of the same run."""

import argparse
import dataclasses
import datetime
import os
import signal
import sys
import time

import bench_adverts
import bench_chart
import bench_crowd
import bench_document
import bench_join
import bench_lookup
import bench_report
from lan import Lan, missing

TOO_LONG, TOO_LONG_QUICK = 3600, 300    # seconds: nothing may hang for ever


@dataclasses.dataclass
class Sizes:
    """How much is measured."""

    lookups: int = 100_000      # in the VM
    questions: int = 2_000      # to epmd, and as many at the socket
    publishers: int = 5
    draws: int = 6              # of avahi-daemon's random delay, on each of them
    kills: int = 10
    ttl: int = 30
    cuts: int = 6
    patience: float = 150       # seconds, for avahi-browse to miss who was cut off
    per_host: int = 5           # nodes of the cluster that others join
    starts: int = 10
    crowds: tuple = ((10, 5), (50, 10), (200, 20), (1000, 20))      # nodes on hosts
    announced: float = 8        # seconds until a crowd has announced itself for the last time
    stall: float = 15           # seconds without another node that was found: no more will be
    settle: float = 5           # seconds before what is measured at rest
    rest: float = 120           # seconds: four of the daemon's TTLs


QUICK = Sizes(lookups=1000, questions=20, publishers=1, draws=1, kills=1, ttl=10, cuts=1, patience=3, per_host=1, starts=1,
              crowds=((5, 2), (20, 4)), announced=0, stall=2, settle=0, rest=1)


def options():
    parser = argparse.ArgumentParser(
        prog="tools/bench", allow_abbrev=False,
        description="Measures epmd-mdns beside epmd, Avahi's tools and connecting by hand, on simulated LANs.")
    parser.add_argument("--quick", action="store_true", help="only shows that everything runs: tiny numbers, less than a minute")
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md and docs/performance.svg")
    parser.add_argument("--only", choices=["lookup", "join", "adverts", "crowd"], help="measure only this, and write nothing")
    chosen = parser.parse_args()
    if chosen.write and (chosen.quick or chosen.only):
        parser.error("--write needs all that is measured, and figures that mean something")
    return chosen


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(topic, sizes, only):
    """What a topic yields, with each piece told when it is there."""
    found, start = [], time.monotonic()
    if only in (None, topic.__name__.removeprefix("bench_")):
        for piece in topic.run(sizes):
            say(f"# {topic.__name__.removeprefix('bench_')}, after {time.monotonic() - start:.0f} s: {piece}")
            found.append(piece)
    return found


def on_alarm(*_):
    raise TimeoutError("this takes too long")


def main():
    chosen = options()
    reason = missing(Lan(1))
    if reason:
        say(f"bench: can't measure anything: {reason}")
        sys.exit(77)
    if os.getloadavg()[0] > 0.1 * os.cpu_count() and not chosen.quick:
        say(f"bench: this machine is busy, with a load of {os.getloadavg()[0]:.2f}; the figures will say so")
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(TOO_LONG_QUICK if chosen.quick else TOO_LONG)
    where = f"{datetime.date.today()}: {bench_report.machine()}"
    sizes = QUICK if chosen.quick else Sizes()
    start = time.monotonic()
    rows = [row for topic in (bench_lookup, bench_join, bench_adverts) for row in measure(topic, sizes, chosen.only)]
    loads = measure(bench_crowd, sizes, chosen.only)
    text = bench_document.section(rows, loads, where, sizes, chosen.quick)
    print(text)
    chart = bench_chart.chart(loads)
    if chosen.write:
        bench_document.write(text, chart)
    say(f"# all of this took {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
