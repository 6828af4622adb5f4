"""
Measure every budget side by side, and print what came out.

    python benchmarks/run.py                 all, some minutes
    python benchmarks/run.py spans record    only these
    python benchmarks/run.py --fast          fewer rounds, for a first look
    python benchmarks/run.py --write         and put table and plot into docs/benchmarks.md
    python benchmarks/run.py -o all.json     and keep every time, for `python -m pyperf hist all.json`
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyperf
from budgets import MEASUREMENTS, Row, measure
from contest import Effort
from page import replaced, versions
from plots import STYLES, Bar, draw_bars

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PLOT = DOCS / "benchmarks.md", DOCS / "_static" / "budgets"
FAST = Effort(heats=3, rounds=15)


def main() -> None:
    """Measure what is asked for."""
    options = _options()
    effort = FAST if options.fast else Effort()
    rows: list[Row] = []
    times: list[pyperf.Benchmark] = []
    for report in measure(options.names or list(MEASUREMENTS), effort):
        rows += report.rows
        times += report.times
        for row in report.rows:
            print(line(row), flush=True)
    if options.output:
        pyperf.BenchmarkSuite(times).dump(options.output, replace=True)
    if options.write:
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), "measured", table(rows, effort)), encoding="utf-8")
        for style in STYLES:
            draw_bars(list(bars(rows)), PLOT.with_name(f"{PLOT.name}-{style}.svg"), style)


def line(row: Row) -> str:
    """Return a row for a terminal."""
    budget = "" if row.budget is None else f"  (budget {row.budget:g}: {row.verdict.strip('*')})"
    spread = row.spread
    return f"{spread.median:9.3f} {row.unit:<3} [{spread.low:.3f} .. {spread.high:.3f}]  {row.what}{budget}  {row.note}"


def table(rows: Iterable[Row], effort: Effort) -> str:
    """Return the rows for the page."""
    lines = ["| What | Budget | Measured | Lowest to highest | Met | Beside it |", "|---|---|---|---|---|---|"]
    for row in rows:
        budget = "" if row.budget is None else f"{row.budget:g} {row.unit}"
        low, high = _number(row.spread.low), _number(row.spread.high)
        measured = f"{_number(row.spread.median)} {row.unit}"
        lines.append(f"| {row.what} | {budget} | {measured} | {low} to {high} | {row.verdict} | {row.note} |")
    packages = ("opentelemetry-sdk", "sentry-sdk", "raven", "pyperf")
    lines += ["", f"Median of {effort.heats} heats of {effort.rounds} rounds. {versions(*packages)}."]
    return "\n".join(lines)


def bars(rows: Iterable[Row]) -> Iterator[Bar]:
    """Iterate over the ratios, for the plot; a row that goes on from the one before says of what."""
    before = ""
    for row in rows:
        if not row.what.startswith("The same"):
            before = row.what.partition(",")[0]
        what = row.what if row.what.startswith(before) else f"{before}: {row.what[0].lower()}{row.what[1:]}"
        if row.unit == "x":
            spread = row.spread
            yield Bar(
                what=what.replace("`", ""), value=spread.median, low=spread.low, high=spread.high, budget=row.budget
            )


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}"  # noqa: PLR2004 - three digits say enough


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; all by default")
    parser.add_argument("--fast", action="store_true", help="fewer rounds")
    parser.add_argument("--write", action="store_true", help="write table and plot of docs/benchmarks.md")
    parser.add_argument("-o", "--output", metavar="FILE", help="keep all times in pyperf's format")
    options = parser.parse_args()
    unknown = set(options.names) - set(MEASUREMENTS)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    if options.write and options.names:
        sys.exit("--write needs all measurements: leave the names out")
    return options


if __name__ == "__main__":
    main()
