"""Requests, messages and tasks that fail, however their instrumentation shows it."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Any

import pytest
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, use_span

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from otel_crumbs.trails import MAX_REPORTED, current
from tests.application import Application, fail


class Http404(Exception):  # noqa: N818 - Django's name
    """Stands for Django's."""


Http404.__module__ = "django.http.response"


class HTTPException(Exception):  # noqa: N818 - Starlette's name
    """Stands for Starlette's."""

    def __init__(self, status_code: int) -> None:
        super().__init__(status_code)
        self.status_code = status_code


HTTPException.__module__ = "starlette.exceptions"


def test_a_recorded_exception_is_reported_by_its_text(app: Application, events: CapturedEvents) -> None:
    """Celery records the exception on the span and ends it elsewhere: type, message and traceback are told."""
    span = app.tracer.start_span("run/shop.ship", kind=SpanKind.CONSUMER)
    try:
        fail(ValueError("boom"))
    except ValueError as error:
        span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, "boom"))

    span.end()

    assert [(event.title, event.mechanism, event.handled) for event in events] == [
        ("ValueError: boom", "operation", False)
    ]
    assert "ValueError: boom" in events[0].stacktrace
    assert "in fail" in events[0].stacktrace
    assert events[0].operation == "run/shop.ship"
    assert events[0].span_id == span.get_span_context().span_id


def test_a_recorded_exception_that_was_logged_is_one_event(app: Application, events: CapturedEvents) -> None:
    """The text on the span is recognised as the exception that was captured as an object."""
    span = app.tracer.start_span("run/shop.ship", kind=SpanKind.CONSUMER)
    with use_span(span):
        try:
            fail(ValueError("boom"))
        except ValueError as error:
            otel_crumbs.capture_exception(error)
            span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, "boom"))

    span.end()

    assert [event.mechanism for event in events] == ["capture_exception"]


def test_a_recorded_exception_that_left_an_operation_inside_is_one_event(
    app: Application, events: CapturedEvents
) -> None:
    """A task of Celery with an operation of its own in it: the text on the task's span is known for that exception."""
    span = app.tracer.start_span("run/shop.ship", kind=SpanKind.CONSUMER)
    with use_span(span):
        try:
            with otel_crumbs.operation("pack"), otel_crumbs.operation("wrap"):
                fail(ValueError("boom"))
        except ValueError as error:
            span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, "boom"))

    span.end()

    assert [event.operation for event in events] == ["wrap"]


def test_failures_of_many_operations_inside_are_bounded(app: Application, events: CapturedEvents) -> None:
    """The one around remembers the newest, and reports another one of its own."""
    span = app.tracer.start_span("run/shop.ship", kind=SpanKind.CONSUMER)
    with use_span(span):
        for number in range(2 * MAX_REPORTED):
            with suppress(ValueError), otel_crumbs.operation("pack"):
                fail(ValueError(str(number)))
        around = current.find_branch().operation
        assert around is not None
        assert len(around.reported or ()) <= MAX_REPORTED
        assert f"ValueError: {2 * MAX_REPORTED - 1}" in (around.reported or ())
    span.record_exception(KeyError("boom"))
    span.set_status(Status(StatusCode.ERROR, "boom"))

    span.end()

    assert events[-1].title == "KeyError: 'boom'"


def test_a_grpc_servicer_that_fails_is_reported_once(app: Application, events: CapturedEvents) -> None:
    """The gRPC instrumentation leaves the status unset and records the exception twice."""
    span = app.tracer.start_span("/shop.Orders/Ship", kind=SpanKind.SERVER, attributes={"rpc.system": "grpc"})
    for _ in range(2):
        span.record_exception(ValueError("boom"))

    span.end()

    assert [event.title for event in events] == ["ValueError: boom"]


def grpc_call(app: Application, code: int) -> AbstractContextManager[Span]:
    """Serve a call as the gRPC instrumentation does, which leaves the status to the servicer."""
    attributes = {"rpc.system": "grpc", "rpc.grpc.status_code": code}
    return app.tracer.start_as_current_span(
        "/shop.Hats/Find", kind=SpanKind.SERVER, attributes=attributes, set_status_on_exception=False
    )


