"""An event that weighs too much loses the breadcrumbs that matter least, never itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.event.trim import encode_within, trim_event, weigh_event

from .breadcrumbs import LEVELS, crumb


def event_of(*breadcrumbs: Breadcrumb, stacktrace: str = "") -> ErrorEvent:
    """Return an event with these breadcrumbs."""
    return ErrorEvent(
        event_id="0" * 32,
        timestamp=0,
        handled=False,
        mechanism="test",
        exceptions=(ExceptionInfo(type="ValueError", message="boom"),),
        stacktrace=stacktrace,
        breadcrumbs=breadcrumbs,
    )


def numbers(event: ErrorEvent) -> list[int]:
    """Return which breadcrumbs are left."""
    return [breadcrumb.timestamp for breadcrumb in event.breadcrumbs]


def test_what_fits_is_not_touched() -> None:
    """The very same event comes back."""
    event = event_of(*map(crumb, range(10)))

    assert trim_event(event, 100_000) is event


def test_the_oldest_go_first() -> None:
    """What is left are the newest, in order, and what went is counted by category."""
    event = trim_event(event_of(*map(crumb, range(100))), 8 * 1024)

    kept = numbers(event)
    assert kept == list(range(100 - len(kept), 100))
    assert 0 < len(kept) < 100
    assert event.dropped == 100 - len(kept)
    assert event.dropped_by_category == {"test": 100 - len(kept)}


def test_a_warning_stays_where_newer_ones_go() -> None:
    """Up to a third of the room is for what is notable."""
    event = trim_event(
        event_of(*(crumb(number, level="error" if number == 3 else "info") for number in range(100))), 8 * 1024
    )

    assert 3 in numbers(event)
    assert numbers(event) == sorted(numbers(event))


def test_a_traceback_that_is_too_large_is_cut_in_the_middle() -> None:
    """Its beginning and its end tell."""
    stacktrace = "begins" + "x" * 100_000 + "ends"

    event = trim_event(event_of(crumb(1), stacktrace=stacktrace), 20 * 1024)

    assert event.stacktrace.startswith("begins")
    assert event.stacktrace.endswith("ends")
    assert len(event.stacktrace) < 20 * 1024
    assert event.exception.message == "boom"


@given(
    sizes=st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(LEVELS)), max_size=60),
    limit=st.integers(4096, 200_000),
)
def test_it_is_never_over_the_limit(sizes: list[tuple[int, str]], limit: int) -> None:
    """The rest of any trail fits, is in order, and the count adds up."""
    event = event_of(*(crumb(number, level=level, size=size) for number, (size, level) in enumerate(sizes)))

    fitted = trim_event(event, limit)

    assert weigh_event(fitted) <= limit
    assert numbers(fitted) == sorted(numbers(fitted))
    assert len(fitted.breadcrumbs) + fitted.dropped == len(sizes)


@given(st.integers(4096, 50_000))
def test_the_newest_that_fits_is_always_there(limit: int) -> None:
    """What happened right before the error is the last to go."""
    event = trim_event(event_of(*map(crumb, range(500))), limit)

    assert numbers(event)[-1:] == [499]


@pytest.mark.parametrize("letter", ["x", "日", "\x01", '"', "😀"])
def test_the_room_is_used(letter: str) -> None:
    """A trail that is too large fills nearly all of it, whatever letters it is of."""
    event = event_of(*(crumb(number, size=number * 10, letter=letter) for number in range(200)))

    encoded = encode_within(event, encode, 60_000)

    assert 0.85 * 60_000 <= len(encoded) <= 60_000


def test_an_encoder_that_takes_more_gets_less() -> None:
    """What counts is what is sent, and not what an event takes as JSON."""
    event = event_of(*map(crumb, range(300)))

    encoded = encode_within(event, lambda smaller: encode(smaller) * 7, 60_000)

    assert 0.85 * 60_000 <= len(encoded) <= 60_000


def encode(event: ErrorEvent) -> bytes:
    """Return the breadcrumbs of an event as JSON."""
    return json.dumps([item.as_dict() for item in event.breadcrumbs], ensure_ascii=False).encode()
