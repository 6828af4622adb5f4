"""The entry of a log line: its references, and how it is rendered."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from time import time_ns
from typing import Any, NamedTuple

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.exceptions import format_title
from otel_crumbs.base.plain import MAX_MESSAGE, cut_text, name_class, to_plain_mapping, to_text
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind

from .placeholders import (
    Placeholder,
    ValueCopier,
    format_words,
    is_short_line,
    is_simple,
    is_small,
    read_exception_text,
)

# A record of logging's own class: a factory of the application's expects more, and adds what is no attribute of these.
_OF_RECORDS = frozenset(vars(logging.LogRecord("", logging.NOTSET, "", 0, "", (), None)))
RESERVED = _OF_RECORDS | {"message", "asctime", "taskName"}
# The attributes that opentelemetry-instrumentation-logging puts on every record.
_CORRELATION = frozenset({"otelTraceID", "otelSpanID", "otelTraceSampled", "otelServiceName"})
_NOT_EXTRA = RESERVED | _CORRELATION
_OWN_LENGTH = len(_OF_RECORDS)
_LogRecord = logging.LogRecord
_get_message = logging.LogRecord.getMessage
_NO_ARGS: tuple[()] = ()

_WARNING = logging.WARNING
# The first level that is not the next one yet, as OpenTelemetry counts them.
_NAMES = ((logging.DEBUG, "debug"), (logging.INFO, "info"), (logging.WARNING, "warning"), (logging.ERROR, "error"))


class LogEntry(NamedTuple):
    """The references to a log line; the first five are those of every entry."""

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
    # The words that the application's own output has, where they are not what `message % args` is.
    text: str | None
    # The record's message and arguments while its handlers run, where the entry must be completed then; False where
    # handlers have nothing to complete or to change.
    source: tuple[Any, Any] | bool | None


MESSAGE = LogEntry._fields.index("message")
ARGS = LogEntry._fields.index("args")
EXTRA = LogEntry._fields.index("extra")
EXCEPTION = LogEntry._fields.index("exception")
TEXT = LogEntry._fields.index("text")
SOURCE = LogEntry._fields.index("source")


def make_entry(logger: logging.Logger, record: logging.LogRecord, branch: str | None) -> Any:
    """
    Return the entry of a log record that the handlers of a logger are about to get.

    Arguments of simple immutable types are kept. Others are copied with class
    names in place of the application's objects, and `settle_entry` takes the text
    that its handlers have made: the entry is a list for that.
    """
    message, args, level = record.msg, record.args, record.levelno
    exception = None
    source: Any = None
    # Most lines have no arguments: there is nobody to ask.
    if type(message) is not str or (
        len(message) > MAX_MESSAGE if args is _NO_ARGS else type(args) is not tuple or not is_short_line(message, args)
    ):
        source = message, args
    if source is not None:
        message, args, is_exact = copy_words(message, args)
        if is_exact and not _has_filters(logger):
            source = False
    if record.exc_info:
        exception, is_exact = format_exception(record.exc_info)
        source = source if is_exact else (record.msg, record.args)
    if type(record) is not _LogRecord and type(record).getMessage is not _get_message:
        source = source or (record.msg, record.args)
    entry = [
        int(record.created * 1e9),
        level >= _WARNING,
        branch,
        LOG_LINE,
        record.name,
        level,
        message,
        args,
        None,
        record.pathname,
        record.lineno,
        record.funcName,
        exception,
        None,
        source,
    ]
    # The last look, for the interpreter makes the dictionary for it, and reads the attributes more slowly then.
    if len(record.__dict__) > _OWN_LENGTH:
        entry[EXTRA] = read_extra(record)
        if entry[EXTRA] is not None and not source and _has_filters(logger):
            entry[SOURCE] = record.msg, record.args
    return entry


def make_unprinted_entry(
    branch: str | None, logger: str, level: int, message: Any, args: Any, kwargs: Any, place: tuple[str, int, str]
) -> Entry:
    """Return the entry of a log call of which there is no record."""
    extra = exception = None
    if type(message) is not str or not is_small(message, args):
        message, args, _ = copy_words(message, args)
    if len(args) == 1 and type(args[0]) is dict and args[0]:
        args = args[0]
    if kwargs:
        exception, _ = format_exception(kwargs.get("exc_info"))
        extra = ValueCopier().copy(kwargs.get("extra"))
        extra = {key: value for key, value in extra.items() if key not in _NOT_EXTRA} if type(extra) is dict else None
    return (
        time_ns(),
        level >= _WARNING,
        branch,
        LOG_LINE,
        logger,
        level,
        message,
        args,
        extra,
        *place,
        exception,
        None,
        None,
    )


def settle_entry(entry: Any, record: logging.LogRecord) -> None:
    """
    Take what the application's handlers have made of a record into its entry.

    That is the text as they formatted it, and what their filters have put in
    place of the message, the arguments and the fields.
    """
    source, entry[SOURCE] = entry[SOURCE] or (entry[MESSAGE], entry[ARGS]), None
    text = vars(record).get("message")
    if type(text) is str:
        entry[TEXT] = cut_text(text, MAX_MESSAGE)
    else:
        if record.msg is not source[0] or record.args is not source[1]:
            entry[MESSAGE], entry[ARGS], _ = copy_words(record.msg, record.args)
        entry[TEXT] = read_own_words(record)
    if entry[EXTRA] is not None:
        entry[EXTRA] = read_extra(record)
    if record.exc_info and type(record.exc_text) is str:
        exception, is_exact = format_exception(record.exc_info)
        entry[EXCEPTION] = exception if is_exact else _find_title(record.exc_text, exception)


def render_log_line(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a log line."""
    kept = LogEntry._make(entry)
    data: dict[str, Any] = {**_read_named_values(kept.args), **to_plain_mapping(kept.extra or {})}
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
        message=format_words(kept.message, kept.args) if kept.text is None else to_text(kept.text, MAX_MESSAGE),
        data=data,
        branch=kept.branch,
    )


