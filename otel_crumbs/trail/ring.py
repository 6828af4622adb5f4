"""
A bounded store of entries that keeps what matters.

An *entry* is what a source leaves behind while the application runs: a tuple
``(timestamp, notable, branch, render, *references)``. Nothing is formatted
until an error asks for it: then ``render(entry)`` yields the breadcrumbs.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from otel_crumbs.tally import evicted

if TYPE_CHECKING:
    from .breadcrumb import Breadcrumb

Entry = tuple[Any, ...]
Render = Callable[[Entry], "Iterable[Breadcrumb]"]

# How a source names the category of an entry that had no room, by its render.
# It is asked at every eviction: it must be cheap, and need not be exact.
category_of: dict[Render, Callable[[Entry], str]] = {}

# Where things stand in an entry; the references of its source come after.
TIMESTAMP, NOTABLE, BRANCH, RENDER = range(4)

DEFAULT_SIZE = 100

_tick = evicted.tick

# A tenth of a trail is for how the operation began, a fifth for the warnings
# and errors that newer entries would push out.
_FIRST_SHARE = 10
_NOTABLE_SHARE = 5

# Room is made for a few at once, or it would be dear at every entry of a full ring.
_SLACK = 8


class Ring:
    """
    At most *size* entries: the first few, the last ones, and between them the notable ones.

    What had no room is counted by category. Appending is safe from any
    thread; a race may cost a count, never an entry's integrity.
    """

    # Every operation has one: so what only an overflow needs is made then.
    __slots__ = ("_dropped", "_first", "_first_is_full", "_notable", "last", "limit", "size")

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self.size = size
        self.limit = size + _SLACK
        self.last: deque[Entry] = deque()
        self._first: deque[Entry] | None = None
        self._first_is_full = False
        self._notable: deque[Entry] | None = None
        self._dropped: defaultdict[str, int] | None = None

    @property
    def dropped(self) -> dict[str, int]:
        """How many had no room, by category."""
        self.make_room()
        return dict(self._dropped or {})

    def append(self, entry: Entry) -> None:
        """Add an entry; the oldest that is neither first nor notable makes room."""
        last = self.last
        last.append(entry)
        if len(last) > self.limit:
            self.make_room()

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a snapshot, oldest first as far as they were appended so."""
        self.make_room()
        for part in (self._first, self._notable, self.last):
            if part:
                yield from part.copy()

    def __len__(self) -> int:
        self.make_room()
        return sum(len(part) for part in (self._first, self._notable, self.last) if part)

    def make_room(self) -> None:
        """Move what is too much from the last ones to the first or the notable, or drop it."""
        last = self.last
        while len(last) > self.limit - _SLACK:
            try:
                oldest = last.popleft()
            except IndexError:  # another thread made room
                return
            if self._first_is_full and not oldest[NOTABLE]:
                self._drop(oldest)
            else:
                self._move(oldest)

    def _move(self, oldest: Entry) -> None:
        if self._first is None or self._notable is None:
            self._first, self._notable = deque(), deque()
        first, notable = self._first, self._notable
        self._first_is_full = len(first) >= self.size // _FIRST_SHARE
        if not self._first_is_full:
            first.append(oldest)
            self.limit -= 1
        elif not oldest[NOTABLE] or self.size < _NOTABLE_SHARE:
            self._drop(oldest)
        elif len(notable) < self.size // _NOTABLE_SHARE:
            notable.append(oldest)
            self.limit -= 1
        else:
            notable.append(oldest)
            self._drop(notable.popleft())

    def _drop(self, entry: Entry) -> None:
        name = category_of.get(entry[RENDER])
        if self._dropped is None:
            self._dropped = defaultdict(int)
        self._dropped["other" if name is None else name(entry)] += 1


class OwnRing(Ring):
    """What a branch recorded itself: what has no room here is counted for all of the process."""

    __slots__ = ()

    def _drop(self, entry: Entry) -> None:
        _tick()
        # As Ring has it, without the call: a full trail does this for every breadcrumb.
        name = category_of.get(entry[RENDER])
        if self._dropped is None:
            self._dropped = defaultdict(int)
        self._dropped["other" if name is None else name(entry)] += 1
