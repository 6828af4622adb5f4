"""What we allow ourselves to cost, and how each of it is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from contest import Contest, Effort, Results, Round, Spread

if TYPE_CHECKING:
    import pyperf

HERE = Path(__file__).parent
ALREADY_THERE = ("asyncio", "opentelemetry.instrumentation.auto_instrumentation", "opentelemetry.instrumentation.utils")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table.

    Args:
        what: What is measured.
        unit: What the number is: ``x`` for a ratio, ``KiB``, ``ms``.
        budget: The most that it may be, None where we only tell.
        spread: What it is.
        note: What else there is to know.

    """

    what: str
    unit: str
    budget: float | None
    spread: Spread
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the budget is met."""
        if self.budget is None:
            return ""
        return "yes" if self.spread.median <= self.budget else "**no**"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The rows of one measurement, and all times behind them as `pyperf` keeps them."""

    rows: tuple[Row, ...]
    times: tuple[pyperf.Benchmark, ...] = field(default=())


def _ratio(one: str, other: str) -> Callable[[Round], float]:
    return lambda times: times[one] / times[other]


def _added(one: str, other: str, bare: str) -> Callable[[Round], float]:
    return lambda times: (times[one] - times[bare]) / (times[other] - times[bare])


def _microseconds(results: Results, *sides: str) -> str:
    return ", ".join(f"{side} {results.median(side) * 1e6:.2f} µs" for side in sides)


def spans(effort: Effort) -> Report:
    """Measure a request of eight spans."""
    nothing, table = "a processor that does nothing", "a table of open spans"
    sampled = ("sdk", nothing, table, "otel_crumbs")
    # In a process of its own: an operation is remembered by its process, and installed it sees every dropped span.
    after, in_task = ("sdk", "otel_crumbs, after an operation"), ("sdk, in a task", "otel_crumbs, in a task")
    alone = ("sdk, unsampled", "otel_crumbs, unsampled", *after[1:], *in_task)
    contest = Contest(module="sides.spans", processes=(sampled, *((name,) for name in alone)))
    results = contest.run(effort)
    rows = (
        Row(
            what="Request of 8 spans with `BreadcrumbSpanProcessor`, over the SDK alone",
            unit="x",
            budget=1.1,
            spread=results.spread(_ratio("otel_crumbs", "sdk")),
            note=_microseconds(results, "otel_crumbs", "sdk"),
        ),
        *(
            Row(
                what=f"The same with {less}: what no trail can be without",
                unit="x",
                budget=None,
                spread=results.spread(_ratio(less, "sdk")),
                note=_microseconds(results, less),
            )
            for less in (nothing, table)
        ),
        *(
            Row(
                what=f"The same {where}",
                unit="x",
                budget=None,
                spread=results.spread(_ratio(ours, bare)),
                note=_microseconds(results, ours),
            )
            for where, bare, ours in (
                ("after `with operation()` was used once", *after),
                ("inside an asyncio task", *in_task),
            )
        ),
        Row(
            what="The same sampled out, with otel_crumbs installed, over spans that the SDK drops",
            unit="x",
            budget=1.5,
            spread=results.spread(_ratio("otel_crumbs, unsampled", "sdk, unsampled")),
            note=_microseconds(results, "otel_crumbs, unsampled", "sdk, unsampled"),
        ),
    )
    return Report(rows=rows, times=tuple(results.as_pyperf("spans")))


def record(effort: Effort) -> Report:
    """Measure a breadcrumb left by hand."""
    ours, outside, theirs = "otel_crumbs", "otel_crumbs, outside", "sentry-sdk"
    results = Contest(module="sides.record", processes=((ours, outside), (theirs,))).run(effort)
    rows = (
        Row(
            what="`record()` in a request, against `sentry_sdk.add_breadcrumb()`",
            unit="x",
            budget=0.45,
            spread=results.spread(_ratio(ours, theirs)),
            note=_microseconds(results, ours, theirs),
        ),
        Row(
            what="`record()` outside any span, against the same",
            unit="x",
            budget=None,
            spread=results.spread(_ratio(outside, theirs)),
            note=_microseconds(results, outside),
        ),
    )
    return Report(rows=rows, times=tuple(results.as_pyperf("record")))


