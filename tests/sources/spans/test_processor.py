"""Which span opens an operation."""

from __future__ import annotations

from contextlib import suppress

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from otel_crumbs.trails import current
from tests.application import Application, running_application


@pytest.mark.parametrize(
    ("scope", "kind", "attributes"),
    [
        ("shop", SpanKind.SERVER, {}),
        ("shop", SpanKind.CONSUMER, {}),
        ("opentelemetry.instrumentation.fastapi", SpanKind.INTERNAL, {"http.method": "GET"}),
        ("opentelemetry.instrumentation.django", SpanKind.INTERNAL, {"http.request.method": "GET"}),
    ],
)
@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "sampled out"])
def test_a_request_opens_an_operation_below_a_span_that_is_none(
    sampler: Sampler, scope: str, kind: SpanKind, attributes: dict[str, str]
) -> None:
    """A whole server may run in the span of a command; its lines are in no request, nor one request's in another."""
    with running_application(sampler) as app, capture_events() as events:
        tracer = app.tracer_provider.get_tracer(scope)
        with app.tracer.start_as_current_span("python -m uvicorn"):
            otel_crumbs.record("server starts")
            for number in (1, 2):
                with suppress(ValueError), tracer.start_as_current_span(f"{number}", kind=kind, attributes=attributes):
                    otel_crumbs.record(f"request {number}")
                    with app.tracer.start_as_current_span("inner", kind=SpanKind.SERVER):
                        otel_crumbs.record(f"inner {number}")
                    raise ValueError(number)
            otel_crumbs.record("server goes on")
            around = [crumb.message for crumb in otel_crumbs.trail() if crumb.category == "manual"]

    notes = [[crumb.message for crumb in event.breadcrumbs if crumb.category == "manual"] for event in events]
    assert [event.operation for event in events] == ["1", "2"]
    assert notes == [[f"request {number}", f"inner {number}"] for number in (1, 2)]
    assert around == ["server starts", "server goes on"]


@pytest.mark.parametrize(
    ("scope", "attributes"),
    [
        ("shop", {"http.method": "GET"}),
        ("opentelemetry.instrumentation.fastapi", {"asgi.event.type": "http.request"}),
        ("opentelemetry.instrumentation.requests", {"http.method": "GET"}),
    ],
)
def test_other_spans_below_one_open_none(
    app: Application, events: CapturedEvents, scope: str, attributes: dict[str, str]
) -> None:
    """Calls to other services and steps of a program are in no operation of their own."""
    tracer = app.tracer_provider.get_tracer(scope)
    with app.tracer.start_as_current_span("program"), tracer.start_as_current_span("step", attributes=attributes):
        assert current.find_branch().operation is None
    assert len(events) == 0
