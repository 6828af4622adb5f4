"""
The mark by which an exception remembers its trail.

When an exception reaches ``sys.excepthook`` every span and context is gone.
So a mark is made where it passes: the branch that it comes from, the span,
and, once it has been reported, the event's id.

The mark lies beside the exception, which stays as it was in every attribute,
copy and pickle, and goes with it. An exception of a class in Python has a weak
reference. One of a built-in class, as ``ValueError("boom")`` is, can have
none, and its address alone says nothing: the next exception gets the same.
So a part that this exception alone owns is kept with the mark: its tuple of
arguments, where these are short texts and numbers, else its `__dict__`. As
long as the part is kept no other exception has it, and once nobody else holds
it the exception is gone. The interpreter makes the `__dict__` when it is asked
for; an empty one is seen in nothing but `__reduce__`. The exception itself is
never kept, since its traceback holds the variables of all its frames.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from sys import getrefcount
from time import time_ns
from typing import TYPE_CHECKING, Any
from weakref import getweakrefs, ref

from otel_crumbs.base.exceptions import members_of, origin_of

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from .branch import Branch
    from .context_attributes import ContextAttributes

# Chains of causes can be circular and endless; beyond this nobody reads them.
MAX_CHAIN = 64
# Marked exceptions that live at one time. A trail may refer to its exception, which then lives until it is forgotten.
MAX_MARKS = 1000
# The part of an exception is looked at with every new one, to see whether the exception is gone.
MAX_PARTS = 200
_LONGEST_TEXT = 1024

_get_args = BaseException.__dict__["args"].__get__
_set_args = BaseException.__dict__["args"].__set__
_get_dict = BaseException.__dict__["__dict__"].__get__

# How many references an object has that is an item of one tuple alone.
_ITEM: tuple[dict[str, Any]] = ({},)
_ONE_OWNER = getrefcount(_ITEM[0])


# Called with each exception that is about to be reported, for sources that would tell of it, too.
on_report: list[Callable[[BaseException], None]] = []


class ExceptionMark:
    """The branch, the span and the context attributes of an exception, and the event that reports it."""

    __slots__ = ("_event_ids", "attributes", "branch", "described", "made_at", "span_context")

    def __init__(self, branch: Branch | None = None, span_context: SpanContext | None = None) -> None:
        self.made_at = time_ns()
        self.branch = branch
        self.span_context = span_context
        self.described = False
        # Those of the innermost context block that it left.
        self.attributes: ContextAttributes | None = None
        self._event_ids: list[str] = []

    @property
    def event_id(self) -> str | None:
        """The event that reports the exception, None for one that was not reported."""
        return self._event_ids[0] if self._event_ids else None

    def assign(self, event_id: str) -> bool:
        """Assign an event to the exception, and return whether it is the one that reports it: the first one is."""
        self._event_ids.append(event_id)
        return self._event_ids[0] == event_id


class _Reference(ref[BaseException]):
    """
    A weak reference to a marked exception; it has an identity of its own, since exceptions may have no hash.

    It is found from the moment in which it is made, by other threads, too: whoever comes first gives it its mark.
    """

    mark: ExceptionMark | None = None

    def assign(self, mark: ExceptionMark) -> ExceptionMark:
        """Assign a mark to it if it has none; return the one that it has."""
        kept: ExceptionMark = vars(self).setdefault("mark", mark)
        return kept

    __hash__ = object.__hash__
    __eq__ = object.__eq__


class ExceptionMarks:
    """The exceptions of the process that have a mark."""

    def __init__(self) -> None:
        self._references: set[_Reference] = set()
        # By an exception's address: a part of it, and its mark.
        self._parts: dict[int, tuple[object, ExceptionMark]] = {}

    def find(self, error: BaseException) -> ExceptionMark | None:
        """Return the mark of an exception, None for one that has none."""
        reference = _find_reference(error)
        if reference is not None:
            return reference.mark
        kept = self._parts.get(id(error))
        return kept[1] if kept is not None and _has_part(error, kept[0]) else None

    def add(self, error: BaseException, mark: ExceptionMark) -> ExceptionMark:
        """Mark an exception that has no mark; return its mark, which another thread may have made meanwhile."""
        reference = _make_reference(error, self._references)
        if reference is None:
            return self._add_part(error, mark)
        mark = (_find_reference(error) or reference).assign(mark)
        reference.assign(mark)
        self._references.add(reference)
        while len(self._references) > MAX_MARKS:
            self._references.pop()
        return mark

    def replace(self, error: BaseException, mark: ExceptionMark) -> None:
        """Give a marked exception another mark."""
        reference = _find_reference(error)
        if reference is not None:
            reference.mark = mark
        elif (kept := self._parts.get(id(error))) is not None:
            self._parts[id(error)] = kept[0], mark

    def drop_dead(self) -> None:
        """Forget the exceptions that are gone; those with a weak reference are forgotten as they go."""
        for key, kept in self._parts.copy().items():
            if getrefcount(kept[0]) <= _ONE_OWNER:
                self._parts.pop(key, None)

    def clear(self) -> None:
        """Forget every mark."""
        self._references.clear()
        self._parts.clear()

    def _add_part(self, error: BaseException, mark: ExceptionMark) -> ExceptionMark:
        self.drop_dead()
        key, first = id(error), (error, mark)
        kept = self._parts.setdefault(key, first)
        if not _has_part(error, kept[0]):
            # Of an exception that is gone, and whose part the application still has.
            self._parts.pop(key, None)
            kept = self._parts.setdefault(key, first)
        if kept is not first:
            return kept[1]
        # Several threads may be here at once: the exception itself stands for its part until the first has chosen one.
        try:
            self._parts[key] = _choose_part(error), mark
        except BaseException:  # another thread's, or a signal handler's
            self._parts.pop(key, None)
            raise
        while len(self._parts) > MAX_PARTS:
            self._parts.pop(next(iter(self._parts.copy())), None)
        return mark


exception_marks = ExceptionMarks()


def mark_of(exception: BaseException) -> ExceptionMark | None:
    """Return the mark of an exception, None for one that has none."""
    return exception_marks.find(exception)


def mark_exception(exception: BaseException, branch: Branch, span_context: SpanContext | None = None) -> ExceptionMark:
    """
    Make or return the mark of an exception that passes through a branch.

    The first place keeps it, because its trail has the story, unless the
    exception object is raised again in an operation that has nothing to do
    with the first.
    """
    known = exception_marks.find(exception)
    if known is None:
        return exception_marks.add(exception, ExceptionMark(branch, span_context))
    if not _is_raised_again(known, branch):
        return known
    mark = ExceptionMark(branch, span_context)
    exception_marks.replace(exception, mark)
    return mark


def iterate_chain(exception: BaseException) -> Iterator[BaseException]:
    """Iterate over an exception, those it was raised from or while handling, and those it groups, nearest first."""
    seen = {id(exception)}
    ahead = deque([exception])
    while ahead:
        link = ahead.popleft()
        yield link
        origin = origin_of(link)
        for other in (*(origin[1:] if origin else ()), *members_of(link)[:MAX_CHAIN]):
            if id(other) not in seen and len(seen) < MAX_CHAIN:
                seen.add(id(other))
                ahead.append(other)


def _make_reference(error: BaseException, references: set[_Reference]) -> _Reference | None:
    try:
        # No function in Python is called back: there may be no room left on the stack where an exception ends.
        return _Reference(error, references.discard)
    except TypeError:
        return None


def _find_reference(error: BaseException) -> _Reference | None:
    """Return the first reference that was made, where several threads made one; the newest comes first."""
    found = None
    for reference in getweakrefs(error):
        if type(reference) is _Reference:
            found = reference
    return found


def _choose_part(error: BaseException) -> object:
    if not _has_plain_args(error):
        return _get_dict(error)
    if getrefcount(_get_args(error)) > _ONE_OWNER:
        # Exceptions that are made by `type(error)(*error.args)`, and so by `copy.copy`, have one tuple together.
        _set_args(error, (*_get_args(error),))
    return _get_args(error)


def _has_plain_args(error: BaseException) -> bool:
    args = _get_args(error)
    return bool(args) and all(
        type(each) is int or (type(each) is str and len(each) <= _LONGEST_TEXT) or each is None for each in args
    )


def _has_part(error: BaseException, part: object) -> bool:
    """Return whether a part is an exception's own, or itself; no attribute is asked for, which asking could make."""
    if part is error:
        return True
    for each in gc.get_referents(error):  # noqa: SIM110 - a generator would be twice as dear
        if each is part:
            return True
    return False


def _is_raised_again(mark: ExceptionMark, branch: Branch) -> bool:
    first = mark.branch.operation if mark.branch else None
    if first is None or branch.operation is None:
        return False
    return not (first.includes(branch.operation.number) or branch.operation.includes(first.number))
