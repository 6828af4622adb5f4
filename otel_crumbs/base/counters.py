"""The counters of the package itself, for metrics and for `otel-crumbs doctor`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice, repeat
from operator import length_hint

from .fork import register_at_fork


class ThreadSafeCounter:
    """A counter without a lock: counting is one call that runs in C as a whole, so that no thread comes between."""

    __slots__ = ("_count", "tick")

    def __init__(self) -> None:
        self._count = count()
        # It counts once, and returns how often it had counted before.
        self.tick: Callable[[], int] = self._count.__next__

    def add(self, number: int) -> None:
        """Count so many times, in one call as well."""
        if number:
            next(islice(self._count, number - 1, None))

    @property
    def value(self) -> int:
        """How often it counted."""
        # "count(7)": there is no other way to look without counting.
        return int(repr(self._count)[len("count(") : -1])


class FastCounter:
    """
    A counter for hot paths, which count by `next(counter.ticks)`; it begins at zero in a forked child.

    Counting is one call in C here, too. It takes one away from how often an
    object will be repeated, and so makes no number.
    """

    __slots__ = ("__weakref__", "_before", "ticks")

    def __init__(self) -> None:
        self.ticks = repeat(None, sys.maxsize)
        self._before = 0
        register_at_fork(self)

    def add(self, number: int) -> None:
        """Count so many times, in one call as well."""
        if number:
            next(islice(self.ticks, number - 1, None))

    @property
    def value(self) -> int:
        """How often it counted in this process."""
        return sys.maxsize - length_hint(self.ticks) - self._before

    def reset_after_fork(self) -> None:
        """Begin at zero."""
        self._before += self.value


class Counters:
    """
    Counts by name and attributes; the process has one, `counters`.

    Reading costs nothing where it is counted: whoever wants the numbers asks.
    There is no lock: a finaliser or a signal handler may count while this
    thread counts.
    """

    def __init__(self) -> None:
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Begin at zero, as a forked child must: the parent reports what the parent counted."""
        self._counts: dict[tuple[str, tuple[tuple[str, str], ...]], ThreadSafeCounter] = {}

    def count(self, name: str, number: int = 1, **attributes: str) -> None:
        """Count something."""
        if number:
            self._counts.setdefault((name, tuple(sorted(attributes.items()))), ThreadSafeCounter()).add(number)

    def count_total(self, name: str) -> int:
        """Return how many there were."""
        return sum(number for _, number in self.read(name))

    def read(self, name: str) -> Iterator[tuple[Mapping[str, str], int]]:
        """Iterate over the counts of a name, each with its attributes."""
        for (counted, attributes), counter in self._counts.copy().items():
            if counted == name:
                yield dict(attributes), counter.value


counters = Counters()
recorded = FastCounter()
evicted = FastCounter()
