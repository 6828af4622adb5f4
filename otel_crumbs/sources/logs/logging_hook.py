"""
Lines of the standard `logging` become breadcrumbs, straight from the logger.

Two of its methods are watched. ``Logger.callHandlers`` is passed by every line
that is printed, after the logger's own level and filters and before handlers
and propagation. ``Logger.isEnabledFor`` says no to the others: the INFO line
that was not printed is just what one wants to read after an error. Neither
adds a frame to a line that is printed, so the file, line and function that the
application's own output shows stay as they are.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any

from otel_crumbs.base.guard import guarded, report_failure
from otel_crumbs.trails import current

from .callbacks import handlers
from .entry import entry_of, extra_of
from .thresholds import thresholds

# True while the handlers of a line run: what OpenTelemetry's own handler
# emits then is the same line again.
handling: ContextVar[bool] = ContextVar("otel_crumbs_handling_a_log_line", default=False)


class LogBridge:
    """Whether anything asks `handling`: where OpenTelemetry's logs are not set up, no line need tell."""

    yet = False


asked = LogBridge()

_REPORTED_FROM = logging.ERROR

# The methods that ask isEnabledFor on behalf of a log call, rather than for
# an application that wants to know.
_LOG_CALLS = frozenset(
    method.__code__
    for method in (
        logging.Logger.debug,
        logging.Logger.info,
        logging.Logger.warning,
        logging.Logger.error,
        logging.Logger.critical,
        logging.Logger.log,
        logging.LoggerAdapter.log,
    )
)
_LOGGING_SOURCE = logging.Logger.log.__code__.co_filename
_ADAPTER_ASKS = logging.LoggerAdapter.isEnabledFor.__code__


def install(report: Callable[[logging.LogRecord], None] | None = None) -> Callable[[], None]:
    """
    Record every line from LOG_LEVEL up, printed or not; returns what undoes it.

    Args:
        report: Called for each line of level ERROR or above that carries an
            exception, after the breadcrumb is left.

    """
    undo_printed = _watch_printed(report)
    undo_unprinted = _watch_unprinted()

    def undo() -> None:
        undo_unprinted()
        undo_printed()

    return undo


def _watch_printed(report: Callable[[logging.LogRecord], None] | None) -> Callable[[], None]:
    original = logging.Logger.callHandlers
    active = True

    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if not active:
            return original(self, record)
        try:
            least = thresholds.known.get(record.name)
            if record.levelno >= (thresholds.of(record.name) if least is None else least) and not (
                handlers.any and _dealt_with(self, record)
            ):
                branch = current.branch()
                branch.append(entry_of(record, branch.name))
            if record.exc_info and report is not None and record.levelno >= _REPORTED_FROM:
                report(record)
        except Exception as error:  # noqa: BLE001 - a wrapping guard would be dear at every line
            report_failure("a log line was recorded", error)
        if not asked.yet:
            return original(self, record)
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


def _watch_unprinted() -> Callable[[], None]:
    original = logging.Logger.isEnabledFor
    active = True

    def is_enabled_for(self: logging.Logger, level: int) -> bool:
        enabled = original(self, level)
        if not enabled and active:
            _record_unprinted(self, level, sys._getframe(1))  # noqa: SLF001 - the log call's arguments are there
        return enabled

    def undo() -> None:
        nonlocal active
        active = False
        if logging.Logger.isEnabledFor is is_enabled_for:
            logging.Logger.isEnabledFor = original  # type: ignore[method-assign]  # as it was

    logging.Logger.isEnabledFor = is_enabled_for  # type: ignore[method-assign]  # asked by every log call
    return undo


def _dealt_with(logger: logging.Logger, record: logging.LogRecord) -> bool:
    known = {"extra": extra_of(record), "exc_info": record.exc_info}
    return handlers.deal_with(logger, record.levelno, record.msg, record.args, known)


@guarded("a log line that is not printed was recorded")
def _record_unprinted(logger: logging.Logger, level: int, call: FrameType) -> None:
    if level < thresholds.of(logger.name):
        return
    if call.f_code is _ADAPTER_ASKS and call.f_back is not None:
        call = call.f_back
    if call.f_code not in _LOG_CALLS:
        return
    said = call.f_locals
    message, args, kwargs = said["msg"], said["args"], said["kwargs"]
    if handlers.any and handlers.deal_with(logger, level, message, args, kwargs):
        return
    branch = current.branch()
    branch.append(entry_of(_as_record(logger.name, level, message, args, kwargs, _caller(call)), branch.name))


def _caller(call: FrameType) -> FrameType | None:
    frame: FrameType | None = call
    while frame is not None and frame.f_code.co_filename == _LOGGING_SOURCE:
        frame = frame.f_back
    return frame


def _as_record(
    name: str, level: int, message: Any, args: Any, kwargs: dict[str, Any], caller: FrameType | None
) -> logging.LogRecord:
    """Return the call as the record that `logging` did not make; the application's factory is not asked."""
    path, line, function = "", 0, None
    if caller is not None:
        path, line, function = caller.f_code.co_filename, caller.f_lineno, caller.f_code.co_name
    exc_info = kwargs.get("exc_info")
    record = logging.LogRecord(name, level, path, line, message, args, exc_info, function)
    record.created = time.time()
    extra = kwargs.get("extra")
    if isinstance(extra, dict):
        record.__dict__.update(extra)
    return record
