"""Tests of `otel_crumbs.export.spool.names`: files are delivered in their order, and those of a group together."""

from __future__ import annotations

from otel_crumbs.export.spool.names import WaitingNames


def name_of(number: int, *, fatal: bool = False, count: int = 1) -> str:
    """Return the name of a file."""
    return f"{0 if fatal else 1}-{number:020d}-a{f'-{count}' if count > 1 else ''}.event"


def test_fatal_errors_come_first_then_the_oldest() -> None:
    """Names sort in the order of delivery; one that is known already is not taken twice."""
    names = WaitingNames()
    names.add(name_of(2))
    names.add_all([name_of(3, fatal=True), name_of(1), name_of(2)])

    taken = [names.take(1) for _ in range(4)]

    assert taken == [(name_of(3, fatal=True),), (name_of(1),), (name_of(2),), ()]
    assert not names


def test_files_of_one_event_are_taken_together() -> None:
    """A file of several is a group of its own, and so are errors of another severity."""
    names = WaitingNames()
    names.add_all([name_of(0, fatal=True), name_of(1), name_of(2), name_of(3), name_of(4, count=9), name_of(5)])

    taken = [names.take(2) for _ in range(5)]

    assert taken == [
        (name_of(0, fatal=True),),
        (name_of(1), name_of(2)),
        (name_of(3),),
        (name_of(4, count=9),),
        (name_of(5),),
    ]


def test_a_group_that_was_tried_stays_as_it_was() -> None:
    """It comes again when all others were tried, neither larger nor in parts."""
    names = WaitingNames()
    names.add_all([name_of(1), name_of(2), name_of(3)])
    names.put_back(names.take(2))

    taken = [names.take(8), names.take(8), names.take(8)]

    assert taken == [(name_of(3),), (name_of(1), name_of(2)), ()]


def test_a_group_may_come_again_at_once() -> None:
    """So do the halves of one that the receiver took nothing of."""
    names = WaitingNames()
    names.add_all([name_of(1), name_of(2)])
    names.put_back(names.take(1), at_once=True)

    assert names.take(1) == (name_of(1),)


def test_files_that_others_deliver_are_skipped_and_not_forgotten() -> None:
    """They come when all others were tried."""
    names = WaitingNames()
    names.add_all([name_of(number) for number in range(9)])

    names.skip()
    taken = [names.take(1) for _ in range(9)]

    assert sorted(taken) == [(name_of(number),) for number in range(9)]
    assert names.take(1) == ()
