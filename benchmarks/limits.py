"""
What hostile values cost by each way in: the time of the caller and of the worker, and the bytes kept and sent.

    python benchmarks/limits.py                  the table
    python benchmarks/limits.py --write          and put it into docs/limits.md
    python benchmarks/limits.py --count 100000   so many values by any way: nothing raised, nothing lost, all valid

The caller's time is what this package adds to it: the same calls are made without it first. Times are those of the
processor, so that they do not depend on what else the machine does; the worker's is for one event, with its trail of
a hundred such values, built and encoded as JSON and as OTLP, in bounds.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from page import versions, write_table

import otel_crumbs
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.export import DELIVERED, Outcome
from otel_crumbs.export.http.document import encode_event
from otel_crumbs.export.otlp.wire import encode_request

PAGE = Path(__file__).parents[1] / "docs" / "limits.md"
TIMES = 100
# For each value the milliseconds of the caller and of the worker for one event of a hundred, and megabytes.
MOST_MS, MOST_WORKER_MS, MOST_MB = 20.0, 1000.0, 50.0
logger = logging.getLogger("limits")


class Bites:
    """An object of which nothing can be read."""

    def __repr__(self) -> str:
        """Raise."""
        raise RuntimeError("no text")

    __str__ = __repr__


class Notes:
    """An object whose text leaves a note with the object."""

    def __repr__(self) -> str:
        """Leave a note."""
        otel_crumbs.record("asked", data={"value": self})
        return "text"


def nest(levels: int, width: int) -> list[Any]:
    """Return lists that hold one another by reference."""
    value: list[Any] = [1] * width
    for _ in range(levels):
        value = [value] * width
    return value


def circle() -> list[Any]:
    """Return a list that holds itself."""
    value: list[Any] = []
    value.append(value)
    return value


VALUES: dict[str, Callable[[], Any]] = {
    "text, 2 MB": lambda: "x" * 2_000_000,
    "Japanese, 2 MB": lambda: "日" * 700_000,
    "control characters": lambda: "\x01" * 100_000,
    "lone surrogates": lambda: "\ud800" * 10_000,
    "bytes, 2 MB": lambda: b"\xff" * 2_000_000,
}
# Lists take OpenTelemetry itself so long that they are pushed by number alone.
OTHERS: dict[str, Callable[[], Any]] = {
    "list of 20,000": lambda: [*range(20_000)],
    "lists of 64 in 4 levels": lambda: nest(4, 64),
    "mapping of 2,000": lambda: {f"key {number}": number for number in range(2000)},
    "list in itself": circle,
    "integer of 30,000 digits": lambda: 1 << 100_000,
    "text that raises": Bites,
    "text that leaves a note": Notes,
}


def log(value: Any) -> None:
    """Log a value as an argument."""
    logger.warning("value %s", value)


def leave_note(value: Any) -> None:
    """Leave a note with a value."""
    otel_crumbs.record("value", data={"value": value})


def set_attribute(value: Any) -> None:
    """End a span that has a value."""
    # OpenTelemetry itself asks a value for its text, and raises what that raises.
    with suppress(RuntimeError), trace.get_tracer("limits").start_as_current_span("value") as span:
        span.set_attribute("value", value)


def add_event(value: Any) -> None:
    """End a span that has a span event with a value."""
    with suppress(RuntimeError), trace.get_tracer("limits").start_as_current_span("value") as span:
        span.add_event("value", {"value": value})


def raise_value(value: Any) -> None:
    """Handle an exception in a span."""
    try:
        with trace.get_tracer("limits").start_as_current_span("value"):
            fail(ValueError(value))
    except Exception:  # noqa: BLE001 - OpenTelemetry may raise another one instead
        otel_crumbs.record("handled")


def fail(error: Exception) -> None:
    """Raise an exception."""
    raise error


def give_context(value: Any) -> None:
    """Give a value to the context."""
    with otel_crumbs.context(value=value):
        otel_crumbs.record("in the context")


WAYS: dict[str, Callable[[Any], None]] = {
    "log": log,
    "note": leave_note,
    "span": set_attribute,
    "span event": add_event,
    "exception": raise_value,
    "context": give_context,
}


class Kept:
    """An exporter that encodes events as two others send them, and counts."""

    name = "limits"
    spool = False

    def __init__(self) -> None:
        self.events = 0
        self.most_bytes = 0
        self.last = b""

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Encode one event, and read it as a receiver does."""
        del timeout
        self.last = encode_within(event, encode_event, DEFAULT_MAX_EVENT_BYTES)
        request = encode_within(event, encode_request, DEFAULT_MAX_EVENT_BYTES)
        json.loads(self.last)
        ExportLogsServiceRequest.FromString(request)
        self.events += 1
        self.most_bytes = max(self.most_bytes, len(self.last), len(request))
        return DELIVERED

    def shutdown(self) -> None:
        """Keep the numbers."""


