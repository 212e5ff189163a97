# SPDX-License-Identifier: Apache-2.0
"""The chart of docs/performance.md: packets per second and CPU against the number of nodes, as SVG."""

import math

WIDTH, HEIGHT = 760, 360
PANEL = (310, 210)              # of the plot itself
TOP = 80
LEFTS = (60, 430)

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: Apache-2.0 -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"
     aria-labelledby="title desc" font-family="sans-serif" font-size="12">
  <title id="title">What a crowd of nodes costs</title>
  <desc id="desc">{description}</desc>
  <style>
    .page {{ fill: #fff; stroke: #d0d7de }}
    .text {{ fill: #1f2328 }}
    .note {{ fill: #59636e }}
    .grid {{ stroke: #d0d7de }}
    .axis {{ stroke: #8c959f; fill: none }}
    .ours {{ stroke: #1f6feb; fill: #1f6feb }}
    .other {{ stroke: #bc4c00; fill: #bc4c00 }}
    polyline {{ stroke-width: 2 }}
    polyline.ours, polyline.other {{ fill: none }}
    .other.line {{ stroke-dasharray: 6 4 }}
    @media (prefers-color-scheme: dark) {{
      .page {{ fill: #0d1117; stroke: #30363d }}
      .text {{ fill: #e6edf3 }}
      .note {{ fill: #9198a1 }}
      .grid {{ stroke: #30363d }}
      .ours {{ stroke: #58a6ff; fill: #58a6ff }}
      .other {{ stroke: #f0883e; fill: #f0883e }}
    }}
  </style>
  <rect class="page" x="0.5" y="0.5" width="{inner_width}" height="{inner_height}" rx="8"/>
"""

LEGEND = (("ours", "with epmd-mdnsd (epmd-mdnsd and avahi-daemon)"), ("other", "Avahi alone (avahi-publish, avahi-browse -r)"))


def chart(loads):
    kinds = {"ours": [load for load in loads if load.looks.startswith("epmd")],
             "other": [load for load in loads if not load.looks.startswith("epmd")]}
    panels = (("packets per second on the link, at rest", lambda load: load.rate),
              ("CPU of the host that looks, at rest, %", lambda load: sum(load.cpu.values())))
    described = "; ".join(
        f"{title}: " + ", ".join(f"{load.nodes} nodes {value(load):.2f} ({'epmd-mdnsd' if kind == 'ours' else 'Avahi alone'})"
                                 for kind, some in kinds.items() for load in some) for title, value in panels)
    if not loads:
        described = "Nothing has been measured yet."
    parts = [HEAD.format(width=WIDTH, height=HEIGHT, inner_width=WIDTH - 1, inner_height=HEIGHT - 1, description=described)]
    for number, (kind, text) in enumerate(LEGEND):
        x = 40 + 370 * number
        parts.append(f'  <polyline class="{kind} line" points="{x},26 {x + 30},26"/>\n'
                     f'  <text class="text" x="{x + 38}" y="30">{text}</text>\n')
    if not loads:
        parts.append(f'  <text class="note" x="{WIDTH // 2}" y="{HEIGHT // 2}" text-anchor="middle">Not measured yet.</text>\n')
    for left, (title, value) in zip(LEFTS, panels if loads else ()):
        parts.append(panel(left, title, kinds, value))
    return "".join(parts) + "</svg>\n"


def panel(left, title, kinds, value):
    width, height = PANEL
    sizes = sorted({load.nodes for loads in kinds.values() for load in loads})
    most = ceiling(max(value(load) for loads in kinds.values() for load in loads))
    span = math.log(sizes[-1] / sizes[0]) or 1

    def place(nodes, amount):
        return f"{left + width * math.log(nodes / sizes[0]) / span:.1f},{TOP + height * (1 - amount / most):.1f}"

    lines = [f'<text class="text" x="{left}" y="{TOP - 18}" font-weight="bold">{title}</text>']
    for step in range(6):
        y = TOP + height * (1 - step / 5)
        lines += [f'<line class="grid" x1="{left}" y1="{y:g}" x2="{left + width}" y2="{y:g}"/>',
                  f'<text class="note" x="{left - 6}" y="{y + 4:g}" text-anchor="end">{most * step / 5:g}</text>']
    for nodes in sizes:
        x = place(nodes, 0).split(",")[0]
        lines += [f'<line class="axis" x1="{x}" y1="{TOP + height}" x2="{x}" y2="{TOP + height + 4}"/>',
                  f'<text class="note" x="{x}" y="{TOP + height + 18}" text-anchor="middle">{nodes:,}</text>']
    lines.append(f'<text class="note" x="{left + width / 2:g}" y="{TOP + height + 38}" text-anchor="middle">'
                 'nodes (logarithmic scale)</text>')
    for kind, loads in kinds.items():
        points = [place(load.nodes, value(load)) for load in loads]
        lines.append(f'<polyline class="{kind} line" points="{" ".join(points)}"/>')
        for point in points:
            x, y = point.split(",")
            lines.append(f'<circle class="{kind}" cx="{x}" cy="{y}" r="3"/>')
    return "".join(f"  {line}\n" for line in lines)


def ceiling(value):
    """The next of 1, 2, 5, 10, 20, ..., whose fifths are round numbers."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value)
