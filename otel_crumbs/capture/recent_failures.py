"""
Failures that were reported a moment ago, by which an exception and the text of its stack trace are known for the same.

A worker that logs the stack trace of a job as text may do so long after the
exception was caught, or before somebody else reports the exception itself.
"""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

# So many, for so many seconds: who logs a text does so at once.
_MAX_FAILURES = 64
_SECONDS = 60.0

# The file and the line that an exception was raised in.
Place = tuple[str, int]


class _Failure(NamedTuple):
    title: str
    place: Place | None
    moment: float
    event_id: str


class RecentFailures:
    """The failures of the last minute, by their titles and places."""

    def __init__(self) -> None:
        self._failures: deque[_Failure] = deque(maxlen=_MAX_FAILURES)

    def __bool__(self) -> bool:
        return bool(self._failures)

    def add(self, title: str, place: Place | None, event_id: str) -> None:
        """Remember a failure."""
        self._failures.append(_Failure(_shorten(title), place, time.monotonic(), event_id))

    def find(self, title: str, place: Place | None) -> str | None:
        """Return the event of a failure, None where it is not known; one without a place may have been anywhere."""
        failure = self._find(title, place)
        return None if failure is None else failure.event_id

    def take(self, title: str, place: Place | None) -> str | None:
        """Return the event of a failure, and forget it: the next one is another."""
        failure = self._find(title, place)
        if failure is None:
            return None
        try:
            self._failures.remove(failure)
        except ValueError:  # another thread took it
            return None
        return failure.event_id

    def _find(self, title: str, place: Place | None) -> _Failure | None:
        title, since = _shorten(title), time.monotonic() - _SECONDS
        for failure in tuple(self._failures):
            is_there = place is None or failure.place is None or place == failure.place
            if failure.title == title and is_there and failure.moment >= since:
                return failure
        return None


def _shorten(title: str) -> str:
    # Of a text the first line is certain.
    return title.partition("\n")[0].rstrip()
