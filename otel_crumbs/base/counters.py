"""The counters of the package itself, for metrics and for `otel-crumbs doctor`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice

from .fork import register_at_fork


class Counters:
    """
    Counts by name and attributes; the process has one, `counters`.

    Reading costs nothing where it is counted: whoever wants the numbers asks.
    """

    def __init__(self) -> None:
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Begin at zero, as a forked child must: the parent reports what the parent counted."""
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def count(self, name: str, number: int = 1, **attributes: str) -> None:
        """Count something."""
        if number:
            with self._lock:
                self._counts[name, tuple(sorted(attributes.items()))] += number

    def count_total(self, name: str) -> int:
        """Return how many there were."""
        return sum(number for _, number in self.read(name))

    def read(self, name: str) -> Iterator[tuple[Mapping[str, str], int]]:
        """Iterate over the counts of a name, each with its attributes."""
        with self._lock:
            counts = dict(self._counts)
        for (counted, attributes), number in counts.items():
            if counted == name:
                yield dict(attributes), number


class FastCounter:
    """
    A counter for hot paths: counting is one call that runs in C as a whole, so that no thread comes between.

    Hot paths keep its `tick` under a name of their own.
    """

    def __init__(self) -> None:
        self._count = count()
        self._before = 0
        self.tick: Callable[[], int] = self._count.__next__
        register_at_fork(self)

    def add(self, number: int) -> None:
        """Count so many times, in one call as well."""
        if number:
            next(islice(self._count, number - 1, None))

    @property
    def value(self) -> int:
        """How often it counted."""
        # "count(7)": there is no other way to look without counting.
        return int(repr(self._count)[len("count(") : -1]) - self._before

    def reset_after_fork(self) -> None:
        """Begin at zero."""
        self._before += self.value


counters = Counters()
recorded = FastCounter()
evicted = FastCounter()