LOG_LINE = EntryKind(render=render_log_line)


def name_level(number: int) -> str:
    """Return the breadcrumb level of a level of `logging`: CRITICAL is fatal, 25 is info."""
    for known, name in reversed(_NAMES):
        if number >= logging.CRITICAL:
            return "fatal"
        if number >= known:
            return name
    return "debug"


def copy_words(message: Any, args: Any) -> tuple[Any, Any, bool]:
    """Return copies of a message and its arguments, and whether they have the same text."""
    copier = ValueCopier()
    if type(message) is not str:
        message = copier.copy(message)
    args = copier.copy(args)
    args = None if type(args) is Placeholder else args
    if type(message) is str and len(message) > MAX_MESSAGE:
        # What is cut has no place for each argument any more.
        message = format_words(message, args)
        if type(args) is dict:
            message = message.replace("%", "%%")
        return message, args if type(args) is dict else (), False
    return message, args, copier.is_exact


def read_own_words(record: logging.LogRecord) -> str | None:
    """Return the text of a record whose class formats it itself, where nothing of the application's is asked for it."""
    if type(record).getMessage is _get_message or type(record.msg) is not str or not is_simple(record.args):
        return None
    try:
        text = record.getMessage()
    except BaseException as error:
        # The application's own code runs here.
        if is_thrown_in(error):
            raise
        return None
    return cut_text(text, MAX_MESSAGE) if type(text) is str else None


def read_extra(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return a plain copy of the attributes that the application attached to a record."""
    attributes: Iterable[tuple[str, Any]] = record.__dict__.items()
    if type(record) is _LogRecord:
        # Those of its own come first.
        attributes = islice(attributes, _OWN_LENGTH, None)
    extra = {key: value for key, value in attributes if key not in _NOT_EXTRA}
    return ValueCopier().copy(extra) if extra else None


def _has_filters(logger: logging.Logger | None) -> bool:
    """Return whether a handler of a logger may change a record that others get as well."""
    while logger is not None:
        for handler in logger.handlers:
            if handler.filters:
                return True
        logger = logger.parent if logger.propagate else None
    return False


def format_exception(exc_info: Any) -> tuple[str | None, bool]:
    """Return an exception as ``ValueError: boom``, and whether that is all of it: its own code is not asked."""
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if type(exc_info) is tuple and len(exc_info) > 1 else exc_info
    if not issubclass(type(error), BaseException):
        return None, True
    text = read_exception_text(error)
    if text is None:
        return f"<{name_class(type(error))}>", False
    return format_title(name_class(type(error)), text), True


def _find_title(stack_trace: str, name: str | None) -> str | None:
    """Return the last exception of a formatted stack trace as ``ValueError: boom``."""
    full_name = (name or "").strip("<>")
    _, found, text = ("\n" + stack_trace).rpartition(f"\n{full_name}: ")
    return to_text(format_title(full_name.rpartition(".")[2], text.rstrip()), MAX_MESSAGE) if found else name


def _read_named_values(args: Any) -> dict[str, Any]:
    """Return the values of a line such as ``"%(user)s logged in"``, which are data by themselves."""
    return to_plain_mapping(args) if type(args) is dict else {}
