"""
Open spans: those that started in a branch and have not ended.

A branch knows its open spans, so that an error shows them in flight. It does
not keep them alive: a span that nobody can end any more is none of them. Most
spans never get here: they are among the branch's newest entries from their
start, and end before there are newer ones; only until then are they kept alive.

A span knows its branch by an attribute of its list of events, for that list is
all that an SDK's span has in common with the copy that `on_end` is shown. It is
a weak reference as long as the span is among the newest entries, else the
branch itself, and None once the span has ended, or its operation has.
"""
# ruff: noqa: SLF001 - the list of events has no public name

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

if TYPE_CHECKING:
    from .entry import EntryKind

# More than this, a branch has spans that are never ended: the oldest are forgotten.
MAX_OPEN_SPANS = 256


class OpenSpans(dict[Any, "ref[Any]"]):
    """The open spans of a branch, by their lists of events; the source's subclass says how they are shown."""

    __slots__ = ()

    kind: ClassVar[EntryKind]

    def iterate_spans(self) -> Iterator[Any]:
        """Iterate over the spans, the oldest first."""
        # No tuple: before Python 3.12 the collector may run where one is made, and a finaliser start a span then.
        for opened in list(self.values()):
            span = opened()
            if span is not None:
                yield span

    def make_room(self) -> None:
        """Forget spans that are gone, and the oldest of the others if they are too many."""
        opened = [*self.copy().items()]
        alive = [events for events, span in opened if span() is not None]
        kept = {id(events) for events in alive[-MAX_OPEN_SPANS * 3 // 4 :]}
        for events, _ in opened:
            if id(events) not in kept:
                self.pop(events, None)
                events._otel_crumbs_branch = None

    def release(self) -> None:
        """Have none of the spans keep its branch alive."""
        for span in self.iterate_spans():
            span._events._otel_crumbs_branch = None
