"""
Lines of the standard `logging` become breadcrumbs, straight from the logger.

Two of its methods are hooked. Every line that is printed passes
``Logger.callHandlers``, after the logger's own level and filters and before
handlers and propagation. ``Logger.isEnabledFor`` refuses the others: the INFO
line that was not printed is just what one wants to read after an error.
Neither hook adds a frame to a line that is printed, so the file, line and
function that the application's own output shows stay as they are.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import guarded, report_failure
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.trails import current

from .callbacks import handlers
from .entry import make_entry, read_extra
from .thresholds import thresholds

Report = Callable[[logging.LogRecord], None]

_REPORTED_FROM = logging.ERROR

# The methods that call isEnabledFor on behalf of a log call, rather than for
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
_ADAPTER_CALL = logging.LoggerAdapter.isEnabledFor.__code__
# Between a line's callHandlers and the record that a handler of OpenTelemetry's emits lie about ten frames.
_MAX_FRAMES = 64


def install(report: Report | None = None) -> Undo:
    """
    Record every line from LOG_LEVEL up, printed or not.

    Args:
        report: Called for each line of level ERROR or above that carries an
            exception, after the breadcrumb is left.

    Returns:
        The function that undoes it.

    """
    return combine(
        replace(logging.Logger, "callHandlers", lambda original, patch: _make_call_handlers(original, patch, report)),
        replace(logging.Logger, "isEnabledFor", _make_is_enabled_for),
    )


def is_handling_line() -> bool:
    """Return whether the caller runs in a handler of a line that is recorded here: it is the same line again."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` has the same function under another name
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        if frame.f_code is _CALL_HANDLERS:
            patch: Patch = frame.f_locals["patch"]
            return patch.active
        frame = frame.f_back
    return False


def _make_call_handlers(original: Callable[..., None], patch: Patch, report: Report | None) -> Callable[..., None]:
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if not patch.active:
            return original(self, record)
        try:
            least = thresholds.known.get(record.name)
            if record.levelno >= (thresholds.of(record.name) if least is None else least) and not (
                handlers.any and _is_consumed(self, record)
            ):
                branch = current.find_branch()
                branch.append(make_entry(record, branch.name))
            if record.exc_info and report is not None and record.levelno >= _REPORTED_FROM:
                report(record)
        except BaseException as error:
            # A wrapping guard would be dear at every line.
            if is_thrown_in(error):
                raise
            report_failure("a log line was recorded", error)
        return original(self, record)

    return call_handlers


_CALL_HANDLERS = _make_call_handlers(logging.Logger.callHandlers, Patch(), None).__code__


def _make_is_enabled_for(original: Callable[..., bool], patch: Patch) -> Callable[..., bool]:
    def is_enabled_for(self: logging.Logger, level: int) -> bool:
        enabled = original(self, level)
        if not enabled and patch.active:
            _record_unprinted(self, level, sys._getframe(1))  # noqa: SLF001 - the arguments of the log call are there
        return enabled

    return is_enabled_for


def _is_consumed(logger: logging.Logger, record: logging.LogRecord) -> bool:
    known = {"extra": read_extra(record), "exc_info": record.exc_info}
    return handlers.consume(logger, record.levelno, record.msg, record.args, known)


@guarded("a log line that is not printed was recorded")
def _record_unprinted(logger: logging.Logger, level: int, call: FrameType) -> None:
    if level < thresholds.of(logger.name):
        return
    if call.f_code is _ADAPTER_CALL and call.f_back is not None:
        call = call.f_back
    if call.f_code not in _LOG_CALLS:
        return
    arguments = call.f_locals
    message, args, kwargs = arguments["msg"], arguments["args"], arguments["kwargs"]
    if handlers.any and handlers.consume(logger, level, message, args, kwargs):
        return
    branch = current.find_branch()
    record = _make_record(logger.name, level, message, args, kwargs, _find_caller(call))
    branch.append(make_entry(record, branch.name))


def _find_caller(call: FrameType) -> FrameType | None:
    frame: FrameType | None = call
    while frame is not None and frame.f_code.co_filename == _LOGGING_SOURCE:
        frame = frame.f_back
    return frame


def _make_record(
    name: str, level: int, message: Any, args: Any, kwargs: dict[str, Any], caller: FrameType | None
) -> logging.LogRecord:
    """Return the record that `logging` did not make of a call, without calling the application's record factory."""
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
