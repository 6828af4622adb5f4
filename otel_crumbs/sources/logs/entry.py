"""The entry of a log line: its references, and how it is rendered."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.plain import MAX_MESSAGE, to_plain, to_plain_mapping, to_text
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind

_SIMPLE = frozenset({str, int, float, bool, type(None)})
_PLAIN_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# The attributes that opentelemetry-instrumentation-logging puts on every record.
_CORRELATION = frozenset({"otelTraceID", "otelSpanID", "otelTraceSampled", "otelServiceName"})
_NOT_EXTRA = _PLAIN_RECORD | _CORRELATION
_PLAIN_LENGTH = len(vars(logging.makeLogRecord({})))

_WARNING = logging.WARNING
# The first level that is not the next one yet, as OpenTelemetry counts them.
_NAMES = ((logging.DEBUG, "debug"), (logging.INFO, "info"), (logging.WARNING, "warning"), (logging.ERROR, "error"))


class LogEntry(NamedTuple):
    """The references to a log line; the first four are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    logger: str
    level: int
    message: Any
    args: Any
    extra: Mapping[str, Any] | None
    path: str
    line: int
    function: str | None
    exception: str | None


def make_entry(record: logging.LogRecord, branch: str | None) -> Entry:
    """
    Return the entry of a log record.

    Arguments of simple immutable types are kept and formatted only when an
    error asks; anything else is formatted now: it is the application's, it
    can change, and it must not live longer because of us.
    """
    message, args, level = record.msg, record.args, record.levelno
    if type(message) is not str or (args and not _is_simple(args)):
        message, args = format_safely(message, args), None
    return (
        int(record.created * 1e9),
        level >= _WARNING,
        branch,
        LOG_LINE,
        record.name,
        level,
        message,
        args,
        read_extra(record) if len(record.__dict__) > _PLAIN_LENGTH else None,
        record.pathname,
        record.lineno,
        record.funcName,
        format_exception(record.exc_info) if record.exc_info else None,
    )


def render_log_line(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a log line."""
    kept = LogEntry._make(entry)
    data: dict[str, Any] = {**_read_named_values(kept.args), **(kept.extra or {})}
    if kept.path:
        data.update({"code.file.path": to_text(kept.path), "code.line.number": kept.line})
    if kept.function:
        data["code.function.name"] = to_text(kept.function)
    if kept.exception:
        data["exception"] = kept.exception
    yield Breadcrumb(
        timestamp=kept.timestamp,
        category=to_text(str(kept.logger)),
        level=name_level(kept.level),
        message=format_safely(kept.message, kept.args),
        data=data,
        branch=kept.branch,
    )


LOG_LINE = EntryKind(render=render_log_line, category=itemgetter(LogEntry._fields.index("logger")))


def name_level(number: int) -> str:
    """Return the breadcrumb level of a level of `logging`: CRITICAL is fatal, 25 is info."""
    for known, name in reversed(_NAMES):
        if number >= logging.CRITICAL:
            return "fatal"
        if number >= known:
            return name
    return "debug"


def format_safely(message: Any, args: Any) -> str:
    """Return ``message % args``; the bare message where they do not fit, as raven did."""
    try:
        words = str(message)
        return to_text(words % args if args else words, MAX_MESSAGE)
    except BaseException as error:
        # The application's own code runs here, and logging reports it itself.
        if is_thrown_in(error):
            raise
        return to_text(message, MAX_MESSAGE) if isinstance(message, str) else str(to_plain(message, 0))


def read_extra(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return a plain copy of the attributes that the application attached to a record."""
    extra = {key: value for key, value in vars(record).items() if key not in _NOT_EXTRA}
    return to_plain_mapping(extra) if extra else None


def format_exception(exc_info: Any) -> str | None:
    """Return an exception as ``ValueError: boom``, whichever way it was handed to a log call."""
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) and len(exc_info) > 1 else exc_info
    return str(to_plain(error)) if isinstance(error, BaseException) else None


def _is_simple(args: Any) -> bool:
    if type(args) is not tuple:
        if type(args) is not dict:
            return False
        args = args.values()
    # A loop, for of the few that there are it is faster than all() and issuperset().
    for value in args:  # noqa: SIM110 - any() is slower
        if type(value) not in _SIMPLE:
            return False
    return True


def _read_named_values(args: Any) -> dict[str, Any]:
    """Return the values of a line such as ``"%(user)s logged in"``, which are data by themselves."""
    return to_plain_mapping(args) if isinstance(args, dict) else {}
