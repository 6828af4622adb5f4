"""Lines of the standard `logging` become breadcrumbs, straight from the logger."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar

from otel_crumbs.guard import tell
from otel_crumbs.trail import current

from .log_entry import entry_of
from .log_floor import floor

# True while the handlers of a line run: what OpenTelemetry's own handler
# emits then is the same line again.
handling: ContextVar[bool] = ContextVar("otel_crumbs_handling_a_log_line", default=False)

_REPORTED_FROM = logging.ERROR


def install(report: Callable[[logging.LogRecord], None] | None = None) -> Callable[[], None]:
    """
    Record what passes through ``Logger.callHandlers``; returns what undoes it.

    That is after the logger's own level and filters, and before handlers and
    propagation: every logger is seen, once, and the application's own output
    stays as it is, file, line and function included.

    Args:
        report: Called for each line of level ERROR or above that carries an
            exception, after the breadcrumb is left.

    """
    original = logging.Logger.callHandlers
    active = True

    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if not active:
            return original(self, record)
        try:
            least = floor.known.get(record.name)
            if record.levelno >= (floor.of(record.name) if least is None else least):
                branch = current.branch()
                branch.append(entry_of(record, branch.name))
            if report is not None and record.exc_info and record.levelno >= _REPORTED_FROM:
                report(record)
        except Exception as error:  # noqa: BLE001 - on the hot path, where a wrapping guard is dear
            tell("a log line was recorded", error)
        token = handling.set(True)
        try:
            return original(self, record)
        finally:
            handling.reset(token)

    def undo() -> None:
        nonlocal active
        active = False
        if logging.Logger.callHandlers is call_handlers:
            logging.Logger.callHandlers = original  # type: ignore[method-assign]  # as it was

    logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]  # the one place every line passes
    return undo
