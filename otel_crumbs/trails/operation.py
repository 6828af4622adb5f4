"""A unit of work with a trail of its own: a request, a message, a task."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from time import time_ns
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.trace import SpanContext, Status

    from .branch import Branch
    from .context_attributes import ContextAttributes

# Failures of one operation that are told apart; it must not grow without end.
MAX_REPORTED = 64

_numbers = count(1)


class Operation:
    """
    A unit of work while it lasts.

    Args:
        name: Its name; None where the root span has the name.
        trace_id: Of its root span, 0 where there is none.
        span_id: Of its root span, 0 where there is none.
        within: The operation that it was opened in.

    """

    # Most operations end without ever having these, and every request makes an operation.

    name: str | None = None
    # What `otel_crumbs.context` said of all of it, and of the operation around it until then.
    context: ContextAttributes | None = None
    # Those of its root span, once that has ended.
    attributes: Mapping[str, Any] | None = None
    # The titles of the exceptions that were reported of it.
    reported: set[str] | None = None
    # Whether its root span has ended, or its block is closed; the work may go on.
    ended = False
    # Whether it ended with an exception, for which there is an event or a reason for none.
    failed = False
    # Of its root span, once that has ended.
    span_context: SpanContext | None = None
    # The numbers of the operations around it: it must not keep them alive.
    within: tuple[int, ...] = ()

    def __init__(
        self, trace_id: int = 0, span_id: int = 0, *, name: str | None = None, within: Operation | None = None
    ) -> None:
        self.number = next(_numbers)
        self.began_at = time_ns()
        self.trace_id = trace_id
        self.span_id = span_id
        if name is not None:
            self.name = name
        if within is not None:
            self.within = (*within.within, within.number)
            if within.context is not None:
                self.context = within.context.copy()

    def end(self, name: str, attributes: Mapping[str, Any], span_context: SpanContext) -> None:
        """End with what the root span says of it."""
        self.name, self.attributes, self.span_context, self.ended = name, attributes, span_context, True

    def add_reported(self, other: Operation) -> None:
        """Take over the exceptions that were reported of another operation, out of which one came into this one."""
        if other is self or not other.reported:
            return
        together = (self.reported or set()) | other.reported
        # Of thousands that fail one after the other the newest counts.
        self.reported = together if len(together) <= MAX_REPORTED else {*other.reported}

    def includes(self, number: int) -> bool:
        """Return whether *number* is this operation's or that of one around it."""
        return number == self.number or number in self.within


class EndedSpan(Protocol):
    """A span that has ended, as the SDK's `ReadableSpan` shows it."""

    @property
    def context(self) -> SpanContext:
        """The span's context."""

    @property
    def attributes(self) -> Mapping[str, Any] | None:
        """The attributes."""

    @property
    def events(self) -> Sequence[Any]:
        """The events."""

    @property
    def status(self) -> Status:
        """The status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOperation:
    """
    An operation whose root span has just ended.

    Args:
        span: The root span.
        branch: The operation's first branch.
        exception: The exception that it failed with; None where only the
            span's own record of it is left, or nothing failed.

    """

    span: EndedSpan
    branch: Branch
    exception: BaseException | None
