# SPDX-License-Identifier: Apache-2.0
"""docs/performance.md and docs/performance.svg: what tools/bench writes there."""

import os

from bench_report import finding_table, ratios_table, rest_table, rows_table
from box import HERE

DOCS = os.path.join(HERE, "..", "..", "docs")
BEGIN, END = "<!-- begin of tools/bench --write -->", "<!-- end of tools/bench --write -->"
QUICK = "**A quick run, which shows that everything is measured. Its figures mean nothing.**"


def section(rows, loads, where, sizes, quick):
    """What was measured, in Markdown."""
    parts = [f"Measured on {where}."]
    if quick:
        parts.append(QUICK)
    if rows:
        parts += ["### One node, one question", rows_table(rows)]
    if loads:
        parts += ["### A crowd appears", finding_table(loads),
                  f"### A crowd at rest, for {sizes.rest:g} s", rest_table(loads),
                  "With epmd-mdnsd, divided by Avahi alone; both daemons together where epmd-mdnsd runs:", ratios_table(loads)]
    return "\n\n".join(parts)


def write(text, chart):
    path = os.path.join(DOCS, "performance.md")
    with open(path, encoding="utf-8") as file:
        before, found, rest = file.read().partition(BEGIN)
    _, found_end, after = rest.partition(END)
    assert found and found_end, f"there is no text between {BEGIN} and {END}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{text}\n{END}{after}")
    with open(os.path.join(DOCS, "performance.svg"), "w", encoding="utf-8") as file:
        file.write(chart)
