"""
A look for the recordings of processes that have died, a slice at a time.

A process that starts must not wait for what others have left in thousands; nor may the
interpreter be busy with that while the application wants to begin.
"""

from __future__ import annotations

import math
import time
from collections import deque
from random import Random

from otel_crumbs.base.guard import warn

from .recovery import Recovery

# Deaths that one process reports of those before it; the rest waits for the next one.
MAX_REPORTED = 100
# Recordings in the folder, 252 MB: the oldest go first.
MAX_KEPT = 1000
# The oldest that go before the newest are reported, so that short programs keep the folder within its bound as well.
_MAX_DROPPED_FIRST = 5
# Recordings that are opened however long it takes, until one of them is a death to report: the first are of processes
# that live.
_MIN_OPENED = 20


class Look:
    """
    One look at the recordings that are there when it begins: the newest first, and then in any order.

    Short programs of which each sees but a few would never come to their own among many of other services.

    Args:
        recovery: Makes events of them.
        most: How many deaths to report, None for all.
        keep: How many recordings may stay in the folder, None for all.

    """

    def __init__(self, recovery: Recovery, *, most: int | None = MAX_REPORTED, keep: int | None = MAX_KEPT) -> None:
        self._recovery = recovery
        self._most = math.inf if most is None else most
        self._keep = keep
        self._names: deque[str] | None = None
        # Those beyond the bound, the oldest first.
        self._old: deque[str] = deque()
        self.found = 0

    def should_wait(self) -> bool:
        """
        Return whether the first death should wait, for a start before this one has just reported another.

        The folder is brought nearer to its bound all the same.
        """
        if not self._recovery.has_fresh_backlog():
            return False
        self._list()
        self._drop(_MAX_DROPPED_FIRST)
        return True

    def continue_for(self, seconds: float = math.inf) -> bool:
        """Report for so many seconds, but one death at least; return whether there is more to do."""
        deadline = time.monotonic() + seconds
        names = self._list()
        self._drop(_MAX_DROPPED_FIRST)
        before, opened = self.found, 0
        while names and self.found < self._most:
            if time.monotonic() >= deadline and (self.found > before or opened >= _MIN_OPENED):
                break
            self.found += self._recovery.report(names.popleft()) or 0
            opened += 1
        while self._old and time.monotonic() < deadline:
            self._drop(1)
        is_left = len(names) > _MIN_OPENED
        if self.found > before or not is_left:
            self._recovery.note_backlog(is_left=is_left)
        return bool(self._old or (names and self.found < self._most))

    def _list(self) -> deque[str]:
        if self._names is None:
            names = self._recovery.list_names()
            keep = len(names) if self._keep is None else self._keep
            others = names[_MIN_OPENED:keep]
            # Not by the generator that the application may have seeded.
            Random().shuffle(others)  # noqa: S311 - no secret
            self._names, self._old = deque([*names[:_MIN_OPENED], *others]), deque(reversed(names[keep:]))
        return self._names

    def _drop(self, most: int) -> None:
        for _ in range(min(most, len(self._old))):
            if self._recovery.drop(self._old.popleft()):
                warn("recordings", "otel_crumbs keeps the %d newest recordings of dead processes.", MAX_KEPT)
