"""``capture_exception`` with a hundred breadcrumbs, as the calling thread feels it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sentry_sdk
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, use_span

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor, ErrorEvent
from otel_crumbs.export import DELIVERED, Outcome

from . import Batch, sentry

BREADCRUMBS = 100
DEPTH = 20

Clock = Callable[[], float]


class Nowhere:
    """Counts the events, and that is all."""

    name = "nowhere"

    def __init__(self) -> None:
        self.taken = 0

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Take an event."""
        self.taken += 1
        return DELIVERED

    def shutdown(self) -> None:
        """Do nothing."""


def _fail(depth: int) -> None:
    order = {"number": depth, "state": "paid"}
    if depth:
        _fail(depth - 1)
    raise ValueError(f"order {order['number']} cannot be sent")


def _failure() -> Exception:
    try:
        _fail(DEPTH)
    except ValueError as error:
        return error
    raise AssertionError("it always fails")


def _batch(
    clock: Clock,
    record: Callable[..., Any],
    capture: Callable[..., Any],
    flush: Callable[[], Any],
    taken: Callable[[], int],
) -> Batch:
    def batch(loops: int) -> float:
        before = taken()
        for number in range(BREADCRUMBS):
            record(message=f"step {number}", category="shop", level="info", data={"number": number, "state": "paid"})
        took = 0.0
        for _ in range(loops):
            error = _failure()
            began = clock()
            capture(error)
            took += clock() - began
            began = clock()
            flush()
            if clock is time.process_time:
                took += clock() - began
        if taken() - before != loops:
            raise RuntimeError(f"{taken() - before} of {loops} events were made: this compares nothing")
        return took

    return batch


def _ours(clock: Clock) -> Batch:
    nowhere = Nowhere()
    otel_crumbs.install(exporter=nowhere, rate_limit=0, record_unsampled=False)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BreadcrumbSpanProcessor())
    batch = _batch(clock, otel_crumbs.record, otel_crumbs.capture_exception, otel_crumbs.flush, lambda: nowhere.taken)
    tracer = provider.get_tracer("benchmark")

    def inside(loops: int) -> float:
        with use_span(tracer.start_span("POST /orders", kind=SpanKind.SERVER), end_on_exit=True):
            return batch(loops)

    return inside


def _sentry(clock: Clock) -> Batch:
    sentry.start()
    batch = _batch(
        clock, sentry_sdk.add_breadcrumb, sentry_sdk.capture_exception, sentry_sdk.flush, lambda: sentry.Nowhere.taken
    )

    def inside(loops: int) -> float:
        with sentry_sdk.isolation_scope() as scope:
            scope.clear_breadcrumbs()
            return batch(loops)

    return inside


# The whole process' time counts the worker that builds our event, and thus all that there is to do.
SIDES = {
    "otel_crumbs": lambda: _ours(time.thread_time),
    "otel_crumbs, worker included": lambda: _ours(time.process_time),
    "sentry-sdk": lambda: _sentry(time.thread_time),
    "sentry-sdk, worker included": lambda: _sentry(time.process_time),
}
