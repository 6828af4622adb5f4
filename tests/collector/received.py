"""What the Collector's file exporter wrote, as plain Python."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRecord:
    """A log record as the Collector understood it."""

    resource: Json
    scope: str
    event_name: str
    severity_number: int
    severity_text: str
    body: Any
    attributes: Json
    trace_id: str
    span_id: str
    flags: int
    time: int

    @property
    def is_error_event(self) -> bool:
        """Tell our error events from the application's own log records."""
        return "otel_crumbs.event_id" in self.attributes

    @property
    def trail(self) -> list[Json]:
        """The breadcrumbs, oldest first, in either format."""
        trail = self.attributes["otel_crumbs.breadcrumbs"]
        decoded: list[Json] = json.loads(trail) if isinstance(trail, str) else trail
        return decoded


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span as the Collector understood it; each event is a map of name, time and attributes."""

    resource: Json
    scope: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_span_id: str
    trace_state: str
    flags: int
    start: int
    end: int
    attributes: Json
    events: list[Json]
    status: Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """Everything that one service sent."""

    logs: list[LogRecord] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    @property
    def events(self) -> list[LogRecord]:
        """Our error events."""
        return [record for record in self.logs if record.is_error_event]

    @property
    def application_logs(self) -> list[LogRecord]:
        """What the application exported of its own accord."""
        return [record for record in self.logs if not record.is_error_event]

    def of(self, service: str) -> Received:
        """Return only what this service sent."""
        return Received(
            logs=[log for log in self.logs if log.resource.get("service.name") == service],
            spans=[span for span in self.spans if span.resource.get("service.name") == service],
        )


class JsonLines:
    """A growing file with one document a line, of which each line is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def read_new(self) -> Iterator[Json]:
        """Iterate over the documents that were completed since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._position += len(line)
                yield json.loads(line)


def decode_logs(document: Json) -> Iterator[LogRecord]:
    """Iterate over the log records of one document."""
    for resource, scope, record in _walk(document, "resourceLogs", "scopeLogs", "logRecords"):
        yield LogRecord(
            resource=resource,
            scope=scope,
            event_name=record.get("eventName", ""),
            severity_number=record.get("severityNumber", 0),
            severity_text=record.get("severityText", ""),
            body=decode(record.get("body", {})),
            attributes=decode_map(record.get("attributes", [])),
            trace_id=record.get("traceId", ""),
            span_id=record.get("spanId", ""),
            flags=record.get("flags", 0),
            time=int(record.get("timeUnixNano", 0)),
        )


def decode_spans(document: Json) -> Iterator[Span]:
    """Iterate over the spans of one document."""
    for resource, scope, span in _walk(document, "resourceSpans", "scopeSpans", "spans"):
        yield Span(
            resource=resource,
            scope=scope,
            name=span["name"],
            kind=span.get("kind", 0),
            trace_id=span["traceId"],
            span_id=span["spanId"],
            parent_span_id=span.get("parentSpanId", ""),
            trace_state=span.get("traceState", ""),
            flags=span.get("flags", 0),
            start=int(span["startTimeUnixNano"]),
            end=int(span["endTimeUnixNano"]),
            attributes=decode_map(span.get("attributes", [])),
            events=[_decode_event(event) for event in span.get("events", [])],
            status=span.get("status", {}),
        )


def decode_map(pairs: list[Json]) -> Json:
    """Decode OTLP's list of keys and values; a key that comes twice is an error of the sender."""
    decoded = {pair["key"]: decode(pair["value"]) for pair in pairs}
    if len(decoded) != len(pairs):
        raise ValueError(f"keys come twice in {[pair['key'] for pair in pairs]}")
    return decoded


def decode(value: Mapping[str, Any]) -> Any:
    """Decode one OTLP AnyValue."""
    match list(value.items()):
        case []:
            return None
        case [("arrayValue", items)]:
            return [decode(item) for item in items.get("values", [])]
        case [("kvlistValue", pairs)]:
            return decode_map(pairs.get("values", []))
        case [("intValue", number)]:
            return int(number)
        case [("bytesValue", text)]:
            return base64.b64decode(text)
        case [("stringValue" | "boolValue" | "doubleValue", plain)]:
            return plain
    raise ValueError(f"{value!r} is no AnyValue that these tests know")


def _decode_event(event: Json) -> Json:
    attributes = decode_map(event.get("attributes", []))
    return {"name": event["name"], "time": int(event["timeUnixNano"]), "attributes": attributes}


def _walk(document: Json, resources: str, scopes: str, items: str) -> Iterator[tuple[Json, str, Json]]:
    """Iterate over the innermost items, each with its resource's attributes and its scope's name."""
    for by_resource in document.get(resources, []):
        resource = decode_map(by_resource.get("resource", {}).get("attributes", []))
        for by_scope in by_resource.get(scopes, []):
            scope = by_scope.get("scope", {}).get("name", "")
            for item in by_scope.get(items, []):
                yield resource, scope, item
