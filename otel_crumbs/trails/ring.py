"""A bounded store of entries: the first few, the last ones, and between them the notable ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter

from .entry import CATEGORY, KIND, NOTABLE, Entry, select_entries, settle_entries

DEFAULT_SIZE = 100

# A tenth of a trail is for how the operation began, a fifth for the warnings
# and errors that newer entries would push out.
_FIRST_SHARE = 10
_NOTABLE_SHARE = 5

# Room is made for so many spans at once, which are as they are until then, or it would be dear at each of a full ring.
CHUNK = 16
# For entries it is made more rarely: they are small, and each pays its part of it.
MAX_NEWEST = 3 * CHUNK

# Categories are names of loggers, among others; of more than these, those that come later are counted together.
MAX_CATEGORIES = 200
OTHER_CATEGORIES = "other"

_is_notable = itemgetter(NOTABLE)
_get_category = itemgetter(CATEGORY)


class Ring:
    """
    At most *size* entries: the first few, the last ones, and between them the notable ones.

    Entries that had no room are counted by category. Appending is safe from any
    thread; a race may cost a count, never an entry's integrity. Hot paths append
    to `newest` themselves, and call `make_room` where it has `CHUNK` before a span, or more than `MAX_NEWEST` then.
    """

    __slots__ = ("_older", "newest", "size")

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self.size = size
        self.newest: list[Entry] = []
        # Every operation has a ring, and few have more than the newest.
        self._older: _OlderEntries | None = None

    @property
    def dropped(self) -> dict[str, int]:
        """How many entries had no room, by category."""
        self.make_room(0)
        return dict(self._older.dropped) if self._older else {}

    def append(self, entry: Entry) -> None:
        """Add an entry; the oldest that is neither first nor notable makes room."""
        newest = self.newest
        newest.append(entry)
        if len(newest) > MAX_NEWEST:
            self.make_room()

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a snapshot, oldest first as far as they were appended so."""
        return iter(self.copy())

    def copy(self) -> list[Entry]:
        """Return the entries, oldest first as far as they were appended so."""
        self.make_room(0)
        older = self._older
        if older is None:
            return []
        return [*older.first, *older.notable, *select_entries([*chain.from_iterable([*older.chunks])])]

    def copy_last(self) -> list[Entry]:
        """Return the last entries, those included for which no room was made yet."""
        self.make_room()
        return select_entries([*chain.from_iterable([*self._older.chunks])]) if self._older else []

    def remove_last(self, entry: Entry) -> None:
        """Remove an entry if it is the last one: another thread may have been faster."""
        self.make_room()
        chunk = next((chunk for chunk in reversed(self._older.chunks) if chunk), None) if self._older else None
        if chunk is not None and chunk[-1] is entry:
            chunk.pop()

    def make_room(self, tolerated: int = CHUNK) -> None:
        """
        Count the newest entries among the older ones, and drop the surplus but for what matters.

        Args:
            tolerated: So many entries may be too many: no chunk need be split for them.

        """
        older = self._older
        if older is None:
            older = _OlderEntries(self.size)
            if self._older is None:  # no other thread came first
                self._older = older
            older = self._older
        chunks = older.chunks
        fresh: list[Entry] = []
        if self.newest:
            # No other thread and no signal handler comes between these, for there is no call: no chunk goes twice.
            newest = self.newest
            self.newest = fresh
            chunks.append(newest)
            older.settling += 1
            try:
                settle_entries(newest)
            finally:
                older.settling -= 1
        surplus = sum(map(len, chunks)) - older.room
        if surplus > tolerated:
            self._count_evicted(older.drop_surplus(surplus, tolerated))

    def _count_evicted(self, number: int) -> None:
        """Count the entries that had no room for the process; those of descendants are counted where they were left."""


class _OlderEntries:
    """The entries of a ring that are not its newest: in chunks the last ones, and what was kept of those before."""

    __slots__ = ("_begins", "_first_room", "_notable_room", "chunks", "dropped", "first", "notable", "room", "settling")

    def __init__(self, size: int) -> None:
        self.chunks: list[list[Entry]] = []
        # How many threads are about to settle a chunk, which may have spans till then.
        self.settling = 0
        self.first: list[Entry] = []
        self.notable: list[Entry] = []
        self.dropped: dict[str, int] = {}
        # How many of the last entries may stay.
        self.room = size
        self._first_room = size // _FIRST_SHARE
        self._notable_room = size // _NOTABLE_SHARE
        self._begins = True

    def drop_surplus(self, surplus: int, tolerated: int) -> int:
        """Drop the surplus, but for what matters and what is tolerated; return how many entries were dropped."""
        remaining = surplus
        while remaining > tolerated:
            try:
                going = self.chunks.pop(0)
            except IndexError:  # another thread made room
                break
            if self.settling:
                going = select_entries(going)
            if len(going) > remaining:
                self.chunks.insert(0, going[remaining:])
                del going[remaining:]
            if self._begins or any(map(_is_notable, going)):
                going = [dropped for entry in going if (dropped := self._keep(entry)) is not None]
            categories = [*map(_get_category, going)]
            for key in {*categories}:
                name = key if isinstance(key, str) else _name_category(key, going)
                self._count(name, categories.count(key))
            remaining -= len(going)
        return surplus - remaining

    def _count(self, category: str, number: int) -> None:
        dropped = self.dropped
        if category not in dropped and len(dropped) >= MAX_CATEGORIES:
            category = OTHER_CATEGORIES
        dropped[category] = dropped.get(category, 0) + number

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
            return self.notable.pop(0)
        self.room -= 1
        return None


def _name_category(key: object, entries: list[Entry]) -> str:
    """Return the category of the entries that have an object in its place."""
    entry = next(entry for entry in entries if entry[CATEGORY] is key or entry[CATEGORY] == key)
    kind = entry[KIND]
    return OTHER_CATEGORIES if kind.name_category is None else kind.name_category(entry)
