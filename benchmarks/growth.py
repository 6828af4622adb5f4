"""
How cost grows: with the breadcrumbs of a trail, the depth of branches, threads and tasks.

    python benchmarks/growth.py                  some minutes
    python benchmarks/growth.py tasks --fast     a first look
    python benchmarks/growth.py --write          and put plot and table into docs/benchmarks.md

Times are of the calling thread alone; all sides run in turns, as those of
`run.py` do. What matters is the shape: flat, or a line that somebody meets in
production.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contest import Contest, Effort, Spread
from page import replaced, versions
from plots import STYLES, Panel, draw_panels
from sides.growth import AXES

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PLOT = DOCS / "benchmarks.md", DOCS / "_static" / "growth"
EFFORT, FAST = Effort(heats=5, rounds=15), Effort(heats=1, rounds=5)
WHAT = {
    "breadcrumbs": "`capture_exception()` in the caller's thread, by breadcrumbs in the trail",
    "depth": "`record()` in a task of a task of an operation, by depth",
    "threads": "`record()` beside threads that have trails of their own, by threads",
    "tasks": "A task that leaves two breadcrumbs, by tasks at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """
    What was measured along one axis.

    Args:
        axis: Its name.
        lines: The spreads of each side, in seconds, by the value on the axis.

    """

    axis: str
    lines: Mapping[str, Mapping[int, Spread]]

    @property
    def panel(self) -> Panel:
        """What a plot shows of it."""
        lines = {
            side: [(value, spread.median * 1e6, spread.low * 1e6, spread.high * 1e6) for value, spread in line.items()]
            for side, line in self.lines.items()
        }
        return Panel(title=WHAT[self.axis].replace("`", ""), x=self.axis, y="µs", lines=lines)

    def rows(self) -> Iterator[str]:
        """Iterate over its rows of the table."""
        for side, line in self.lines.items():
            values = ", ".join(f"{value:,}: {spread.median * 1e6:.3g}" for value, spread in line.items())
            first, *_, last = line.values()
            yield f"| {WHAT[self.axis]} | {side} | {values} | {last.median / first.median:.2f} x |"


def measure(axis: str, effort: Effort) -> Growth:
    """Measure along an axis, value by value: only what ran in the same turns is compared."""
    values, sides = AXES[axis]
    lines: dict[str, dict[int, Spread]] = {side: {} for side in sides}
    for value in values:
        names = {side: f"{axis} {value} {side}" for side in sides}
        results = Contest(module="sides.growth", processes=tuple((name,) for name in names.values())).run(effort)
        for side, name in names.items():
            # Of tasks a call runs as many as the value says.
            calls = value if axis == "tasks" else 1
            lines[side][value] = results.spread(lambda times, name=name, calls=calls: times[name] / calls)
    return Growth(axis=axis, lines=lines)


def table(found: Iterable[Growth], effort: Effort) -> str:
    """Return the table for the page."""
    lines = ["| What | Side | µs | Last against first |", "|---|---|---|---|"]
    lines += [row for growth in found for row in growth.rows()]
    lines += ["", f"Median of {effort.heats} heats of {effort.rounds} rounds. {versions('sentry-sdk', 'matplotlib')}."]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and draw."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("axes", nargs="*", metavar="AXIS", help=f"of {', '.join(AXES)}; all by default")
    options.add_argument("--fast", action="store_true", help="fewer rounds")
    options.add_argument("--write", action="store_true", help="write table and plot of docs/benchmarks.md")
    chosen = options.parse_args()
    if unknown := set(chosen.axes) - set(AXES):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(AXES)}")
    if chosen.write and chosen.axes:
        sys.exit("--write needs all axes: leave the names out")
    effort = FAST if chosen.fast else EFFORT
    found = []
    for axis in chosen.axes or AXES:
        found.append(measure(axis, effort))
        print(*found[-1].rows(), sep="\n", flush=True)
    if chosen.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replaced(page, "growth", table(found, effort)), encoding="utf-8")
        for style in STYLES:
            draw_panels([growth.panel for growth in found], PLOT.with_name(f"{PLOT.name}-{style}.svg"), style)


if __name__ == "__main__":
    main()
