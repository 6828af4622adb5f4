"""
Stack traces that are logged as text, or as attributes: ``logger.error("failed: %s", traceback.format_exc())``.

Workers log the failures of jobs so (RQ, Dagster), and loggers that render a line
before anybody else sees it (structlog, and Airflow with it).
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.mechanisms import LOG_TEXT
from otel_crumbs.base.plain import MAX_MESSAGE, MAX_STACKTRACE, to_text
from otel_crumbs.trails import iterate_chain

from .reporter import Reporter

if TYPE_CHECKING:
    from otel_crumbs.event import ExceptionInfo
    from otel_crumbs.event.stack import cut_middle, message_of
else:
    ExceptionInfo = LateFunction("otel_crumbs.event.model", "ExceptionInfo")
    cut_middle = LateFunction("otel_crumbs.event.stack", "cut_middle")
    message_of = LateFunction("otel_crumbs.event.stack", "message_of")

# Python's words before the frames, and Dagster's, which has the title before them.
_PYTHON, _DAGSTER = "Traceback (most recent call last):", "Stack Trace:\n"
_FRAME = re.compile(r'^[ |]*File "(.*?)", line (\d{1,9})', re.MULTILINE)
_TITLE = re.compile(r"^(?P<type>[A-Za-z_][\w.<>]*)(?:: (?P<message>.*))?$")
# Of https://opentelemetry.io/docs/specs/semconv/registry/attributes/exception/
_TYPE, _MESSAGE, _STACKTRACE = "exception.type", "exception.message", "exception.stacktrace"
# The names under which loggers have a stack trace beside a line, in `extra` or in a dictionary in the line's place.
_NAMES = (_STACKTRACE, "exception", "exc_info", "traceback", "stack_trace", "stacktrace", "error.stack_trace", "event")
_MAX_ARGUMENTS = 16
# Servers that log the failure of a request so: it was reported where it is traced, and is left to the server otherwise.
_SERVERS = frozenset({"werkzeug"})
# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_OTEL_ERROR = 17
# A longer text is looked at from both ends.
_LONGEST = 2 * MAX_STACKTRACE


class LoggedTexts:
    """
    Reports failures of which a line of level ERROR or above has the stack trace as text, unless they were reported.

    Args:
        reporter: Gets the exception, where it is still being handled, or else its text.

    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    @guarded("a logged stack trace was reported")
    def report_line(self, record: logging.LogRecord) -> None:
        """Report the stack trace in the message of a log record, in its arguments, or in its fields."""
        # A record that came from another process was reported there.
        if record.process in (None, os.getpid()) and record.name not in _SERVERS:
            self._report(vars(record), _iterate_texts(record))

    @guarded("a logged stack trace was reported")
    def report_emitted(self, emitted: Any) -> None:
        """Report the exception that the attributes of an OpenTelemetry log record describe, and no object."""
        record = emitted.log_record
        number, attributes = record.severity_number, record.attributes or {}
        if number is None or number.value < _OTEL_ERROR or getattr(record, "exception", None) is not None:
            return
        if _TYPE in attributes or _STACKTRACE in attributes:
            texts = [attributes.get(name) for name in _NAMES]
            self._report(attributes, (text for text in texts if type(text) is str))

    def _report(self, fields: Mapping[str, Any], texts: Iterator[str]) -> None:
        stacktrace = next((text for text in texts if _PYTHON in text or _DAGSTER in text), "")
        if stacktrace:
            stacktrace = cut_middle(_read_json(stacktrace) or stacktrace, _LONGEST)
        kind, message = fields.get(_TYPE), fields.get(_MESSAGE)
        if type(kind) is not str or not kind:
            found = read_title(stacktrace)
            if found is None:
                return
            kind, message = found
        message = message if type(message) is str else ""
        error = _find_handled(kind, message, stacktrace)
        if error is not None:
            self._reporter.report(error, mechanism=LOG_TEXT, handled=True)
        elif not self._reporter.expected.includes_name(kind, message):
            info = ExceptionInfo(type=to_text(kind), message=to_text(message, MAX_MESSAGE))
            self._reporter.report_logged(info, _cut_before(stacktrace), place=_find_place(stacktrace))


def read_title(text: str) -> tuple[str, str] | None:
    """Return the type and the first line of the message of the last exception in a text; None where it has none."""
    if not _FRAME.search(text):
        return None
    _, found, block = text.rpartition(_PYTHON)
    if found:
        lines = [line.lstrip("| ") if line.lstrip().startswith("|") else line for line in block.splitlines()[1:]]
        title = next((line for line in lines if line.strip() and not line.startswith((" ", "\t"))), "")
    else:
        title = next((line for line in reversed(text.rpartition(_DAGSTER)[0].splitlines()) if line.strip()), "")
    parsed = _TITLE.match(title.strip())
    return (parsed["type"], parsed["message"] or "") if parsed else None


def _read_json(line: str) -> str:
    """Return the stack trace of a line that a logger rendered as JSON, nothing where it is none."""
    if not line.startswith("{") or len(line) > _LONGEST:
        return ""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    texts = (fields.get(name) for name in _NAMES)
    return next((text for text in texts if type(text) is str and _PYTHON in text), "")


def _iterate_texts(record: logging.LogRecord) -> Iterator[str]:
    """Iterate over the texts of a record, without making one of anything."""
    message, arguments, fields = record.msg, record.args, vars(record)
    values: list[Any] = [message]
    if type(message) is dict:
        values += [message.get(name) for name in _NAMES]
    if type(arguments) is tuple:
        values += arguments[:_MAX_ARGUMENTS]
    elif type(arguments) is dict:
        values += [*arguments.values()][:_MAX_ARGUMENTS]
    values += [fields[name] for name in _NAMES if name in fields]
    return (value for value in values if type(value) is str)


def _find_handled(kind: str, message: str, stacktrace: str) -> BaseException | None:
    """Return the exception that is being handled here, where it is the one that a text is about, or led to it."""
    handled = sys.exc_info()[1]
    if handled is None:
        return None
    name = kind.rpartition(".")[2]
    for each in iterate_chain(handled):
        if type(each).__name__ == name:
            said = message_of(each).partition("\n")[0]
            if said == message.partition("\n")[0] or f"{name}: {said}" in stacktrace or (message and message in said):
                return handled
    return None


def _find_place(stacktrace: str) -> tuple[str, int] | None:
    """Return the file and the line of the innermost frame of the last exception."""
    frames = _FRAME.findall(stacktrace, max(stacktrace.rfind(_PYTHON), stacktrace.rfind(_DAGSTER), 0))
    return (frames[-1][0], int(frames[-1][1])) if frames else None


def _cut_before(text: str) -> str:
    """Return a text without the log line's own words before the stack trace."""
    start = text.find(_PYTHON)
    return text if start < 0 else text[start:]
