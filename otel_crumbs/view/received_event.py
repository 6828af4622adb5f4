"""An error event as a collector gets it: an OTLP log record, read back into plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """One error event, with names as on the wire."""

    timestamp: int
    event_name: str
    severity_number: int
    severity_text: str
    body: Any
    trace_id: str
    span_id: str
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    scope: str = ""

    @property
    def event_id(self) -> str:
        """Return the event id, or nothing for a log record of the application."""
        return str(self.attributes.get("otel_crumbs.event_id", ""))

    @property
    def breadcrumbs(self) -> list[dict[str, Any]]:
        """Return the trail, oldest first, whether it came as maps or as one JSON string."""
        trail = self.attributes.get("otel_crumbs.breadcrumbs") or []
        return json.loads(trail) if isinstance(trail, str) else list(trail)

    def as_json(self) -> str:
        """Return the event as one line of JSON."""
        names = ("event_name", "severity_number", "severity_text", "body", "trace_id", "span_id")
        document = {"timestamp": self.timestamp} | {name: getattr(self, name) for name in names}
        document |= {"attributes": dict(self.attributes), "resource": dict(self.resource)}
        return json.dumps(document)


def read_request(body: bytes) -> Iterator[ReceivedEvent]:
    """Read every log record of one OTLP export request."""
    # The store has events of this form, too, and need not have protobuf.
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (  # noqa: PLC0415 - only where some are read
        ExportLogsServiceRequest,
    )

    return read_logs(ExportLogsServiceRequest.FromString(body))


def read_logs(request: ExportLogsServiceRequest) -> Iterator[ReceivedEvent]:
    """Read every log record of a request that is parsed already."""
    for resource_logs in request.resource_logs:
        resource = read_mapping(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield read_record(record, resource, scope_logs.scope.name)


def read_record(record: LogRecord, resource: Mapping[str, Any], scope: str = "") -> ReceivedEvent:
    """Read one log record."""
    return ReceivedEvent(
        timestamp=record.time_unix_nano or record.observed_time_unix_nano,
        event_name=record.event_name,
        severity_number=int(record.severity_number),
        severity_text=record.severity_text,
        body=read_value(record.body),
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        attributes=read_mapping(record.attributes),
        resource=resource,
        scope=scope,
    )


def read_mapping(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Read OTLP's list of pairs."""
    return {pair.key: read_value(pair.value) for pair in pairs}


def read_value(wrapped: AnyValue) -> Any:
    """Read one OTLP value, at any depth."""
    kind = wrapped.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [read_value(item) for item in wrapped.array_value.values]
    if kind == "kvlist_value":
        return read_mapping(wrapped.kvlist_value.values)
    if kind == "bytes_value":
        return wrapped.bytes_value.decode("utf-8", "backslashreplace")
    return getattr(wrapped, kind)
