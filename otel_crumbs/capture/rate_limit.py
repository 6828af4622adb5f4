"""
The rate limit: one failure sends a bounded number of events a minute, and the next event counts the others.

It is applied before the exception is captured: an application in which
everything fails has no time to lose.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from otel_crumbs.base.counters import counters
from otel_crumbs.base.exceptions import traceback_of
from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.base.guard import warn
from otel_crumbs.event.stack import name_type
from otel_crumbs.event.traceback_reader import find_innermost

# Two hundred requests that fail at once are two hundred events; a thousand a second are too many.
DEFAULT_RATE_LIMIT = 300
# Failures with different messages are different, up to a point: some messages have a number that always differs.
_MESSAGES_OF_A_PLACE = 20
_SECONDS = 60.0
# Failures that are told apart; the one that was not seen for longest is forgotten.
_MAX_FAILURES = 2000
# How many of the innermost frames make a place.
_FRAMES = 3

# The class of an exception, and where it was raised.
Place = tuple[str, tuple[Hashable, ...]]


@dataclass(slots=True)
class _Minute:
    """The events of one failure since a moment: how many were sent, and how many were held back."""

    began: float
    sent: int = 0
    held_back: int = 0


class RateLimiter:
    """
    Admits a bounded number of events of one failure a minute.

    Args:
        rate_limit: How many; 0 lets everything through.

    """

    def __init__(self, rate_limit: int = DEFAULT_RATE_LIMIT) -> None:
        self._limit = rate_limit
        self._lock = threading.Lock()
        self._minutes: OrderedDict[Hashable, _Minute] = OrderedDict()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Begin with a fresh lock, as a forked child must."""
        self._lock = threading.Lock()
        self._minutes = OrderedDict()

    def admit(self, error: BaseException, message: str) -> int | None:
        """Return how many exceptions like this one and its message were held back before, None if it is as well."""
        if not self._limit:
            return 0
        place = _find_place(error)
        return self._admit(place, (*place, message))

    def admit_record(self, kind: str, message: str, stacktrace: str) -> int | None:
        """Do the same for an exception of which only texts are left."""
        if not self._limit:
            return 0
        place = (kind, (stacktrace.rpartition("  File ")[2].partition("\n")[0],))
        return self._admit(place, (*place, message))

    def _admit(self, place: Place, failure: Hashable) -> int | None:
        now = time.monotonic()
        with self._lock:
            minutes = (
                (self._find_minute(failure, now), self._limit),
                (self._find_minute(place, now), self._limit * _MESSAGES_OF_A_PLACE),
            )
            full = [minute for minute, limit in minutes if minute.sent >= limit]
            for minute in full[:1]:
                minute.held_back += 1
            if not full:
                return sum(_count_admitted(minute) for minute, _ in minutes)
        counters.count("dropped", reason="rate limit")
        warn("rate limit", _WARNING, self._limit, _describe_place(place))
        return None

    def _find_minute(self, key: Hashable, now: float) -> _Minute:
        minute = self._minutes.get(key)
        if minute is None:
            minute = self._minutes[key] = _Minute(now)
            if len(self._minutes) > _MAX_FAILURES:
                self._minutes.popitem(last=False)
        elif now - minute.began >= _SECONDS:
            minute.began, minute.sent = now, 0
        self._minutes.move_to_end(key)
        return minute


_WARNING = (
    "otel_crumbs holds back error events: one failure happens more often than %d times a minute. "
    "Its next event says how many were held back. It is %s (OTEL_CRUMBS_RATE_LIMIT)"
)


def _count_admitted(minute: _Minute) -> int:
    held_back, minute.held_back = minute.held_back, 0
    minute.sent += 1
    return held_back


def _find_place(error: BaseException) -> Place:
    traceback = traceback_of(error)
    innermost = find_innermost(traceback, _FRAMES)[1] if traceback else ()
    return name_type(type(error)), tuple((entry.tb_frame.f_code, entry.tb_lasti) for entry in innermost)


def _describe_place(place: Place) -> str:
    kind, frames = place
    where = frames[-1] if frames else ""
    if isinstance(where, tuple):
        where = f"in {where[0].co_name} of {where[0].co_filename}"
    return f"{kind} {where}".strip()
