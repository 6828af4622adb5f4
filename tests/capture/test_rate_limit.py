"""The same failure over and over is a bounded number of events, and the next one says what it stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.capture import rate_limit
from otel_crumbs.testing import CapturedEvents, capture_events

LIMIT = 3


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock of the rate limit."""
    stopped = Clock()
    monkeypatch.setattr(rate_limit, "time", stopped)
    return stopped


@pytest.fixture
def limited(clock: Clock) -> Iterator[CapturedEvents]:  # noqa: ARG001 - it stands still from the start
    """Capture with a low limit."""
    with capture_events(rate_limit=LIMIT) as events:
        yield events


def throw(error: Exception) -> None:
    """Raise it."""
    raise error


def fail(message: str = "boom", kind: type[Exception] = ValueError) -> str | None:
    """Fail always at the same place, and report it."""
    try:
        throw(kind(message))
    except kind as error:
        return otel_crumbs.capture_exception(error)


def test_a_burst_is_a_few_events(limited: CapturedEvents, clock: Clock) -> None:
    """The first of a minute are sent; the first of the next one says how many were not."""
    ids = [fail() for _ in range(1000)]
    clock.now += 61
    fail()
    fail()

    assert [event.held_back for event in limited] == [0, 0, 0, 997, 0]
    assert ids[LIMIT:] == [None] * 997


def test_other_failures_are_not_held_back(limited: CapturedEvents) -> None:
    """Another class, another message and another place are another failure."""
    for _ in range(LIMIT):
        fail()

    fail("another message")
    fail(kind=LookupError)
    otel_crumbs.capture_exception(ValueError("boom"))

    assert len(limited) == LIMIT + 3


def test_messages_that_are_always_different_are_bounded_too(limited: CapturedEvents) -> None:
    """A number in the message does not make the failures different."""
    for number in range(1000):
        fail(f"row {number} is locked")

    assert len(limited) == LIMIT * 20


def test_an_exception_that_was_held_back_is_settled(limited: CapturedEvents) -> None:
    """The other mechanisms that notice it neither report nor count it again."""
    for _ in range(LIMIT):
        fail()
    error = ValueError("boom")
    for _ in range(LIMIT):
        otel_crumbs.capture_exception(ValueError("boom"))

    answers = [otel_crumbs.capture_exception(error) for _ in range(5)]

    assert answers == [None] * 5
    assert len(limited) == 2 * LIMIT


def test_without_a_limit_everything_is_sent() -> None:
    """Zero means as many as there are."""
    with capture_events(rate_limit=0) as events:
        for _ in range(200):
            fail()

        assert len(events) == 200


def test_somebody_says_so(limited: CapturedEvents, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ARG001 - installed
    """Once, with the failure's class and place, and without its message: that may hold anything."""
    for _ in range(100):
        fail("secret")

    said = [record.getMessage() for record in caplog.records if "holds back" in record.getMessage()]
    assert len(said) == 1
    assert "ValueError in throw of" in said[0]
    assert "secret" not in said[0]


def test_what_is_remembered_is_bounded(limited: CapturedEvents) -> None:
    """A limited number of failures is remembered, however many there are."""
    installation: Any = otel_crumbs.install()

    for number in range(3000):
        otel_crumbs.capture_exception(ValueError(str(number)))

    assert len(installation.reporter._rate_limiter._failures) <= rate_limit._MAX_FAILURES
    assert len(limited) == LIMIT * 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_begins_again(limited: CapturedEvents) -> None:  # noqa: ARG001 - installed
    """What its parent sent is no concern of the child's."""
    for _ in range(LIMIT + 1):
        fail()

    child = os.fork()
    if child == 0:
        os._exit(0 if fail() else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
