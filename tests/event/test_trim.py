"""An event that weighs too much loses the breadcrumbs that matter least, never itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.event.trim import trim_event, weigh, weigh_at_most

LEVELS = ("debug", "info", "warning", "error", "fatal")


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


def crumb(number: int, *, level: str = "info", size: int = 100) -> Breadcrumb:
    """Return a breadcrumb of a size."""
    return Breadcrumb(timestamp=number, level=level, category="test", message=f"{number} {'x' * size}")


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


def test_a_breadcrumb_that_is_too_large_does_not_take_the_others_along() -> None:
    """The small ones around it stay."""
    breadcrumbs = [crumb(1), crumb(2, size=7000), crumb(3)]

    assert numbers(trim_event(event_of(*breadcrumbs), 6 * 1024)) == [1, 3]


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

    assert sum(len(json.dumps(item.as_dict()).encode()) for item in fitted.breadcrumbs) <= limit
    assert numbers(fitted) == sorted(numbers(fitted))
    assert len(fitted.breadcrumbs) + fitted.dropped == len(sizes)


@given(st.integers(4096, 50_000))
def test_the_newest_that_fits_is_always_there(limit: int) -> None:
    """What happened right before the error is the last to go."""
    event = trim_event(event_of(*map(crumb, range(500))), limit)

    assert numbers(event)[-1:] == [499]


@pytest.mark.parametrize("message", ["plain", "ünïcödé" * 100, '"quoted"\n' * 50])
def test_the_weight_is_that_of_the_wire(message: str) -> None:
    """What a breadcrumb weighs is what it takes as JSON, give or take."""
    breadcrumb = Breadcrumb(timestamp=0, message=message)

    assert weigh(breadcrumb) == pytest.approx(len(json.dumps(breadcrumb.as_dict()).encode()), rel=0.3)


PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()


@given(
    breadcrumb=st.builds(
        Breadcrumb,
        timestamp=st.integers(0, 2**63 - 1),
        category=st.text(),
        message=st.text(),
        data=st.dictionaries(st.text(), PLAIN | st.lists(PLAIN)),
        span_id=st.none() | st.just("0123456789abcdef"),
        duration_ms=st.none() | st.floats(0, 1e12),
        branch=st.none() | st.text(),
        repeated=st.integers(1, 10**9),
        in_flight=st.booleans(),
    )
)
def test_the_quick_weight_is_never_too_small(breadcrumb: Breadcrumb) -> None:
    """Whatever is in a breadcrumb: what seems to fit does fit."""
    assert weigh_at_most(breadcrumb) >= weigh(breadcrumb)
