"""A bounded store of entries: the first few, the last ones, and between them the notable ones."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from otel_crumbs.base.counters import evicted

from .entry import KIND, NOTABLE, Entry

DEFAULT_SIZE = 100

# A tenth of a trail is for how the operation began, a fifth for the warnings
# and errors that newer entries would push out.
_FIRST_SHARE = 10
_NOTABLE_SHARE = 5

# Room is made for a few at once, or it would be dear at every entry of a full ring.
_SLACK = 16

# Categories are names of loggers, among others; of more than these, those that come later are counted together.
MAX_CATEGORIES = 200
OTHER_CATEGORIES = "other"


class Ring:
    """
    At most *size* entries: the first few, the last ones, and between them the notable ones.

    Entries that had no room are counted by category. Appending is safe from any
    thread; a race may cost a count, never an entry's integrity.
    """

    __slots__ = ("_overflow", "last", "limit", "size")

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self.size = size
        self.limit = size + _SLACK
        self.last: deque[Entry] = deque()
        # Every operation has a ring, and few overflow.
        self._overflow: _Overflow | None = None

    @property
    def dropped(self) -> dict[str, int]:
        """How many entries had no room, by category."""
        self.make_room()
        return dict(self._overflow.dropped) if self._overflow else {}

    def append(self, entry: Entry) -> None:
        """Add an entry; the oldest that is neither first nor notable makes room."""
        last = self.last
        last.append(entry)
        if len(last) > self.limit:
            self.make_room()

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a snapshot, oldest first as far as they were appended so."""
        self.make_room()
        if self._overflow is not None:
            yield from self._overflow.first.copy()
            yield from self._overflow.notable.copy()
        yield from self.last.copy()

    def __len__(self) -> int:
        self.make_room()
        return len(self.last) + (self.size - self._overflow.room if self._overflow else 0)

    def make_room(self) -> None:
        """Move the surplus of the last entries to the first or the notable ones, or drop it."""
        last = self.last
        if len(last) <= self.limit - _SLACK:
            return
        if self._overflow is None:
            self._overflow = _Overflow(self.size)
        self._count_evicted(self._overflow.take_from(last))
        self.limit = self._overflow.room + _SLACK

    def _count_evicted(self, gone: int) -> None:
        """Count the entries that had no room; those of descendants are counted in their own rings."""


class OwnRing(Ring):
    """The ring of a branch's own entries; those that have no room are counted for the process."""

    __slots__ = ()

    def _count_evicted(self, gone: int) -> None:
        evicted.add(gone)


class _Overflow:
    """The entries that a ring keeps although newer ones pushed them out."""

    __slots__ = ("_begins", "_first_room", "_notable_room", "dropped", "first", "notable", "room")

    def __init__(self, size: int) -> None:
        self.first: deque[Entry] = deque()
        self.notable: deque[Entry] = deque()
        self.dropped: defaultdict[str, int] = defaultdict(int)
        # How many of the last entries may stay.
        self.room = size
        self._first_room = size // _FIRST_SHARE
        self._notable_room = size // _NOTABLE_SHARE
        self._begins = True

    def take_from(self, last: deque[Entry]) -> int:
        """Take the surplus from the last entries; return how many were dropped."""
        gone = 0
        while len(last) > self.room:
            try:
                oldest = last.popleft()
            except IndexError:  # another thread made room
                break
            if self._begins or oldest[NOTABLE]:
                dropped = self._keep(oldest)
                if dropped is None:
                    continue
                oldest = dropped
            self._count(oldest[KIND].category(oldest))
            gone += 1
        return gone

    def _count(self, category: str) -> None:
        dropped = self.dropped
        if category not in dropped and len(dropped) >= MAX_CATEGORIES:
            category = OTHER_CATEGORIES
        dropped[category] += 1

    def _keep(self, oldest: Entry) -> Entry | None:
        """Keep an entry if it matters; return the entry that is dropped instead, itself if it does not."""
        if len(self.first) < self._first_room:
            self.first.append(oldest)
            self.room -= 1
            return None
        self._begins = False
        if not (oldest[NOTABLE] and self._notable_room):
            return oldest
        self.notable.append(oldest)
        if len(self.notable) > self._notable_room:
            return self.notable.popleft()
        self.room -= 1
        return None
