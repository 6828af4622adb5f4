"""The record of OpenTelemetry's exceptions instrumentation carries the trail, and there is no second event."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, fail, in_thread, raised

instrumentation = pytest.importorskip("opentelemetry.instrumentation.exceptions")


@contextmanager
def instrumented() -> Iterator[None]:
    """Have that instrumentation active."""
    instrumentor = instrumentation.UnhandledExceptionInstrumentor()
    instrumentor.instrument()
    try:
        yield
    finally:
        instrumentor.uninstrument()


@pytest.fixture(params=["before us", "after us"])
def events(
    app: Application,  # noqa: ARG001 - OpenTelemetry comes first
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CapturedEvents]:
    """Install breadcrumbs and that instrumentation, in both orders; yield what we would send ourselves."""
    monkeypatch.setattr(sys, "excepthook", lambda *_: None)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    if request.param == "before us":
        with instrumented(), capture_events() as captured:
            yield captured
    else:
        with capture_events() as captured, instrumented():
            yield captured


def the_only(app: Application) -> Any:
    """Return the only log record of the application."""
    [record] = app.kept.records
    return record


def test_an_uncaught_exception(app: Application, events: CapturedEvents) -> None:
    """The record has the trail, and all that an event of ours has."""
    otel_crumbs.record("about to fail")

    sys.excepthook(*raised(ValueError("boom")))

    attributes = the_only(app).attributes
    assert [crumb["message"] for crumb in attributes["otel_crumbs.breadcrumbs"]] == ["about to fail"]
    assert attributes["otel_crumbs.handled"] is False
    assert attributes["exception.type"] == "ValueError"
    assert len(events) == 0


def test_a_dying_thread(app: Application, events: CapturedEvents) -> None:
    """The record has the thread's trail."""

    def work() -> None:
        otel_crumbs.record("in the thread")
        raise ValueError("boom")

    in_thread(work)

    breadcrumbs = the_only(app).attributes["otel_crumbs.breadcrumbs"]
    assert [crumb["message"] for crumb in breadcrumbs] == ["in the thread"]
    assert len(events) == 0


def test_a_callback_of_asyncio_that_fails(app: Application, events: CapturedEvents) -> None:
    """There is one event, and the record has it."""

    def callback() -> None:
        raise ValueError("boom")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())

    assert the_only(app).attributes["otel_crumbs.mechanism"] == "exceptions"
    assert len(events) == 0


def test_an_exception_that_was_reported_before_is_left_alone(app: Application, events: CapturedEvents) -> None:
    """Who captured it by hand has sent its trail: the record has none, and there is still one event."""
    error = raised(ValueError("boom"))
    otel_crumbs.capture_exception(error[1])

    sys.excepthook(*error)

    assert "otel_crumbs.breadcrumbs" not in the_only(app).attributes
    assert len(events) == 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(1)])
def test_the_ways_to_stop_have_no_record(stop: BaseException, app: Application, events: CapturedEvents) -> None:
    """Neither of us reports Ctrl-C."""
    sys.excepthook(*raised(stop))

    assert app.kept.records == []
    assert len(events) == 0


def test_without_a_logger_provider_the_event_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is sent where that instrumentation's records go nowhere."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with instrumented(), capture_events() as events:
        in_thread(lambda: fail(ValueError("boom")))

        assert [event.title for event in events] == ["ValueError: boom"]