@pytest.mark.parametrize(
    ("code", "titles"),
    [
        (0, ["LookupError"]),
        (2, ["LookupError: UNKNOWN: out of felt"]),
        (5, []),
        (13, ["LookupError: INTERNAL: out of felt"]),
        (16, []),
    ],
)
def test_what_the_code_of_a_grpc_call_says(
    code: int, titles: list[str], app: Application, events: CapturedEvents
) -> None:
    """Who is to blame, and what an exception without a message is about; OK is there where nobody set a code."""
    names = {2: "UNKNOWN", 13: "INTERNAL"}
    with suppress(LookupError), grpc_call(app, code) as span:
        if code in names:
            span.set_status(Status(StatusCode.ERROR, f"StatusCode.{names[code]}:out of felt"))
        raise LookupError

    assert [event.title for event in events] == titles
    assert {event.mechanism for event in events} <= {"operation"}


def test_an_exception_with_a_message_keeps_it(app: Application, events: CapturedEvents) -> None:
    """Whatever details the servicer gave."""
    with suppress(LookupError), grpc_call(app, 13) as span:
        span.set_status(Status(StatusCode.ERROR, "StatusCode.INTERNAL:out of felt"))
        raise LookupError("no felt")

    assert [event.title for event in events] == ["LookupError: no felt"]


def test_a_recorded_exception_on_a_request_that_went_well_is_no_event(app: Application, events: CapturedEvents) -> None:
    """With the status unset, what is recorded on the span was handled inside."""
    span = app.tracer.start_span("GET /", kind=SpanKind.SERVER)
    span.record_exception(ValueError("handled"))

    span.end()

    assert len(events) == 0


@pytest.mark.parametrize("key", ["http.status_code", "http.response.status_code"])
@pytest.mark.parametrize(("status", "expected"), [(404, 0), (403, 0), (499, 0), (500, 1), (503, 1)])
def test_an_answer_below_500_is_no_failure(
    key: str, status: int, expected: int, app: Application, events: CapturedEvents
) -> None:
    """A request that raised and was answered with 4xx is no event; with 5xx it is."""
    with suppress(ValueError), app.request("GET /", **{key: status}):
        raise ValueError("boom")

    assert len(events) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [(Http404("nope"), 0), (HTTPException(404), 0), (HTTPException(500), 1), (HTTPException(503), 1)],
    ids=["Http404", "404", "500", "503"],
)
def test_an_exception_that_is_an_answer_is_no_failure(
    error: Exception, expected: int, app: Application, events: CapturedEvents
) -> None:
    """Frameworks raise to answer 404; what they raise to answer 5xx is reported."""
    with suppress(Exception), app.request("GET /"):
        raise error

    assert len(events) == expected


@pytest.mark.parametrize("kind", [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER])
def test_a_failed_span_that_is_no_operation_is_a_breadcrumb(
    kind: SpanKind, app: Application, events: CapturedEvents
) -> None:
    """Only the root spans of requests and messages report; the application may handle the rest."""
    with suppress(ValueError), app.tracer.start_as_current_span("work", kind=kind):
        raise ValueError("boom")

    assert len(events) == 0
    assert any("ValueError" in crumb.message for crumb in otel_crumbs.trail())


def test_exit_and_interrupt_recorded_as_text_are_no_events(app: Application, events: CapturedEvents) -> None:
    """A span that only kept the words `SystemExit` or `CancelledError` reports nothing."""
    for name in ("SystemExit", "KeyboardInterrupt", "asyncio.exceptions.CancelledError"):
        span = app.tracer.start_span("GET /", kind=SpanKind.SERVER)
        span.add_event("exception", {"exception.type": name, "exception.message": ""})
        span.set_status(Status(StatusCode.ERROR))
        span.end()

    assert len(events) == 0


def test_the_trail_of_a_failed_request_has_its_client_spans(app: Application, events: CapturedEvents) -> None:
    """What the request did is told in order, its own span is context only."""
    with suppress(ValueError), app.request("GET /"):
        with app.tracer.start_as_current_span("SELECT", attributes={"db.system": "sqlite", "db.statement": "SELECT 1"}):
            pass
        otel_crumbs.record("note")
        raise ValueError("boom")

    assert [crumb.message for crumb in events[0].breadcrumbs] == ["SELECT ?", "note"]


def test_a_span_event_of_the_request_itself_is_in_the_trail(app: Application, events: CapturedEvents) -> None:
    """Events on the root span are told though the span is not."""
    with suppress(ValueError), app.request("GET /") as span:
        span.add_event("cart loaded", {"items": 3})
        raise ValueError("boom")

    assert [(crumb.category, crumb.data.get("items")) for crumb in events[0].breadcrumbs] == [("cart loaded", 3)]


