"""Which request it was stands in the event, under the names of today, whatever the instrumentation writes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, Tracer

import otel_crumbs
from otel_crumbs import ErrorEvent
from otel_crumbs.event.attributes import MAX_ATTRIBUTES, find_request_attributes
from otel_crumbs.export.http.document import document_of
from otel_crumbs.export.otlp.attributes import attributes_of
from otel_crumbs.export.sentry.payload import payload_of
from otel_crumbs.testing import capture_events
from tests.application import Application

OLD = {
    "http.method": "GET",
    "http.target": "/orders/42/?coupon=7&token=t0ps3cret",
    "http.route": "orders/<int:number>/",
    "http.scheme": "http",
    "net.host.name": "shop.example",
    "http.host": "shop.example:8000",
    "net.host.port": 8000,
    "net.peer.ip": "203.0.113.9",
    "http.status_code": 500,
}
NEW = {
    "http.request.method": "GET",
    "url.path": "/orders/42/",
    "url.query": "coupon=7&token=t0ps3cret",
    "http.route": "orders/<int:number>/",
    "url.scheme": "http",
    "server.address": "shop.example",
    "server.port": 8000,
    "client.address": "203.0.113.9",
    "http.response.status_code": 500,
}


@pytest.mark.parametrize(
    "attributes", [OLD, NEW, {**OLD, **NEW}, {**NEW, **OLD}], ids=["old", "new", "both", "both too"]
)
def test_old_and_new_names_are_the_same(attributes: dict[str, Any]) -> None:
    """Instrumentations write one of them, or both."""
    assert find_request_attributes(attributes, with_client=True) == NEW


def test_the_address_of_the_client_is_a_setting() -> None:
    """It is a person's."""
    assert find_request_attributes(NEW, with_client=False) == {
        name: value for name, value in NEW.items() if name != "client.address"
    }


def test_a_name_of_today_says_more() -> None:
    """Old names may have what a proxy made of it."""
    assert find_request_attributes({"http.method": "_OTHER", "http.request.method": "GET"}, with_client=False) == {
        "http.request.method": "GET"
    }


def test_they_are_bounded_and_plain() -> None:
    """An application may put anything on its span."""
    many = {f"app.{number}": "x" * 5000 for number in range(200)}

    found = find_request_attributes({**many, "exception.type": "X", "otel_crumbs.count": 3}, with_client=True)

    assert len(found) == MAX_ATTRIBUTES
    assert max(map(len, found.values())) == 1000
    assert find_request_attributes({"app.items": (1, 2)}, with_client=True) == {"app.items": [1, 2]}


def fail_in_request(tracer: Tracer, *, inside: bool) -> None:
    """Fail in a request, which reports it itself or not."""
    with (
        suppress(LookupError),
        tracer.start_as_current_span("GET orders/<int:number>/", kind=SpanKind.SERVER, attributes=OLD) as span,
    ):
        span.set_attribute("app.tenant", "acme")
        if inside:
            otel_crumbs.capture_exception(LookupError("no such order"))
        else:
            raise LookupError("no such order")


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "at its end"])
@pytest.mark.parametrize("sampled", [True, False], ids=["sampled", "sampled out"])
def test_an_event_says_which_request_it_was(app: Application, *, sampled: bool, inside: bool) -> None:
    """Where the trace was sampled out nobody can look it up."""
    if not sampled:
        app.tracer_provider.sampler = ALWAYS_OFF
    with capture_events() as events:
        fail_in_request(app.tracer_provider.get_tracer("shop"), inside=inside)

    [event] = events
    assert event.attributes["url.path"] == "/orders/42/"
    assert event.attributes["app.tenant"] == "acme"
    assert "t0ps3cret" not in str(event)
    assert "203.0.113.9" not in str(event)


def test_other_work_has_none_of_it(app: Application) -> None:
    """Neither what comes later nor what is no request."""
    with capture_events() as events:
        fail_in_request(app.tracer_provider.get_tracer("shop"), inside=True)
        otel_crumbs.capture_exception(ValueError("later"))
        with otel_crumbs.operation("job"):
            otel_crumbs.capture_exception(ValueError("in a job"))

    assert [bool(event.attributes) for event in events] == [True, False, False]


def make_event(attributes: dict[str, Any]) -> ErrorEvent:
    """Return an event of a request."""
    return ErrorEvent(
        event_id="0" * 32,
        timestamp=0,
        handled=False,
        mechanism="test",
        exceptions=(otel_crumbs.event.ExceptionInfo(type="ValueError", message="boom"),),
        stacktrace="",
        attributes=attributes,
    )


def test_each_receiver_gets_them_in_its_form() -> None:
    """Flat in a log record, where those of the event win; a request for Sentry."""
    event = make_event({**NEW, "exception.type": "its own"})

    record = attributes_of(event)
    assert (record["url.path"], record["exception.type"]) == ("/orders/42/", "ValueError")
    assert document_of(event)["attributes"]["http.request.method"] == "GET"
    assert payload_of(event)["request"] == {
        "method": "GET",
        "url": "http://shop.example:8000/orders/42/",
        "query_string": "coupon=7&token=t0ps3cret",
    }
    assert "request" not in payload_of(make_event({"messaging.system": "celery"}))
