"""
What it costs to have swallowed exceptions told (`OTEL_CRUMBS_SWALLOWED=true`), on Python 3.12 and newer.

    python benchmarks/swallowed.py            print it
    python benchmarks/swallowed.py --write    and put it into docs/benchmarks.md

Each piece of work runs in turn without and with it, many times for a moment; the fastest of each counts.
"""

# ruff: noqa: SIM105 - `except` is measured

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from page import replaced, versions

from otel_crumbs.testing import capture_events

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
REPEATS, TIMES = 40, 50


def raise_nothing() -> int:
    """Go through a handler that nothing comes to, with a hundred calls."""
    total = 0
    for number in range(100):
        try:
            total += abs(-number)
        except ValueError:
            total = 0
    return total


def handle() -> None:
    """Raise and handle."""
    try:
        raise ValueError("no stock")  # noqa: TRY301 - that is measured
    except ValueError:
        pass


_number = 0


def handle_another() -> None:
    """Raise and handle what says something else each time."""
    global _number  # noqa: PLW0603 - the cheapest way to count
    _number += 1
    try:
        raise ValueError(str(_number))  # noqa: TRY301 - that is measured
    except ValueError:
        pass


def handle_of_library() -> None:
    """Handle what a library raised."""
    try:
        json.loads("{")
    except ValueError:
        pass


def pass_two_handlers() -> None:
    """Raise through the handlers of two functions to a third one."""
    try:
        _pass_handler()
    except ValueError:
        pass


def _pass_handler() -> None:
    with suppress(KeyError):
        try:
            raise ValueError("no stock")
        except (KeyError, TypeError):
            pass


# What is done, in words, and the most that it may cost more: times of the work, or microseconds.
WORK: tuple[tuple[str, Callable[[], object], str, float | None], ...] = (
    ("code that raises nothing", raise_nothing, "x", 1.0),
    ("an exception that is handled, the same again", handle, "µs", 2.0),
    ("an exception that is handled, another text each time", handle_another, "µs", None),
    ("an exception of `json` that is handled", handle_of_library, "µs", None),
    ("an exception that passes two handlers of other classes first", pass_two_handlers, "µs", None),
)


def measure(work: Callable[[], object]) -> float:
    """Return the microseconds of one call in the fastest of some batches."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.thread_time()
        for _ in range(TIMES):
            work()
        best = min(best, time.thread_time() - start)
    return best / TIMES * 1e6


def main() -> None:
    """Measure, and print a table."""
    without: dict[str, list[float]] = {what: [] for what, *_ in WORK}
    with_it: dict[str, list[float]] = {what: [] for what, *_ in WORK}
    for _ in range(30):
        for found, on in ((without, False), (with_it, True)):
            with capture_events(spool_dir="none", swallowed=on):
                for what, work, *_ in WORK:
                    found[what].append(measure(work))
    lines = ["| what | without | with it | more | budget |", "|---|---|---|---|---|"]
    for what, _, unit, budget in WORK:
        before, after = min(without[what]), min(with_it[what])
        more = f"{after / before:.2f} x" if unit == "x" else f"{after - before:.2f} µs"
        allowed = "" if budget is None else f"{budget:.2f} {unit}"
        lines.append(f"| {what} | {before:.2f} µs | {after:.2f} µs | {more} | {allowed} |")
    content = "\n".join([*lines, "", f"The fastest of many batches. {versions('opentelemetry-sdk')}."])
    print(content)
    if "--write" in sys.argv:
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), "swallowed", content), encoding="utf-8")


if __name__ == "__main__":
    main()
