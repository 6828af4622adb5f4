"""The spans of an OTLP export request, as rows for the trails of other services' errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .received_event import ReceivedEvent, read_mapping
from .record import Record

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

_ERROR_STATUS = 2
# OpenTelemetry's severities: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_LEVELS = ((21, "fatal"), (17, "error"), (13, "warning"), (9, "info"))
# The category of a span is what its attributes speak of.
_CATEGORIES = (
    ("db.", "query"),
    ("rpc.", "rpc"),
    ("messaging.", "messaging"),
    ("http.", "http"),
    ("url.", "http"),
)


def read_spans(request: ExportTraceServiceRequest) -> Iterator[Record]:
    """Read every span of one OTLP export request that belongs to a trace."""
    for resource_spans in request.resource_spans:
        resource = read_mapping(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                if span.trace_id:
                    yield _make_record(span, resource)


def make_log_record(event: ReceivedEvent) -> Record:
    """Return an application's own log record as a row."""
    category = event.attributes.get("otel_crumbs.category") or event.scope or event.event_name or "log"
    return Record(
        kind="log",
        trace_id=event.trace_id,
        span_id=event.span_id,
        service=name_service(event.resource),
        timestamp=event.timestamp,
        level=find_level(event.severity_number),
        category=str(category),
        message=str(event.attributes.get("exception.message") or "" if event.body is None else event.body),
        data=event.attributes,
    )


def find_level(severity_number: int) -> str:
    """Return the level of a breadcrumb for a severity number of OpenTelemetry."""
    return next((level for least, level in _LEVELS if severity_number >= least), "debug" if severity_number else "info")


def name_service(resource: Mapping[str, Any]) -> str:
    """Return the name of the service that a resource describes."""
    return str(resource.get("service.name") or "unknown_service")


def _make_record(span: Span, resource: Mapping[str, Any]) -> Record:
    attributes = read_mapping(span.attributes)
    failed = span.status.code == _ERROR_STATUS
    if failed and span.status.message:
        attributes["error"] = span.status.message
    return Record(
        kind="span",
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        service=name_service(resource),
        timestamp=span.start_time_unix_nano,
        duration=max(0, span.end_time_unix_nano - span.start_time_unix_nano),
        level="error" if failed else "info",
        category=_find_category(attributes),
        message=span.name,
        data=attributes,
    )


def _find_category(attributes: Mapping[str, Any]) -> str:
    for prefix, category in _CATEGORIES:
        if any(name.startswith(prefix) for name in attributes):
            return category
    return "span"