@pytest.mark.parametrize("wrong", ["", "a" * 100_000, "\ud800"])
def test_strange_records_on_a_span_are_reported(wrong: str, app: Application, events: CapturedEvents) -> None:
    """Whatever text stands for the exception, there is an event within bounds."""
    span = app.tracer.start_span("GET /", kind=SpanKind.SERVER)
    attributes: dict[str, Any] = {
        "exception.type": wrong or "ValueError",
        "exception.message": wrong,
        "exception.stacktrace": wrong,
    }
    span.add_event("exception", attributes)
    span.set_status(Status(StatusCode.ERROR))

    span.end()

    assert len(events) == 1
    assert len(events[0].stacktrace) < 140_000
    events[0].title.encode()


def answer(app: Application, status: int, *, code: StatusCode = StatusCode.ERROR) -> AbstractContextManager[Span]:
    """Serve a request as a web framework's instrumentation does."""
    attributes = {"http.request.method": "GET", "http.route": "/hats/{id}", "http.response.status_code": status}
    span = app.tracer.start_span("GET /hats/{id}", kind=SpanKind.SERVER, attributes=attributes)
    if code is not StatusCode.UNSET:
        span.set_status(Status(code))
    return use_span(span, end_on_exit=True)


def test_an_answer_of_a_failure_is_reported_without_an_exception(app: Application, events: CapturedEvents) -> None:
    """By the request's own words, with its trail; there is no traceback."""
    with answer(app, 503) as span:
        otel_crumbs.record("no felt left")

    [event] = events
    assert event.title == "HTTP 503: Service Unavailable: GET /hats/{id}"
    assert (event.mechanism, event.handled, event.stacktrace) == ("answer", True, "")
    assert event.operation == "GET /hats/{id}"
    assert event.span_id == span.get_span_context().span_id
    assert [crumb.message for crumb in event.breadcrumbs] == ["no felt left"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, StatusCode.UNSET), (404, StatusCode.UNSET), (404, StatusCode.ERROR), (503, StatusCode.OK)],
)
def test_other_answers_are_no_failures(status: int, code: StatusCode, app: Application, events: CapturedEvents) -> None:
    """What the client did wrong, and what the application itself says is right."""
    with answer(app, status, code=code) as span:
        span.add_event("retry")

    assert len(events) == 0


def test_a_status_of_no_standard_has_words_too(app: Application, events: CapturedEvents) -> None:
    """Cloudflare's 520, for instance."""
    with answer(app, 520):
        pass

    assert events[0].title == "HTTP 520: server error: GET /hats/{id}"


def test_an_answer_is_no_second_event_of_its_request(app: Application, events: CapturedEvents) -> None:
    """Whatever was reported of it; the next request's is its own."""
    with answer(app, 500):
        otel_crumbs.capture_exception(LookupError("no felt"))
    with answer(app, 500):
        pass

    assert [event.mechanism for event in events] == ["capture_exception", "answer"]


@pytest.mark.parametrize(("capture", "mechanisms"), [("operation", ["operation"]), ("answer", ["answer"])])
def test_each_mechanism_can_be_alone(capture: str, mechanisms: list[str], app: Application) -> None:
    """Exceptions without answers, and answers without exceptions."""
    with capture_events(capture=capture) as events:
        with answer(app, 503):
            pass
        with suppress(LookupError), answer(app, 500):
            raise LookupError

        assert [event.mechanism for event in events] == mechanisms


def test_a_grpc_call_that_ends_with_a_servers_fault_is_reported(app: Application, events: CapturedEvents) -> None:
    """A servicer may set the code and raise nothing."""
    with grpc_call(app, 13) as span:
        span.set_status(Status(StatusCode.ERROR, "StatusCode.INTERNAL:out of felt"))
    with grpc_call(app, 14) as span:
        span.set_attributes({"rpc.service": "shop.Hats", "rpc.method": "Find"})
        span.set_status(Status(StatusCode.ERROR))
    for code in (0, 5):
        with grpc_call(app, code):
            pass

    assert [(event.title, event.mechanism) for event in events] == [
        ("gRPC INTERNAL: out of felt", "answer"),
        ("gRPC 14: shop.Hats/Find", "answer"),
    ]
