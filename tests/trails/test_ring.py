"""A ring keeps what matters, in bounds."""

from __future__ import annotations

import threading
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs.trails import Entry, EntryKind
from otel_crumbs.trails.ring import MAX_CATEGORIES, Ring

NUMBER = EntryKind(render=lambda _: (), name_category=lambda _: "other")


def entry(number: int, *, notable: bool = False) -> Entry:
    """Return an entry as a source leaves it."""
    return (number, notable, None, NUMBER, "number", number)


def filled(size: int, notables: list[bool]) -> Ring:
    """Return a ring to which one entry after the other was appended."""
    ring = Ring(size)
    for number, notable in enumerate(notables):
        ring.append(entry(number, notable=notable))
    return ring


def test_what_fits_is_kept_in_order() -> None:
    """As many entries as the ring has room for come out as they went in."""
    ring = filled(10, [False] * 10)

    assert [kept[0] for kept in ring] == list(range(10))
    assert ring.dropped == {}


def test_the_beginning_and_the_end_stay() -> None:
    """Of too many entries the first tenth and the last ones are kept."""
    ring = filled(20, [False] * 100)

    assert [kept[0] for kept in ring] == [0, 1, *range(82, 100)]


def test_a_notable_entry_outlives_newer_ones() -> None:
    """A warning in the middle is not pushed out by what is not notable."""
    ring = filled(20, [number == 50 for number in range(1000)])

    assert 50 in [kept[0] for kept in ring]


def test_notable_entries_do_not_push_out_the_end() -> None:
    """However many warnings there are, the last entries have the most of the room."""
    ring = filled(20, [True] * 500 + [False] * 14)

    assert [kept[0] for kept in ring][-14:] == list(range(500, 514))


def test_categories_without_end_are_counted_together() -> None:
    """Names of loggers are categories, and may be as many as there are connections."""
    ring = Ring(10)

    for number in range(2 * MAX_CATEGORIES):
        ring.append((number, False, None, NUMBER, str(number)))

    assert len(ring.dropped) == MAX_CATEGORIES + 1
    assert sum(ring.dropped.values()) == 2 * MAX_CATEGORIES - 10


def test_what_had_no_room_is_counted() -> None:
    """Kept and dropped make up all there was."""
    ring = filled(20, [False] * 95)

    assert sum(ring.dropped.values()) == 75


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_tiny_ring_keeps_the_newest(size: int) -> None:
    """A trail of few breadcrumbs tells of the end."""
    ring = filled(size, [True, False] * 10)

    assert [kept[0] for kept in ring][-1] == 19
    assert len([*ring]) == size


@given(size=st.integers(1, 60), notables=st.lists(st.booleans(), max_size=400))
def test_nothing_is_lost_uncounted_or_doubled(size: int, notables: list[bool]) -> None:
    """Whatever comes, the ring is in bounds, in order, free of doubles, and its counts add up."""
    ring = filled(size, notables)

    kept = [item[0] for item in ring]
    assert len(kept) <= size
    assert sorted(set(kept)) == kept
    assert len(kept) + sum(ring.dropped.values()) == len(notables)
    assert len(kept) == min(size, len(notables))


@given(size=st.integers(5, 60), count=st.integers(1, 400))
def test_the_last_entry_is_always_there(size: int, count: int) -> None:
    """What happened right before the error is never what is dropped."""
    ring = filled(size, [False] * count)

    assert [item[0] for item in ring][-1] == count - 1


def test_memory_does_not_grow() -> None:
    """A hundred thousand entries weigh what a hundred do."""
    ring = filled(100, [False] * 1000)
    tracemalloc.start()

    for number in range(100_000):
        ring.append(entry(number, notable=number % 7 == 0))
    weight, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert weight < 100 * 1024


def test_threads_may_append_at_once() -> None:
    """Many writers cost at most a count, never an exception, an entry's integrity or the bound."""
    ring = Ring(50)
    barrier = threading.Barrier(8)
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        barrier.wait()
        try:
            for number in range(2000):
                ring.append(entry(writer * 10_000 + number, notable=number % 3 == 0))
                if number % 100 == 0:
                    list(ring)
        except BaseException as error:  # noqa: BLE001 - a thread's exception must reach the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert all(item[3] is NUMBER and item[0] == item[5] for item in ring)
    assert len([*ring]) <= 50 + 8
