# SPDX-License-Identifier: Apache-2.0
"""What tools/bench has measured: rows that compare two things, and tables of them in Markdown."""

import dataclasses
import os
import platform
import re
import statistics
import subprocess


@dataclasses.dataclass
class Sample:
    """Values of one kind. `beyond`: it has not happened in that time, which is all that is known."""

    label: str
    median: float = None
    worst: float = None
    count: int = 1
    beyond: float = None

    @classmethod
    def of(cls, label, values):
        return cls(label, statistics.median(values), max(values), len(values))


@dataclasses.dataclass
class Row:
    """Ours beside another's, of the same run; times in seconds."""

    what: str
    ours: Sample
    other: Sample = None

    def ratio(self):
        """How many times as long the other takes."""
        if self.other is None:
            return "–"
        if self.other.beyond is not None:
            return f"> {number(self.other.beyond / self.ours.median)}"
        return number(self.other.median / self.ours.median)


@dataclasses.dataclass
class Load:
    """What a crowd of so many nodes costs one host that looks for them."""

    nodes: int
    hosts: int
    looks: str                  # what looks for them
    listed: int                 # how many it has found
    took: float                 # seconds until the last of these
    packets: int                # on the link until then
    rate: float                 # packets per second, at rest
    share: float                # of them, sent by the host that looks
    cpu: dict                   # of each process at rest, in percent of one core
    burnt: dict                 # and in seconds, until it was at rest
    memory: dict                # in KiB


def number(value):
    """Two digits, or all before the point."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2g}"


def seconds(value):
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * scale >= 0.9995 or unit == "µs":
            return f"{value * scale:.3g} {unit}"
    return None


def shown(sample):
    if sample is None:
        return "–", "–"
    if sample.beyond is not None:
        return sample.label, f"not within {sample.beyond:.0f} s"
    return sample.label, f"{seconds(sample.median)} ({seconds(sample.worst)}, {sample.count:,})"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def rows_table(rows):
    return table(["what", "epmd-mdns", "median (worst, N)", "beside", "median (worst, N)", "ratio"],
                 [[row.what, *shown(row.ours), *shown(row.other), row.ratio()] for row in rows])


def each(values, form):
    """`epmd-mdnsd 0.1, avahi-daemon 2.3`"""
    return ", ".join(f"{name} {form(value)}" for name, value in values.items())


def finding_table(loads):
    return table(["nodes", "on hosts", "who looks", "found", "the last after", "packets until then", "CPU seconds until at rest"],
                 [[f"{load.nodes:,}", load.hosts, load.looks, f"{load.listed:,}", seconds(load.took) if load.listed else "–",
                   f"{load.packets:,}", each(load.burnt, "{:.2f}".format)] for load in loads])


def rest_table(loads):
    return table(["nodes", "who looks", "packets/s", "of these, its own", "CPU, % of a core", "resident memory, MiB"],
                 [[f"{load.nodes:,}", load.looks, f"{load.rate:.2f}", f"{load.share:.2f}", each(load.cpu, "{:.2f}".format),
                   each(load.memory, lambda kib: f"{kib / 1024:.1f}")] for load in loads])


def ratios_table(loads):
    """epmd-mdnsd's figures divided by those of Avahi alone, for each size."""
    pairs = [(ours, other) for ours in loads for other in loads
             if ours.nodes == other.nodes and ours.looks.startswith("epmd") and not other.looks.startswith("epmd")]

    def quotient(one, two):
        return number(one / two) if two else "–"

    return table(["nodes", "packets/s at rest", "CPU at rest", "CPU until at rest", "memory"],
                 [[f"{ours.nodes:,}", quotient(ours.rate, other.rate),
                   *(quotient(sum(one.values()), sum(two.values())) for one, two in
                     ((ours.cpu, other.cpu), (ours.burnt, other.burnt), (ours.memory, other.memory)))]
                  for ours, other in pairs])


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()


def machine():
    """One line about where this was measured."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    otp = output("erl", "-noshell", "-eval", "io:put_chars(erlang:system_info(otp_release)), halt().")
    avahi = output("avahi-daemon", "--version").removeprefix("avahi-daemon ")
    return (f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), Linux {platform.release()}, "
            f"OTP {otp}, Avahi {avahi}, load before it began {os.getloadavg()[0]:.2f}")
