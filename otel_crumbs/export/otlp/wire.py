"""Error events as the request of an OTLP exporter, in protobuf."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Sequence
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from otel_crumbs.base.identity import SCOPE, VERSION
from otel_crumbs.base.memo import map_shared
from otel_crumbs.event import ErrorEvent
from otel_crumbs.trails import Breadcrumb

from .attributes import attributes_of
from .protobuf import Encoded, encode_array, encode_field, encode_pairs, encode_text, encode_value, encode_varint

# The tags of ExportLogsServiceRequest, ResourceLogs and ScopeLogs, and of the parts that they have in common.
_RESOURCE_LOGS, _RESOURCE, _SCOPE_LOGS, _SCOPE, _RECORD = b"\x0a", b"\x0a", b"\x12", b"\x0a", b"\x12"
_ATTRIBUTE, _NAME, _VERSION = b"\x0a", b"\x0a", b"\x12"
# Those of LogRecord:
# https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
_TIME, _SEVERITY, _SEVERITY_TEXT, _BODY, _RECORD_ATTRIBUTE = b"\x09", b"\x10", b"\x1a", b"\x2a", b"\x32"
_FLAGS, _TRACE_ID, _SPAN_ID, _OBSERVED, _EVENT_NAME = b"\x45", b"\x4a", b"\x52", b"\x59", b"\x62"

_fixed64 = struct.Struct("<Q").pack
_fixed32 = struct.Struct("<I").pack


def encode_request(event: ErrorEvent, *, as_json: bool = False) -> bytes:
    """
    Return the request that exports one event; the bytes of several requests, one after the other, are one request.

    Args:
        event: The event.
        as_json: Whether its breadcrumbs are one string.

    """
    scope = encode_field(_SCOPE, encode_field(_NAME, encode_text(SCOPE)) + encode_field(_VERSION, encode_text(VERSION)))
    record = encode_field(_RECORD, _encode_record(event, as_json=as_json))
    resource = encode_field(_RESOURCE, encode_pairs(_ATTRIBUTE, event.resource))
    return encode_field(_RESOURCE_LOGS, resource + encode_field(_SCOPE_LOGS, scope + record))


def format_request(request: bytes) -> str:
    """
    Return the request of one event as JSON, for people.

    OTLP's own mapping has trace ids in hexadecimal digits and not in base64:
    https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
    """
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - no process that only sends has it

    parsed = ExportLogsServiceRequest.FromString(request)
    document = MessageToDict(parsed)
    record = parsed.resource_logs[0].scope_logs[0].log_records[0]
    shown = document["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    shown.update({"traceId": record.trace_id.hex(), "spanId": record.span_id.hex()})
    return json.dumps(document, ensure_ascii=False, indent=2)


def request_of(event: ErrorEvent, *, as_json: bool = False) -> ExportLogsServiceRequest:
    """Return the request that exports one event as a receiver reads it."""
    return ExportLogsServiceRequest.FromString(encode_request(event, as_json=as_json))


def weigh_request(event: ErrorEvent, *, as_json: bool = False) -> int:
    """Return how many bytes the request that exports one event takes."""
    return len(encode_request(event, as_json=as_json))


def _encode_record(event: ErrorEvent, *, as_json: bool) -> bytes:
    severity = SeverityNumber.SEVERITY_NUMBER_FATAL if event.fatal else SeverityNumber.SEVERITY_NUMBER_ERROR
    fields = [
        _TIME + _fixed64(event.timestamp),
        _SEVERITY + encode_varint(severity),
        encode_field(_SEVERITY_TEXT, b"FATAL" if event.fatal else b"ERROR"),
        encode_field(_BODY, encode_value(event.title)),
        encode_pairs(_RECORD_ATTRIBUTE, _find_attributes(event, as_json=as_json)),
        _OBSERVED + _fixed64(time.time_ns()),
        encode_field(_EVENT_NAME, encode_text(event.name)),
    ]
    if event.trace_flags:
        fields.append(_FLAGS + _fixed32(event.trace_flags))
    if event.trace_id:
        fields.append(encode_field(_TRACE_ID, event.trace_id.to_bytes(16, "big")))
    if event.span_id:
        fields.append(encode_field(_SPAN_ID, event.span_id.to_bytes(8, "big")))
    return b"".join(fields)


def _find_attributes(event: ErrorEvent, *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return attributes_of(event, as_json=True)
    # Errors that follow each other have most of their breadcrumbs in common.
    breadcrumbs = Encoded(encode_array(map_shared(_encode_breadcrumbs, event.breadcrumbs)))
    return attributes_of(event, breadcrumbs=breadcrumbs)


def _encode_breadcrumbs(breadcrumbs: Sequence[Breadcrumb]) -> list[bytes]:
    return [encode_value(breadcrumb.as_dict()) for breadcrumb in breadcrumbs]
