"""The names of the files that an exporter is about to deliver, in the order of delivery."""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Iterable

from .spool_file import count_events

# A name takes a hundred bytes of memory. What has no room here is found by the next look.
_MOST_NAMES = 4096
# Where other processes deliver the same files, this one goes on so far ahead of them at the most.
_LONGEST_SKIP = 64

Group = tuple[str, ...]


class WaitingNames:
    """
    The names of files, in groups that are sent together; one thread takes them, and others may add some.

    A group that was tried waits behind all that were not, so that one that no receiver takes does not hold up the rest.
    """

    def __init__(self) -> None:
        self._waiting: list[Group] = []
        self._tried: list[Group] = []

    def __bool__(self) -> bool:
        return bool(self._waiting or self._tried)

    def add(self, name: str) -> None:
        """Add the name of a file that was written now."""
        insort(self._waiting, (name,))

    def add_all(self, names: Iterable[str]) -> None:
        """Add the names of files that were found."""
        known = {name for group in self._waiting for name in group}
        # Another thread may have added one in the meantime.
        for name in [name for name in names if name not in known][: max(0, _MOST_NAMES - len(known))]:
            self.add(name)

    def clear(self) -> None:
        """Forget the names, to look for them again."""
        self._waiting.clear()
        self._tried.clear()

    def put_back(self, group: Group, *, at_once: bool = False) -> None:
        """Add the names of files that were tried together; *at_once* they are not behind those that were not tried."""
        if at_once:
            insort(self._waiting, group)
        else:
            self._tried.append(group)

    def take(self, at_most: int) -> Group:
        """Return the names of files to send together, so many of one event each at the most; none if there is none."""
        if not self._waiting:
            while self._tried:
                insort(self._waiting, self._tried.pop())
        group = self._take_first()
        # A group of several was tried, and is tried again as it was.
        is_open = len(group) == 1
        while is_open and len(group) < at_most and (other := self._take_first()):
            if not _is_together(group, other):
                insort(self._waiting, other)
                break
            group += other
        return group

    def skip(self) -> None:
        """Go on with later files, because another process is delivering the first ones."""
        for _ in range(random.randrange(min(len(self._waiting), _LONGEST_SKIP) + 1)):  # noqa: S311 - no secret
            if group := self._take_first():
                self._tried.append(group)

    def _take_first(self) -> Group:
        try:
            return self._waiting.pop(0)
        except IndexError:  # there are none, or another thread was first
            return ()


def _is_together(group: Group, other: Group) -> bool:
    """Return whether an event, which no attempt was made for in another group, may be sent with some others."""
    return len(other) == 1 and all(count_events(name) == 1 and name[0] == other[0][0] for name in (group[0], *other))
