"""
What an event of a hundred typical breadcrumbs costs a worker: rendering and scrubbing, building as a whole, encoding.

    python benchmarks/building.py            some seconds
    python benchmarks/building.py --write    and put the table into docs/benchmarks.md

A third each of the breadcrumbs is a statement, an HTTP request and a log line, each with words of its own;
the exception has twenty frames. No event shares anything with the one before. Beside it an event of statements alone.
"""

from __future__ import annotations

import argparse
import logging
import statistics
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import TypeVar

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Tracer, use_span
from page import versions, write_table

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor
from otel_crumbs.base.memo import forget_memo
from otel_crumbs.event import Builder, CapturedError
from otel_crumbs.event.captured import capture_error
from otel_crumbs.event.rendering import render_snapshot
from otel_crumbs.export.otlp.wire import encode_request
from otel_crumbs.sources.deduplicate import deduplicate

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BREADCRUMBS, DEPTH, EVENTS = 100, 20, 60
QUERY = {
    "db.system": "postgresql",
    "db.name": "shop",
    "db.user": "shop",
    "net.peer.name": "db",
    "net.peer.port": 5432,
}
CALL = {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "server.address": "api.example.com",
    "network.protocol.version": "1.1",
}
STATEMENT = 'SELECT "orders"."id", "orders"."state" FROM "orders" WHERE "orders"."customer_{}" = %s'
BUDGETS = {"scrubbed": 2.0, "built and encoded": 3.0, "built, a hundred statements": 4.0}

T = TypeVar("T")
# Leaves the breadcrumb of a number, by the tracers of a database and of an HTTP client.
Leave = Callable[[int, Tracer, Tracer], None]


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    options = parser.parse_args()
    lines = ["| | | budget | met |", "|---|---|---|---|"]
    for what, seconds in measure().items():
        budget = BUDGETS.get(what)
        met = "" if budget is None else ("yes" if seconds * 1e3 <= budget else "**no**")
        lines.append(f"| {what} | {seconds * 1e3:.2f} ms | {'' if budget is None else f'{budget:.0f} ms'} | {met} |")
    print("\n".join(lines))
    if options.write:
        write_table(PAGE, "building", lines, versions("opentelemetry-sdk"))


def measure() -> dict[str, float]:
    """Return the seconds of each step, the median of many events."""
    otel_crumbs.install(exporter="none")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BreadcrumbSpanProcessor())
    typical, statements = measure_events(provider, leave), measure_events(provider, leave_statement)
    return {
        **typical,
        "built and encoded": typical["built"] + typical["encoded"],
        "built, a hundred statements": statements["built"],
    }


def measure_events(provider: TracerProvider, leave_one: Leave) -> dict[str, float]:
    """Return the seconds of each step for events of such breadcrumbs."""
    builder = Builder(deduplicate=deduplicate)
    steps: dict[str, list[float]] = {"rendered": [], "scrubbed": [], "built": [], "encoded": []}
    for _ in range(EVENTS):
        time_steps(steps, builder, fail(provider, leave_one))
    return {name: statistics.median(times) for name, times in steps.items()}


def time_steps(steps: dict[str, list[float]], builder: Builder, captured: CapturedError) -> None:
    """Note the processor time of each step for one error."""
    rendered = clock(steps["rendered"], lambda: render_snapshot(captured.trail, deduplicate)[0])
    clock(steps["scrubbed"], lambda: builder.finish_breadcrumbs(rendered))
    # What was made is not to be found again.
    forget_memo()
    event = clock(steps["built"], lambda: builder.build(captured))
    if event is None or len(event.breadcrumbs) != BREADCRUMBS:
        raise RuntimeError(f"these are not {BREADCRUMBS} breadcrumbs: {event}")
    clock(steps["encoded"], lambda: encode_request(event))


def clock(times: list[float], work: Callable[[], T]) -> T:
    """Do some work, and note the processor time that it took."""
    began = thread_time()
    result = work()
    times.append(thread_time() - began)
    return result


def fail(provider: TracerProvider, leave_one: Leave) -> CapturedError:
    """Return an error that was captured in a request with a full trail."""
    database = provider.get_tracer("opentelemetry.instrumentation.psycopg")
    client = provider.get_tracer("opentelemetry.instrumentation.requests")
    with use_span(client.start_span("POST /orders", kind=SpanKind.SERVER), end_on_exit=True):
        for number in range(BREADCRUMBS):
            leave_one(number, database, client)
        try:
            sink(DEPTH)
        except ValueError as error:
            return capture_error(error, mechanism="manual", handled=True)
    raise AssertionError("it always fails")


def leave(number: int, database: Tracer, client: Tracer) -> None:
    """Leave one breadcrumb."""
    if number % 3 == 0:
        leave_statement(number, database, client)
    elif number % 3 == 1:
        url = f"https://api.example.com/v1/customers/{number}?page=2"
        client.start_span("GET", kind=SpanKind.CLIENT, attributes={**CALL, "url.full": url}).end()
    else:
        logging.getLogger("shop.orders").warning("order %d of customer %s was validated, %d items", number, "ada", 12)


def leave_statement(number: int, database: Tracer, _client: Tracer) -> None:
    """Leave the breadcrumb of a statement."""
    statement = STATEMENT.format(number)
    database.start_span("SELECT", kind=SpanKind.CLIENT, attributes={**QUERY, "db.statement": statement}).end()


def sink(depth: int) -> None:
    """Fail as deep as that."""
    if depth:
        sink(depth - 1)
    raise ValueError("the order cannot be sent")


if __name__ == "__main__":
    logging.getLogger("shop").addHandler(logging.NullHandler())
    logging.getLogger("shop").propagate = True
    logging.getLogger().addHandler(logging.NullHandler())
    main()