@contextmanager
def installed() -> Iterator[Kept]:
    """Run with the package installed."""
    kept = Kept()
    installation = otel_crumbs.install(exporter=kept, rate_limit=0)
    try:
        yield kept
    finally:
        installation.uninstall()


def take_time(enter: Callable[[Any], None], values: list[Any]) -> float:
    """Return the milliseconds for one call."""
    began = time.thread_time()
    for value in values:
        enter(value)
    return (time.thread_time() - began) * 1e3 / len(values)


def measure(value: Callable[[], Any], enter: Callable[[Any], None]) -> tuple[float, float, float, int]:
    """Return the caller's and the worker's milliseconds, the megabytes kept, and the bytes sent."""
    few = [value() for _ in range(5)]
    before = min(take_time(enter, few) for _ in range(2))
    with installed() as kept:
        added = max(0.0, min(take_time(enter, few) for _ in range(2)) - before)
        del few
        gc.collect()
        tracemalloc.start()
        for _ in range(TIMES):
            enter(value())
        gc.collect()
        megabytes = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        otel_crumbs.capture_exception(KeyError("end"))
        began = time.process_time()
        otel_crumbs.flush(30)
        worker = (time.process_time() - began) * 1e3
    return added, worker, megabytes, kept.most_bytes


def print_table(*, write: bool) -> None:
    """Measure every value by every way, and print."""
    lines = [
        "| Value | Way | Caller, ms | Worker, ms | Kept, MB | Sent, bytes | Within |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, value in VALUES.items():
        for way, enter in WAYS.items():
            caller, worker, megabytes, sent = measure(value, enter)
            fits = (
                caller <= MOST_MS
                and worker <= MOST_WORKER_MS
                and megabytes <= MOST_MB
                and sent <= DEFAULT_MAX_EVENT_BYTES
            )
            verdict = "yes" if fits else "**no**"
            lines.append(f"| {name} | {way} | {caller:.2f} | {worker:.0f} | {megabytes:.1f} | {sent:,} | {verdict} |")
            print(lines[-1], flush=True)
    if write:
        write_table(PAGE, "limits", lines, versions("opentelemetry-sdk"))


def push(count: int) -> None:
    """Push so many values by any way, an event for each thousand; fail if one is missing or too large."""
    chosen = random.Random(13)  # noqa: S311 - the same values each time
    values = [*OTHERS.values()] * 3 + [*VALUES.values()]
    ways, expected = [*WAYS], 0
    with installed() as kept:
        for number in range(count):
            value = chosen.choice(values)
            WAYS[chosen.choice(ways if value in VALUES.values() else ["log", "note", "context"])](value())
            if number % 1000 == 999:  # noqa: PLR2004 - each thousandth
                otel_crumbs.capture_exception(KeyError(number))
                otel_crumbs.flush(60)
                expected += 1
        otel_crumbs.flush(60)
    print(f"{count} values, {kept.events} of {expected} events, {kept.most_bytes} bytes at most")
    if kept.events != expected or kept.most_bytes > DEFAULT_MAX_EVENT_BYTES:
        sys.exit("an event is lost, or too large")


def main() -> None:
    """Do what is asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="write the table of docs/limits.md")
    options.add_argument("--count", type=int, default=0, help="push so many values instead")
    chosen = options.parse_args()
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    logging.getLogger("otel_crumbs").setLevel(logging.CRITICAL)
    trace.set_tracer_provider(TracerProvider())
    if chosen.count:
        push(chosen.count)
    else:
        print_table(write=chosen.write)


if __name__ == "__main__":
    main()
