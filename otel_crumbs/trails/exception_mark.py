"""
The mark by which an exception remembers its trail.

When an exception reaches ``sys.excepthook`` every span and context is gone.
So a mark is left on the exception object where it passes: the branch that it
comes from, the span, and, once it has been reported, the event's id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from .branch import Branch

_KEY = "__otel_crumbs__"

# Chains of causes can be circular and endless; beyond this nobody reads them.
MAX_CHAIN = 64


class ExceptionMark(str):
    """
    The branch and the span of an exception, and the event that reports it.

    It is an empty string to everybody else: an application that pickles,
    copies or serialises the attributes of its exceptions must not trip over
    it, in processes that have never heard of us too.
    """

    __slots__ = ("_event_ids", "branch", "described", "operation", "span_context")

    branch: Branch | None
    span_context: SpanContext | None
    operation: int
    described: bool
    _event_ids: list[str]

    def __new__(cls) -> ExceptionMark:
        """Return a mark that knows nothing yet."""
        mark = super().__new__(cls)
        mark.branch = None
        mark.span_context = None
        mark.operation = 0
        mark.described = False
        mark._event_ids = []
        return mark

    @property
    def event_id(self) -> str | None:
        """The event that reports the exception, None for one that was not reported."""
        return self._event_ids[0] if self._event_ids else None

    def assign(self, event_id: str) -> bool:
        """Assign an event to the exception, and return whether it is the one that reports it: the first one is."""
        self._event_ids.append(event_id)
        return self._event_ids[0] == event_id

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Pickle as the empty string that it is for others."""
        return (str, ("",))

    def __deepcopy__(self, memo: dict[int, Any]) -> str:
        """Copy as the empty string: a copied exception is another exception."""
        return ""


def mark_of(exception: BaseException) -> ExceptionMark | None:
    """Return the mark of an exception, None for one that has none."""
    mark = exception.__dict__.get(_KEY)
    return mark if isinstance(mark, ExceptionMark) else None


def mark_exception(exception: BaseException, branch: Branch, span_context: SpanContext | None = None) -> ExceptionMark:
    """
    Leave or return the mark of an exception that passes through a branch.

    The first place keeps it, because its trail has the story, unless the
    exception object is raised again in an operation that has nothing to do
    with the first.
    """
    known = exception.__dict__.get(_KEY)
    if isinstance(known, ExceptionMark) and not _is_raised_again(known, branch):
        return known
    mark = ExceptionMark()
    mark.branch = branch
    mark.span_context = span_context
    mark.operation = branch.operation.number if branch.operation else 0
    if known is None:
        # Several threads may get here with one exception: the first one's mark is everybody's.
        settled: ExceptionMark = exception.__dict__.setdefault(_KEY, mark)
        return settled
    exception.__dict__[_KEY] = mark
    return mark


def iterate_chain(exception: BaseException) -> Iterator[BaseException]:
    """Iterate over an exception and those that it was raised from or while handling, nearest first."""
    seen: set[int] = set()
    link: BaseException | None = exception
    while link is not None and id(link) not in seen and len(seen) < MAX_CHAIN:
        seen.add(id(link))
        yield link
        link = link.__cause__ if link.__cause__ or link.__suppress_context__ else link.__context__


def _is_raised_again(mark: ExceptionMark, branch: Branch) -> bool:
    first = mark.branch.operation if mark.branch else None
    if first is None or branch.operation is None:
        return False
    return not (first.includes(branch.operation.number) or branch.operation.includes(first.number))
