"""Events of the Logs API and of spans have their own name as category; an exception on both is one breadcrumb."""

from __future__ import annotations

import pytest
from opentelemetry import _logs
from opentelemetry._logs import LogRecord, SeverityNumber

import otel_crumbs
from otel_crumbs import Breadcrumb
from tests.application import Application

EXCEPTION = {"exception.type": "shop.NoHatsError", "exception.message": "none left"}


class NoHatsError(Exception):
    """What goes wrong."""


def emit(event_name: str | None = None, body: str | None = None, **attributes: str) -> None:
    """Emit a log record as an instrumentation does."""
    _logs.get_logger("shop").emit(
        LogRecord(
            event_name=event_name,
            body=body,
            severity_number=SeverityNumber.WARN,
            attributes=attributes,
        )
    )


def exceptions() -> list[Breadcrumb]:
    """Return the breadcrumbs of exceptions."""
    return [each for each in otel_crumbs.trail() if each.type == "error"]


@pytest.mark.usefixtures("events")
def test_an_event_of_the_logs_api(app: Application) -> None:
    """Its name is the category, and begins the message where it has no words of its own."""
    with app.request():
        emit("cart.emptied", reason="expired")
        emit("cart.filled", "a hat came in")
        trail = otel_crumbs.trail()

    assert [(each.type, each.category, each.level, each.message) for each in trail] == [
        ("default", "cart.emptied", "warning", "cart.emptied reason=expired"),
        ("default", "cart.filled", "warning", "a hat came in"),
    ]
    assert trail[0].data == {"reason": "expired"}


@pytest.mark.usefixtures("events")
def test_an_event_of_a_span(app: Application) -> None:
    """It is told at its own time, also while the span is open."""
    with app.request(), app.tracer.start_as_current_span("pack") as span:
        span.add_event("cart.emptied", {"reason": "expired"})
        [event] = [each for each in otel_crumbs.trail() if each.category == "cart.emptied"]

    assert event.message == "cart.emptied reason=expired"
    assert event.data == {"reason": "expired"}
    assert span.events[0].timestamp == event.timestamp


@pytest.mark.usefixtures("events")
def test_an_exception_on_a_span_and_in_an_event_is_one_breadcrumb(app: Application) -> None:
    """Instrumentations write both while they move from one to the other."""
    with app.request():
        with app.tracer.start_as_current_span("pack") as span:
            span.record_exception(NoHatsError("none left"))
            emit("exception", **EXCEPTION)
        reported = exceptions()

    assert [each.message for each in reported] == ["NoHatsError: none left"]


@pytest.mark.usefixtures("events")
def test_an_exception_of_a_call_and_in_an_event_is_one_breadcrumb(app: Application) -> None:
    """The call's own breadcrumb says what it failed with."""
    error = NoHatsError("none left")

    with app.request():
        with app.tracer.start_as_current_span("GET", attributes={"http.request.method": "GET"}) as span:
            span.record_exception(error)
            emit("http.client.request.exception", **EXCEPTION)
        trail = otel_crumbs.trail()

    assert [each.category for each in trail] == ["http"]
    assert trail[0].data["error"] == "NoHatsError: none left"


@pytest.mark.usefixtures("events")
def test_an_exception_in_an_event_alone_is_reported(app: Application) -> None:
    """Type and message make its line."""
    with app.request():
        emit("exception", "whatever", **EXCEPTION)
        [reported] = exceptions()

    assert (reported.category, reported.message) == ("exception", "NoHatsError: none left")


@pytest.mark.usefixtures("events")
def test_an_exception_that_happens_twice_is_reported_twice(app: Application) -> None:
    """One for one: the second time is not taken for the first one's other half."""
    with app.request():
        for _ in range(2):
            with app.tracer.start_as_current_span("pack") as span:
                span.record_exception(NoHatsError("none left"))
                emit("exception", **EXCEPTION)
        emit("exception", **EXCEPTION)
        reported = exceptions()

    assert sum(each.repeated for each in reported) == 3


@pytest.mark.usefixtures("events")
def test_a_log_record_with_words_of_its_own_stays(app: Application) -> None:
    """What somebody wrote about an exception is more than the exception."""
    with app.request():
        with app.tracer.start_as_current_span("pack") as span:
            span.record_exception(NoHatsError("none left"))
            emit(None, "packing was given up", **EXCEPTION)
        trail = otel_crumbs.trail()

    assert "packing was given up" in [each.message for each in trail]
