"""Work that errors share is done once, and kept no longer than somebody needs it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence

from otel_crumbs.base.memo import MAX_KEPT, hold_memo, map_shared


class Thing:
    """Something that work is done on."""

    def __init__(self, number: int = 0) -> None:
        self.number = number


class Worker:
    """Doubles numbers, and counts how often."""

    def __init__(self) -> None:
        self.done = 0

    def double(self, things: Sequence[Thing]) -> list[list[int]]:
        """Return for each of some things something that can be told from an equal one."""
        self.done += len(things)
        return [[2 * thing.number] for thing in things]


def test_the_same_work_on_the_same_thing_is_done_once() -> None:
    """Another thing that is equal, or other work on it, is something else."""
    shared, worker, other, thing = hold_memo(), Worker(), Worker(), Thing(3)

    first = map_shared(worker.double, [thing, Thing(3)])
    second = map_shared(worker.double, (thing,))
    others = map_shared(other.double, (thing,))

    assert hold_memo() is shared
    assert (first, second, others) == ([[6], [6]], [[6]], [[6]])
    assert second[0] is first[0]
    assert second[0] is not first[1]
    assert (worker.done, other.done) == (2, 1)


def test_nothing_is_kept_when_nobody_shares() -> None:
    """The work is done all the same."""
    shared, worker, thing = hold_memo(), Worker(), Thing(3)
    map_shared(worker.double, [thing])
    gone = weakref.ref(thing)

    del shared, thing
    gc.collect()

    assert gone() is None
    assert map_shared(worker.double, [Thing(4)]) == [[8]]


def test_what_is_kept_is_bounded() -> None:
    """Beyond that the work is done again."""
    shared, worker = hold_memo(), Worker()
    things = [Thing(number) for number in range(2 * MAX_KEPT + 1)]

    results = map_shared(worker.double, things)

    assert results == [[2 * number] for number in range(len(things))]
    assert map_shared(worker.double, things[:1]) == [[0]]
    assert worker.done == len(things) + 1
    assert sum(map(len, shared._made.values())) <= MAX_KEPT
