"""The model of an error event, which flows from capture to the exporters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otel_crumbs.base.exceptions import find_first_line, format_title
from otel_crumbs.trails import Breadcrumb

# The names of events, by the semantic conventions of logs and of apps.
EXCEPTION, APP_CRASH = "exception", "app.crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """
    One level of a traceback.

    Args:
        path: The file as the interpreter names it.
        line: Its line number.
        function: The function that runs there.
        module: The module's name, None if unknown.
        source: The source line, where it is known from a text and not from the file.
        locals: The variables, plain, where the application wants them.
        lines: The source around the line, where an exporter shows it.
        first_line: The number of the first of them.

    """

    path: str
    line: int
    function: str
    module: str | None = None
    source: str | None = None
    locals: Mapping[str, Any] | None = field(default=None, compare=False)
    lines: tuple[str, ...] = field(default=(), compare=False)
    first_line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionInfo:
    """
    One exception of a chain.

    Args:
        type: Its class with the module, builtins without, as OpenTelemetry
            writes `exception.type
            <https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/>`_.
        message: Its text.
        frames: Its traceback, outermost call first.
        parent: Index of the exception it belongs to, None for the first.
        link: How: ``__cause__``, ``__context__`` or ``exceptions[3]``.
        notes: What was added to it on its way, by `PEP 678
            <https://peps.python.org/pep-0678/>`_.

    """

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    parent: int | None = None
    link: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """
    An exception with its trail, ready to send.

    Args:
        name: ``exception``, or ``app.crash`` for the death of a process, which another one reports.
        event_id: 32 hexadecimal digits.
        timestamp: When it was captured, in nanoseconds since the epoch.
        fatal: Whether the process dies of it.
        handled: Whether the application dealt with it.
        mechanism: The mechanism that noticed it.
        exceptions: The exception and what it was raised from.
        stacktrace: The traceback as Python prints it.
        operation: The name of the unit of work, None outside any.
        trace_id: 0 where there is none.
        span_id: 0 where there is none.
        trace_flags: As of the span, unsampled ones included.
        thread: The name of the thread that reported it.
        breadcrumbs: Oldest first.
        dropped: How many breadcrumbs had no room.
        dropped_by_category: The same by category.
        scrubbed: How many secrets were taken out, by kind; those of the stack trace as text are not counted again.
        resource: The attributes of the application's own resource.
        held_back: How many events of the same failure were not sent before this one.
        attributes: Those of the operation's own span, under their standard names, and those
            that the application gave to `otel_crumbs.context`.
        context: The names of the latter.
        source: The application's source where it failed, as text.
        fingerprint: The same for all events of one failure, for a back end that groups by it.

    """

    event_id: str
    timestamp: int
    fatal: bool = False
    handled: bool
    mechanism: str
    exceptions: tuple[ExceptionInfo, ...]
    stacktrace: str
    operation: str | None = None
    trace_id: int = 0
    span_id: int = 0
    trace_flags: int = 0
    thread: str | None = None
    breadcrumbs: tuple[Breadcrumb, ...] = ()
    dropped: int = 0
    dropped_by_category: Mapping[str, int] = field(default_factory=dict)
    scrubbed: Mapping[str, int] = field(default_factory=dict)
    resource: Mapping[str, Any] = field(default_factory=dict)
    held_back: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    source: str = ""
    fingerprint: str = ""
    name: str = EXCEPTION

    @property
    def exception(self) -> ExceptionInfo:
        """The exception itself, the first of its chain."""
        return self.exceptions[0]

    @property
    def level(self) -> str:
        """``fatal`` or ``error``."""
        return "fatal" if self.fatal else "error"

    @property
    def title(self) -> str:
        """A line for people: ``ValueError: boom``."""
        return format_title(self.exception.type, find_first_line(self.exception.message))
