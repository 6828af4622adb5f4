"""
A bounded store of entries that keeps what matters.

An *entry* is what a source leaves behind while the application runs: a tuple
``(timestamp, notable, branch, render, *references)``. Nothing is formatted
until an error asks for it: then ``render(entry)`` yields the breadcrumbs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .breadcrumb import Breadcrumb

Entry = tuple[Any, ...]
Render = Callable[[Entry], "Iterable[Breadcrumb]"]

# Where things stand in an entry; the references of its source come after.
TIMESTAMP, NOTABLE, BRANCH, RENDER = range(4)

DEFAULT_SIZE = 100

# A tenth of a trail is for how the operation began, a fifth for the warnings
# and errors that newer entries would push out.
_FIRST_SHARE = 10
_NOTABLE_SHARE = 5


class Ring:
    """
    At most *size* entries: the first few, the last ones, and between them the notable ones.

    ``dropped`` counts what had no room. Appending is safe from any thread; a
    race may cost a count, never an entry's integrity.
    """

    __slots__ = ("_first", "_first_room", "_last", "_last_room", "_notable", "_notable_room", "dropped")

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._first_room = size // _FIRST_SHARE
        self._notable_room = size // _NOTABLE_SHARE
        self._last_room = size - self._first_room - self._notable_room
        self._first: list[Entry] = []
        self._notable: deque[Entry] | None = None
        self._last: deque[Entry] = deque()
        self.dropped = 0

    def append(self, entry: Entry) -> None:
        """Add an entry; the oldest that is neither first nor notable makes room."""
        last = self._last
        last.append(entry)
        if len(last) > self._last_room:
            self._make_room()

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a snapshot, oldest first as far as they were appended so."""
        yield from self._first.copy()
        yield from (self._notable or deque()).copy()
        yield from self._last.copy()

    def __len__(self) -> int:
        return len(self._first) + len(self._notable or ()) + len(self._last)

    def _make_room(self) -> None:
        try:
            oldest = self._last.popleft()
        except IndexError:  # another thread made room
            return
        if len(self._first) < self._first_room:
            self._first.append(oldest)
        elif oldest[NOTABLE] and self._notable_room:
            self._keep_notable(oldest)
        else:
            self.dropped += 1

    def _keep_notable(self, entry: Entry) -> None:
        if self._notable is None:
            self._notable = deque()
        self._notable.append(entry)
        if len(self._notable) > self._notable_room:
            self._notable.popleft()
            self.dropped += 1
