"""An error event as the request of an OTLP exporter, in protobuf."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otel_crumbs.base.identity import SCOPE, VERSION
from otel_crumbs.event import ErrorEvent

from .attributes import attributes_of


def encode_request(event: ErrorEvent, *, as_json: bool = False) -> bytes:
    """Return the bytes of the request that exports one event."""
    return request_of(event, as_json=as_json).SerializeToString()


def weigh_request(event: ErrorEvent, *, as_json: bool = False) -> int:
    """Return how many bytes the request that exports one event takes."""
    return request_of(event, as_json=as_json).ByteSize()


def request_of(event: ErrorEvent, *, as_json: bool = False) -> ExportLogsServiceRequest:
    """Return the request that exports one event; *as_json* makes the breadcrumbs one string."""
    scope = InstrumentationScope(name=SCOPE, version=VERSION)
    record = _make_record(event, as_json=as_json)
    resource = Resource(attributes=_make_key_values(event.resource))
    logs = ResourceLogs(resource=resource, scope_logs=[ScopeLogs(scope=scope, log_records=[record])])
    return ExportLogsServiceRequest(resource_logs=[logs])


def _make_record(event: ErrorEvent, *, as_json: bool) -> LogRecord:
    return LogRecord(
        time_unix_nano=event.timestamp,
        observed_time_unix_nano=time.time_ns(),
        severity_number=SeverityNumber.SEVERITY_NUMBER_FATAL if event.fatal else SeverityNumber.SEVERITY_NUMBER_ERROR,
        severity_text="FATAL" if event.fatal else "ERROR",
        body=AnyValue(string_value=event.title),
        attributes=_make_key_values(attributes_of(event, as_json=as_json)),
        flags=event.trace_flags,
        trace_id=event.trace_id.to_bytes(16, "big") if event.trace_id else b"",
        span_id=event.span_id.to_bytes(8, "big") if event.span_id else b"",
        event_name=event.name,
    )


def _make_key_values(mapping: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=str(key), value=_make_value(value)) for key, value in mapping.items()]


def _make_value(value: Any) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=_make_key_values(value)))
    if isinstance(value, list | tuple):
        return AnyValue(array_value=ArrayValue(values=[_make_value(item) for item in value]))
    return AnyValue(string_value=str(value))
