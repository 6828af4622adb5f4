"""What we count about ourselves, for metrics and for `otel-crumbs doctor`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice

from .fork import anew_in_children


class Tally:
    """
    Counts by name and attributes; the process has one, `tally`.

    Reading costs nothing where it is counted: whoever wants the numbers asks.
    """

    def __init__(self) -> None:
        self.start_anew()
        anew_in_children(self)

    def start_anew(self) -> None:
        """Begin at nothing, as a forked child must: what its parent counted, its parent tells."""
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def count(self, name: str, number: int = 1, **attributes: str) -> None:
        """Count something."""
        if number:
            with self._lock:
                self._counts[name, tuple(sorted(attributes.items()))] += number

    def total(self, name: str) -> int:
        """Return how many there were."""
        return sum(number for _, number in self.read(name))

    def read(self, name: str) -> Iterator[tuple[Mapping[str, str], int]]:
        """Iterate over the counts of a name, each with its attributes."""
        with self._lock:
            counts = dict(self._counts)
        for (counted, attributes), number in counts.items():
            if counted == name:
                yield dict(attributes), number


class Ticker:
    """
    A count for hot paths: one call that is all in C, so that no thread comes between.

    Its `tick` may be kept under a name of its own.
    """

    def __init__(self) -> None:
        self._count = count()
        self._before = 0
        self.tick: Callable[[], int] = self._count.__next__
        anew_in_children(self)

    def tick_often(self, number: int) -> None:
        """Tick so many times, in one call as well."""
        if number:
            next(islice(self._count, number - 1, None))

    @property
    def value(self) -> int:
        """How often it ticked."""
        # "count(7)": there is no other way to look without counting.
        return int(repr(self._count)[len("count(") : -1]) - self._before

    def start_anew(self) -> None:
        """Begin at nothing."""
        self._before += self.value


tally = Tally()
recorded = Ticker()
evicted = Ticker()
