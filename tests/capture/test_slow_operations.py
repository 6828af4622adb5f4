"""Tests of operations that take longer than they may."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterator

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application

PATIENCE = 60


@pytest.fixture
def events() -> Iterator[CapturedEvents]:
    """Install breadcrumbs under which an operation may take a fifth of a second."""
    with capture_events(slow_after=0.2) as events:
        yield events


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def hang(events: CapturedEvents, count: int = 1) -> None:
    """Go on until there are so many events."""
    until(lambda: len(events) >= count)


def test_an_event_comes_while_the_operation_still_hangs(events: CapturedEvents) -> None:
    """It has the trail, and the place where the thread is."""
    with otel_crumbs.operation("import"):
        otel_crumbs.record("file opened")
        hang(events)

    [event] = events
    assert (event.title, event.operation, event.mechanism) == (
        "SlowOperation: import has not ended after 0.2 s",
        "import",
        "hang",
    )
    assert [crumb.message for crumb in event.breadcrumbs] == ["file opened"]
    assert "hang" in [frame.function for frame in event.exception.frames]
    assert not event.fatal


def test_an_operation_hangs_once(events: CapturedEvents) -> None:
    """However long it goes on."""
    with otel_crumbs.operation("first"):
        hang(events)
        with otel_crumbs.operation("second"):
            hang(events, 2)

    assert [event.operation for event in events] == ["first", "second"]


def test_the_span_of_a_request_is_watched_too(app: Application, events: CapturedEvents) -> None:
    """Its event has the span in flight, by which the trace is found."""
    with app.request("GET /slow"), app.tracer.start_as_current_span("SELECT") as span:
        hang(events)

    [event] = events
    assert event.span_id == span.get_span_context().span_id
    assert [crumb.in_flight for crumb in event.breadcrumbs] == [True]


def test_a_block_says_itself_how_long_it_may_take(events: CapturedEvents) -> None:
    """What it says counts, whatever the setting is; 0 is for ever."""
    with otel_crumbs.operation("patient", slow_after=0), otel_crumbs.operation("hasty", slow_after=0.1):
        hang(events)
        with otel_crumbs.operation("usual"):
            hang(events, 2)

    assert [event.title for event in events] == [
        "SlowOperation: hasty has not ended after 0.1 s",
        "SlowOperation: usual has not ended after 0.2 s",
    ]


def test_a_decorator_watches_every_call(events: CapturedEvents) -> None:
    """Each call is an operation of its own."""

    @otel_crumbs.operation(slow_after=0.1)
    def work(count: int) -> None:
        hang(events, count)

    work(1)
    work(2)

    assert len(events) == 2


def test_a_task_that_awaits_has_its_own_stack(events: CapturedEvents) -> None:
    """The thread of the loop is somewhere else."""

    async def wait() -> None:
        await asyncio.to_thread(hang, events)

    async def work() -> None:
        async with otel_crumbs.operation("task"):
            await wait()

    async def main() -> None:
        await asyncio.gather(work(), asyncio.sleep(0))

    asyncio.run(main())

    [event] = events
    assert [frame.function for frame in event.exception.frames][:3] == ["work", "wait", "to_thread"]


def test_code_in_c_that_keeps_the_lock_is_in_the_event(events: CapturedEvents) -> None:
    """No Python thread runs meanwhile, and a thread in C saw where it was."""
    with otel_crumbs.operation("first"):  # what makes events is imported
        hang(events)
    repeated = 24
    started = time.monotonic()
    with otel_crumbs.operation("stuck", slow_after=0.05):
        while time.monotonic() - started < 2:
            repeated += 1
            started = time.monotonic()
            re.match(r"(a+)+$", "a" * repeated + "b")
        hang(events, 2)

    stuck = next(event for event in events if event.operation == "stuck")
    assert "test_code_in_c" in stuck.stacktrace


def test_a_child_that_is_forked_meanwhile_is_free(events: CapturedEvents) -> None:
    """It waits for no thread of its parent's, and watches its own operations."""
    with otel_crumbs.operation("parent"):
        hang(events)
        with otel_crumbs.operation("second", slow_after=30):
            time.sleep(0.1)
            if not os.fork():
                with otel_crumbs.operation("child", slow_after=0.05):
                    time.sleep(0.2)
                os._exit(0)
            assert os.wait()[1] == 0


def test_nothing_is_watched_by_default() -> None:
    """No thread is started for it either."""
    with capture_events() as events, otel_crumbs.operation("long"):
        time.sleep(0.05)

    assert list(events) == []


def test_an_operation_that_ends_in_time_is_none(events: CapturedEvents) -> None:
    """Nor one that ends after another one has hung."""
    with otel_crumbs.operation("slow"):
        with otel_crumbs.operation("quick"):
            pass
        hang(events)

    assert [event.operation for event in events] == ["slow"]
