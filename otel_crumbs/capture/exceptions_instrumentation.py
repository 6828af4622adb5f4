"""The log records of OpenTelemetry's exceptions instrumentation, which get the trail instead of a second event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.instrumentations import is_instrumentation_active
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.trails import current, find_views, mark_exception

from .expected import ExpectedErrors
from .reporter import find_span_context

if TYPE_CHECKING:
    from otel_crumbs.event import CapturedError, capture_error
else:
    capture_error = LateFunction("otel_crumbs.event.captured", "capture_error")

SCOPE = "opentelemetry.instrumentation.exceptions"


class RecordEnricher:
    """
    Adds an error event's attributes to the log record of the same exception.

    Args:
        attributes: Makes the attributes of a captured error.
        expected: Decides which exceptions get no trail.
        with_locals: Whether the variables of the application's frames are captured.

    """

    def __init__(
        self,
        attributes: Callable[[CapturedError], Mapping[str, Any]],
        expected: ExpectedErrors,
        *,
        with_locals: bool = False,
    ) -> None:
        self._attributes = attributes
        self._with_locals = with_locals
        self._expected = expected

    @guarded("an exception's log record was enriched")
    def enrich(self, emitted: Any) -> None:
        """Add the trail to a record of that instrumentation; any other record is left alone."""
        scope = emitted.instrumentation_scope
        error = getattr(emitted.log_record, "exception", None)
        if scope is None or scope.name != SCOPE or not isinstance(error, BaseException):
            return
        if self._expected.includes(error):
            return
        places = current.find_branches_of_error(error)
        mark = mark_exception(error, places[0])
        if mark.event_id is not None:
            return
        captured = capture_error(
            error,
            views=find_views(error, mark, places),
            span_context=find_span_context(error, mark),
            mechanism="exceptions",
            handled=False,
            with_locals=self._with_locals,
        )
        if not mark.assign(captured.event_id):
            return
        for key, value in self._attributes(captured).items():
            emitted.log_record.attributes[key] = value


def call_in_order(previous: Callable[[], object], report: Callable[[], object]) -> None:
    """
    Call the previous hook and report, in the order that leaves one event.

    Where the exceptions instrumentation hooked in first, its record is emitted
    in the previous hook, and gets the trail there; so reporting comes second.
    """
    if is_exceptions_instrumentation_active():
        previous()
        report()
    else:
        report()
        previous()


def is_exceptions_instrumentation_active() -> bool:
    """Return whether OpenTelemetry's exceptions instrumentation is active."""
    return is_instrumentation_active(SCOPE, "UnhandledExceptionInstrumentor")