def log_lines(effort: Effort) -> Report:
    """Measure what a log line costs more."""
    with_logs = "otel_crumbs, OpenTelemetry's logs set up"
    sides = ("logging", "otel_crumbs", with_logs, "sentry-sdk", "raven")
    results = Contest(module="sides.log_lines", processes=tuple((side,) for side in sides)).run(effort)
    rows = tuple(
        Row(
            what=f"`logger.info()` to a null handler: what it costs more, against what {other} adds",
            unit="x",
            budget=budget,
            spread=results.spread(_added("otel_crumbs", other, "logging")),
            note=_microseconds(results, "logging", "otel_crumbs", other),
        )
        for other, budget in (("sentry-sdk", 0.12), ("raven", 0.9))
    )
    further = tuple(
        Row(
            what=f"The same where OpenTelemetry's logs are set up as well, against {other}",
            unit="x",
            budget=None,
            spread=results.spread(_added(with_logs, other, "logging")),
            note=_microseconds(results, with_logs),
        )
        for other in ("sentry-sdk", "raven")
    )
    return Report(rows=rows + further, times=tuple(results.as_pyperf("log line")))


def capture(effort: Effort) -> Report:
    """Measure the report of an exception."""
    ours, theirs, both = "otel_crumbs", "sentry-sdk", ", worker included"
    processes = ((ours,), (theirs,), (ours + both,), (theirs + both,))
    results = Contest(module="sides.capture", processes=processes).run(effort)
    rows = (
        Row(
            what="`capture_exception()` with 100 breadcrumbs, in the caller's thread, against sentry-sdk",
            unit="x",
            budget=0.05,
            spread=results.spread(_ratio(ours, theirs)),
            note=_microseconds(results, ours, theirs),
        ),
        Row(
            what="The same with what our worker does later, against sentry-sdk with its own",
            unit="x",
            budget=None,
            spread=results.spread(_ratio(ours + both, theirs + both)),
            note=_microseconds(results, ours + both, theirs + both),
        ),
        Row(
            what="The same in milliseconds, caller and worker together",
            unit="ms",
            budget=2.2,
            spread=results.spread(lambda times: times[ours + both] * 1e3),
        ),
    )
    return Report(rows=rows, times=tuple(results.as_pyperf("capture")))


def memory(effort: Effort) -> Report:
    """Measure what a full trail weighs."""
    weights = [float(_output("memory.py")) for _ in range(effort.heats)]
    row = Row(
        what="A full trail of 100 spans, four attributes each, one of them SQL",
        unit="KiB",
        budget=120,
        spread=Spread.of(weights),
    )
    return Report(rows=(row,))


def imports(effort: Effort) -> Report:
    """Measure the import, in processor time of a process that has the SDK, once all is compiled."""
    _imported(*ALREADY_THERE)
    alone, instrumented = ([_imported(*there) for _ in range(effort.heats * 3)] for there in ((), ALREADY_THERE))
    optional = sorted({name for one in alone for name in one["optional"]})
    brings = f"imports the optional {', '.join(optional)}" if optional else "imports no optional package"
    rows = (
        Row(
            what="`import otel_crumbs` on top of the SDK",
            unit="ms",
            budget=20,
            spread=Spread.of([one["ms"] for one in alone]),
            note=f"{brings}; the SDK before it {median(one['sdk_ms'] for one in alone):.1f} ms",
        ),
        Row(
            what="The same in a process that `opentelemetry-instrument` started and that has `asyncio`",
            unit="ms",
            budget=None,
            spread=Spread.of([one["ms"] for one in instrumented]),
        ),
        Row(
            what="`otel_crumbs.install()` after that, with all that it imports",
            unit="ms",
            budget=30,
            spread=Spread.of([one["install_ms"] for one in alone]),
        ),
    )
    return Report(rows=rows)


MEASUREMENTS: dict[str, Callable[[Effort], Report]] = {
    "spans": spans,
    "record": record,
    "log_lines": log_lines,
    "capture": capture,
    "memory": memory,
    "imports": imports,
}


def measure(names: list[str], effort: Effort) -> Iterator[Report]:
    """Iterate over the reports of the measurements of these names."""
    for name in names:
        yield MEASUREMENTS[name](effort)


def _imported(*already: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_output("imports.py", *already))
    return found


def _output(script: str, *arguments: str) -> str:
    command = [sys.executable, str(HERE / script), *arguments]
    # Who installs a package has it compiled.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, check=True, capture_output=True, env=environment, text=True).stdout
