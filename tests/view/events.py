"""Error events as senders make them, and a store that has some."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.view.addresses import PROTOBUF
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store

# 2026-05-28T20:26:40Z
ZERO = 1_780_000_000_000_000_000
SECOND = 1_000_000_000
TRACE = 0x0AF7651916CD43DD8448EB211C80319C

STACKTRACE = """\
Traceback (most recent call last):
  File "/x/lib/python3.11/site-packages/django/core/handlers/base.py", line 197, in _get_response
    response = wrapped_callback(request, *callback_args, **callback_kwargs)
  File "/srv/shop/checkout.py", line 29, in pay
    order.receipt = charge["receipt"]
                    ~~~~~~^^^^^^^^^^^
TypeError: 'NoneType' object is not subscriptable
"""
SOURCE = """\
shop/checkout.py, line 29, in pay
    28      charge = payments.charge(order)
>   29      order.receipt = charge["receipt"]
    30      order.save()"""

TRAIL = (
    Breadcrumb(timestamp=ZERO - 3 * SECOND, message="cart has 3 items", category="shop.cart"),
    Breadcrumb(
        timestamp=ZERO - SECOND,
        message="POST https://pay.example/charge -> 503 in 120 ms",
        type="http",
        category="http",
        level="warning",
        data={"status_code": 503, "url": "https://pay.example/charge"},
        duration_ms=120.0,
        span_id="b7ad6b7169203331",
    ),
    Breadcrumb(timestamp=ZERO - SECOND // 2, message="SELECT ?", type="query", category="query", repeated=34),
)

# What sets another failure apart.
OTHER: dict[str, Any] = {
    "fingerprint": "0" * 32,
    "operation": "GET /",
    "resource": {"service.name": "front"},
    "fatal": True,
}


def error_event(event_id: str = "e" * 32, *, seconds: float = 0, **fields: Any) -> ErrorEvent:
    """Return an error event, which was so many seconds after the others."""
    info = ExceptionInfo(type="TypeError", message="'NoneType' object is not subscriptable")
    common: dict[str, Any] = {
        "event_id": event_id,
        "timestamp": ZERO + int(seconds * SECOND),
        "handled": False,
        "mechanism": "operation",
        "exceptions": (info,),
        "stacktrace": STACKTRACE,
        "source": SOURCE,
        "operation": "POST orders/<int:pk>/pay/",
        "breadcrumbs": TRAIL,
        "trace_id": TRACE,
        "span_id": 0xB7AD6B7169203331,
        "resource": {"service.name": "coffee-corner"},
        "attributes": {"http.request.method": "POST", "url.path": "/orders/7/pay/"},
        "fingerprint": "f" * 32,
    }
    return ErrorEvent(**common | fields)


def body_of(event: ErrorEvent, *, as_json: bool = False) -> bytes:
    """Return an event as the exporter sends it."""
    return request_of(event, as_json=as_json).SerializeToString()


def put(store: Store, *events: ErrorEvent) -> None:
    """Send events to a store."""
    for event in events:
        receive(store, "/v1/logs", body_of(event), content_type=PROTOBUF)


def spans_of(service: str, *names: str, trace_id: int = TRACE) -> bytes:
    """Return spans of another service as an exporter sends them, each half a second before the error."""
    spans = [
        Span(
            name=name,
            trace_id=trace_id.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            start_time_unix_nano=ZERO - SECOND // 2,
            end_time_unix_nano=ZERO - SECOND // 4,
            attributes=[KeyValue(key="http.request.method", value=AnyValue(string_value="GET"))],
        )
        for number, name in enumerate(names, 1)
    ]
    resource = Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value=service))])
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    ).SerializeToString()
