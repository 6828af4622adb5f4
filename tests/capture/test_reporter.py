"""One exception object is one event, whichever mechanisms notice it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from time import time_ns
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.capture.reporter import Reporter
from otel_crumbs.event import CapturedError, ExceptionInfo
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, fail, in_thread, raised

logger = logging.getLogger("shop")


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the hook that was there from printing."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)


def notes(events: CapturedEvents) -> list[list[str]]:
    """Return the notes by hand of each event."""
    return [[crumb.message for crumb in event.breadcrumbs if crumb.category == "manual"] for event in events]


def test_every_mechanism_at_once(app: Application, events: CapturedEvents) -> None:
    """An exception logged, captured, raised through spans and a request, and uncaught, is one event."""
    error = ValueError("boom")
    ids: list[str | None] = []

    def serve() -> None:
        with app.request("GET /"), app.tracer.start_as_current_span("outer"), app.tracer.start_as_current_span("inner"):
            otel_crumbs.record("inside")
            try:
                fail(error)
            except ValueError:
                ids.append(otel_crumbs.capture_exception())
                logger.exception("failed")
                raise

    def serve_and_die() -> None:
        try:
            serve()
        except ValueError as caught:
            logger.exception("failed again")
            ids.append(otel_crumbs.capture_exception(caught))
            raise

    in_thread(serve_and_die)

    assert [event.mechanism for event in events] == ["capture_exception"]
    assert ids == [events[0].event_id] * 2
    assert notes(events) == [["inside"]]


def test_one_exception_through_nested_spans_is_reported_once(app: Application, events: CapturedEvents) -> None:
    """It is one event, and neither it nor its record on the spans is a breadcrumb in its own trail."""
    span = app.tracer.start_as_current_span
    with suppress(ValueError), app.request("GET /"), span("outer"), span("inner"):
        raise ValueError("boom")

    assert len(events) == 1
    assert [crumb.message for crumb in events[0].breadcrumbs if crumb.category == "exception"] == []


def test_two_exceptions_of_one_request_are_two_events(app: Application, events: CapturedEvents) -> None:
    """What differs is reported, also if it says the same."""
    with app.request("GET /"):
        for _ in range(2):
            otel_crumbs.capture_exception(ValueError("boom"))

    assert len(events) == 2


def test_what_is_raised_from_a_reported_exception_is_an_event_of_its_own(
    app: Application, events: CapturedEvents
) -> None:
    """Another object is another failure; its chain names the first."""
    with suppress(RuntimeError), app.request("GET /"):
        try:
            fail(ValueError("low level"))
        except ValueError as error:
            otel_crumbs.capture_exception(error)
            raise RuntimeError("high level") from error

    assert [event.title for event in events] == ["ValueError: low level", "RuntimeError: high level"]
    assert [info.type for info in events[1].exceptions] == ["RuntimeError", "ValueError"]


def test_an_exception_handled_inside_a_request_is_a_breadcrumb(app: Application, events: CapturedEvents) -> None:
    """A span that failed within a request that answered is told in later errors, and is no event."""
    with app.request("GET /"):
        with suppress(ValueError), app.tracer.start_as_current_span("attempt"):
            raise ValueError("first try")
        otel_crumbs.capture_exception(KeyError("later"))

    assert [event.exception.type for event in events] == ["KeyError"]
    assert "ValueError: first try" in [crumb.message for crumb in events[0].breadcrumbs]


def test_a_span_opened_while_an_exception_is_handled_did_not_fail_with_it(
    app: Application, events: CapturedEvents
) -> None:
    """A request served inside an `except` block that goes well reports nothing."""
    try:
        fail(ValueError("being handled"))
    except ValueError:
        with app.request("GET /retry"):
            otel_crumbs.record("all is well")

    assert len(events) == 0


def test_a_request_that_fails_while_another_exception_is_handled_reports_its_own(
    app: Application, events: CapturedEvents
) -> None:
    """The exception of the request is reported, and not the one around it."""
    try:
        fail(ValueError("being handled"))
    except ValueError:
        with suppress(KeyError), app.request("GET /retry"):
            raise KeyError("its own") from None

    assert [event.title for event in events] == ["KeyError: 'its own'"]


def test_an_exception_awaited_in_many_places_is_one_event(app: Application, events: CapturedEvents) -> None:
    """A failed task that two others await passes through all of them as one."""

    async def work() -> None:
        raise ValueError("boom")

    async def waiter(task: asyncio.Future[Any]) -> None:
        with app.tracer.start_as_current_span("waits"):
            await task

    async def main() -> None:
        with suppress(ValueError), app.request("GET /"):
            task = asyncio.ensure_future(work())
            await asyncio.gather(waiter(task), waiter(task), return_exceptions=True)
            await task

    asyncio.run(main())

    assert len(events) == 1


def test_an_exception_carried_from_a_thread_is_one_event(app: Application, events: CapturedEvents) -> None:
    """An exception of a worker that the request raises again is one event."""
    carried: list[BaseException] = []

    def work() -> None:
        with suppress(ValueError), app.tracer.start_as_current_span("work"):
            error = ValueError("boom")
            carried.append(error)
            raise error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with suppress(ValueError), app.request("GET /"):
        raise carried[0]

    assert len(events) == 1


def test_a_dead_thread_in_a_request_reports_once(app: Application, events: CapturedEvents) -> None:
    """Logged by the thread itself and then uncaught, it is one event."""

    def work() -> None:
        with app.tracer.start_as_current_span("work"):
            try:
                fail(ValueError("boom"))
            except ValueError:
                logger.exception("failed")
                raise

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [event.mechanism for event in events] == ["logging"]


def test_uninstalling_forgets_what_was_reported() -> None:
    """Nothing is left of an installation, and the next one knows nothing of its events."""
    error = raised(ValueError("boom"))[1]
    with capture_events() as first:
        otel_crumbs.capture_exception(error)
        assert len(first) == 1
    with capture_events() as second:
        otel_crumbs.capture_exception(error)

        assert len(second) == 1


def test_many_threads_that_report_one_exception_make_one_event(events: CapturedEvents) -> None:
    """The first of them wins."""
    error = raised(ValueError("boom"))[1]
    barrier = threading.Barrier(8)

    def report() -> None:
        barrier.wait()
        otel_crumbs.capture_exception(error)

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(events) == 1


def test_an_event_has_the_moment_of_its_error() -> None:
    """The first error has parts imported that it needs, which takes its time."""
    captured: list[CapturedError] = []
    prepared: list[int] = []

    def prepare(_: object) -> bool:
        prepared.append(time_ns())
        return True

    reporter = Reporter(captured.append, prepare=prepare)

    reporter.report(ValueError("boom"), mechanism="test", handled=True)
    reporter.report_logged(ExceptionInfo(type="KeyError", message="hats"), "", place=None)

    assert all(each.timestamp <= moment for each, moment in zip(captured, prepared, strict=True))
    assert len(captured) == 2


def test_a_report_that_is_made_later_has_the_moment_of_its_error() -> None:
    """It waited for the parts that are being made below it."""
    captured: list[CapturedError] = []
    postponed: list[Callable[[], object]] = []
    reporter = Reporter(captured.append, prepare=lambda report: postponed.append(report) or len(postponed) > 1)

    reporter.report(ValueError("boom"), mechanism="test", handled=True)
    moment = time_ns()
    postponed[0]()

    assert [each.timestamp <= moment for each in captured] == [True]
