"""One attempt to send events; one that is too large for the receiver is sent smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.instrumentations import suppress_instrumentation
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.stack import message_of
from otel_crumbs.event.trim import EventRoom, replace_trail
from otel_crumbs.export.exporter import BatchExporter, Exporter, Outcome, Verdict

# The default of the standard exporters: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
MAX_SECONDS = 10.0
_MIN_SECONDS = 0.05
# The first smaller event has a quarter of the trail and of the bytes, the second one no trail, and so many bytes.
_SHARE = 4
_LEAST_BYTES = 8 * 1024


def send_events(exporter: Exporter, events: Sequence[ErrorEvent], timeout: float = MAX_SECONDS) -> Outcome:
    """Send one event, or several together where the exporter can do that; return the outcome."""
    if len(events) == 1:
        return send_event(exporter, events[0], timeout)
    send_batch = cast("BatchExporter", exporter).export_batch
    return _attempt(exporter, lambda seconds: send_batch(events, seconds), timeout)


def send_event(exporter: Exporter, event: ErrorEvent, timeout: float = MAX_SECONDS) -> Outcome:
    """Send an event as it is, or else with a shorter trail, or with none; return the outcome."""
    outcome = _attempt(exporter, _bind(exporter, event), timeout)
    smaller_ones = _shrink(event)
    # Making a smaller one takes a millisecond, and few are asked for.
    while outcome.verdict is Verdict.TOO_LARGE and (smaller := next(smaller_ones, None)) is not None:
        outcome = _attempt(exporter, _bind(exporter, smaller), timeout)
    return outcome


def _bind(exporter: Exporter, event: ErrorEvent) -> Callable[[float], Outcome]:
    return lambda timeout: exporter.export(event, timeout)


def _attempt(exporter: Exporter, export: Callable[[float], Outcome], timeout: float) -> Outcome:
    try:
        with suppress_instrumentation():
            outcome = export(max(_MIN_SECONDS, min(timeout, MAX_SECONDS)))
    except BaseException as error:
        # Exporters may come from other packages.
        if is_thrown_in(error):
            raise
        report_failure(f"the exporter {exporter.name!r} sent an event", error)
        return Outcome(verdict=Verdict.REFUSED, reason=f"{type(error).__name__}: {message_of(error)}")
    if isinstance(outcome, Outcome):
        return outcome
    return Outcome(verdict=Verdict.REFUSED, reason=f"the exporter returned {outcome!r}, which is no outcome")


def _shrink(event: ErrorEvent) -> Iterator[ErrorEvent]:
    """Iterate over smaller versions of an event: a quarter, with the newest part of its trail, then with none of it."""
    count = len(event.breadcrumbs)
    if count >= _SHARE:
        weight = EventRoom(event).weight
        shorter = replace_trail(event, event.breadcrumbs[-(count // _SHARE) :])
        yield EventRoom(shorter).make(max(weight // _SHARE, _LEAST_BYTES))
    yield EventRoom(replace_trail(event, ())).make(_LEAST_BYTES)
