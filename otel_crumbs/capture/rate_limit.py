"""
The rate limit: one failure sends a bounded number of events a minute, and the next event counts the others.

It is applied before the exception is captured: an application in which
everything fails has no time to lose.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING

from otel_crumbs.base.counters import ThreadSafeCounter, counters
from otel_crumbs.base.defaults import DEFAULT_RATE_LIMIT
from otel_crumbs.base.exceptions import name_exception, traceback_of
from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.base.guard import warn
from otel_crumbs.base.late_names import LateFunction

if TYPE_CHECKING:
    from otel_crumbs.event.traceback_reader import find_innermost
else:
    find_innermost = LateFunction("otel_crumbs.event.traceback_reader", "find_innermost")

# Failures with different messages are different, up to a point: some messages have a number that always differs.
_MESSAGES_OF_A_PLACE = 20
_SECONDS = 60.0
# Failures that are told apart; the one that was not seen for longest is forgotten.
_MAX_FAILURES = 2000
# How many of the innermost frames make a place.
_FRAMES = 3

# The class of an exception, and where it was raised.
Place = tuple[str, tuple[Hashable, ...]]


class _Failure:
    """
    The events of one failure: how many are sent in the minute that began last, and how many were held back.

    There is no lock, since a finaliser or a signal handler may report the same
    failure while this thread does: counting is one call, and the number that
    the limit allows is exact. At the end of a minute a race may cost a count.
    """

    __slots__ = ("_held_back", "_minute", "_reported")

    def __init__(self, now: float) -> None:
        self._minute = now, ThreadSafeCounter()
        self._held_back = ThreadSafeCounter()
        # How many of those held back an event has reported. Whoever reports takes the number out, and puts one back.
        self._reported = [0]

    def begin_minute(self, now: float) -> None:
        """Begin the next minute if the last one is over."""
        if now - self._minute[0] >= _SECONDS:
            self._minute = now, ThreadSafeCounter()

    def is_full(self, limit: int) -> bool:
        """Return whether as many were sent as the limit allows."""
        return self._minute[1].value >= limit

    def send(self) -> int:
        """Count an event that is sent, and return how many of this minute were sent before it."""
        return self._minute[1].tick()

    def hold_back(self) -> None:
        """Count an event that is held back."""
        self._held_back.tick()

    def report_held_back(self) -> int:
        """Return how many were held back since somebody asked."""
        try:
            reported = self._reported.pop()
        except IndexError:  # another thread reports them, or the code that this call interrupts
            return 0
        count = self._held_back.value
        self._reported.append(count)
        return count - reported


class RateLimiter:
    """
    Admits a bounded number of events of one failure a minute.

    Args:
        rate_limit: How many; 0 lets everything through.

    """

    def __init__(self, rate_limit: int = DEFAULT_RATE_LIMIT) -> None:
        self._limit = rate_limit
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Forget what was sent, as a forked child must: its parent sent it."""
        self._failures: OrderedDict[Hashable, _Failure] = OrderedDict()

    def admit(self, error: BaseException, message: str) -> int | None:
        """Return how many exceptions like this one and its message were held back before, None if it is as well."""
        if not self._limit:
            return 0
        place = _find_place(error)
        return self._admit(place, (*place, str.__str__(message)))

    def admit_record(self, kind: str, message: str, stacktrace: str) -> int | None:
        """Do the same for an exception of which only texts are left."""
        if not self._limit:
            return 0
        place = (kind, (stacktrace.rpartition("  File ")[2].partition("\n")[0],))
        return self._admit(place, (*place, message))

    def _admit(self, place: Place, key: Hashable) -> int | None:
        now = time.monotonic()
        failure, others = self._find_failure(key, now), self._find_failure(place, now)
        if others.is_full(self._limit * _MESSAGES_OF_A_PLACE) and not failure.is_full(self._limit):
            others.hold_back()
        elif failure.send() >= self._limit:
            failure.hold_back()
        else:
            others.send()
            return failure.report_held_back() + others.report_held_back()
        counters.count("dropped", reason="rate limit")
        warn("rate limit", _WARNING, self._limit, _describe_place(place))
        return None

    def _find_failure(self, key: Hashable, now: float) -> _Failure:
        failure = self._failures.get(key) or self._failures.setdefault(key, _Failure(now))
        # Another thread may have forgotten the failure since.
        with suppress(KeyError):
            self._failures.move_to_end(key)
            if len(self._failures) > _MAX_FAILURES:
                self._failures.popitem(last=False)
        failure.begin_minute(now)
        return failure


_WARNING = (
    "otel_crumbs holds back error events: one failure happens more often than %d times a minute. "
    "Its next event says how many were held back. It is %s (OTEL_CRUMBS_RATE_LIMIT)"
)


def _find_place(error: BaseException) -> Place:
    traceback = traceback_of(error)
    innermost = find_innermost(traceback, _FRAMES)[1] if traceback else ()
    # A text of a class of its own may have a hash of its own.
    kind = str.__str__(name_exception(error))
    return kind, tuple((entry.tb_frame.f_code, entry.tb_lasti) for entry in innermost)


def _describe_place(place: Place) -> str:
    kind, frames = place
    where = frames[-1] if frames else ""
    if isinstance(where, tuple):
        where = f"in {where[0].co_name} of {where[0].co_filename}"
    return f"{kind} {where}".strip()
