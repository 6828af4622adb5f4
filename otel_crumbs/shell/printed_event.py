"""An error event as the timeline takes it, made of the viewer's document, with characters that a terminal shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_crumbs.base.printable import to_printable
from otel_crumbs.view.error_document import read_time
from otel_crumbs.view.printable_lines import to_printable_lines
from otel_crumbs.view.received_event import ReceivedEvent

_FATAL, _ERROR = 21, 17


def make_event(document: Mapping[str, Any]) -> ReceivedEvent:
    """Return the event of a document of our schema."""
    trace = document.get("trace") or {}
    fatal = document["level"] == "fatal"
    first = document["exceptions"][0]
    attributes = {
        "exception.type": first["type"],
        "exception.message": first["message"],
        "otel_crumbs.event_id": document["event_id"],
        "otel_crumbs.operation": document.get("operation", ""),
        "otel_crumbs.mechanism": document["mechanism"],
        "otel_crumbs.handled": document["handled"],
        "otel_crumbs.dropped": document["dropped"],
        "otel_crumbs.breadcrumbs": document["breadcrumbs"],
    }
    return ReceivedEvent(
        timestamp=read_time(document["timestamp"]) or 0,
        event_name="exception",
        severity_number=_FATAL if fatal else _ERROR,
        severity_text="FATAL" if fatal else "ERROR",
        body=to_printable(document["title"]),
        trace_id=trace.get("trace_id", ""),
        span_id=trace.get("span_id", ""),
        attributes=clean(attributes) | {"exception.stacktrace": to_printable_lines(document["stacktrace"])},
        resource=clean(document["resource"]),
    )


def clean(value: Any) -> Any:
    """Return plain values whose texts a terminal shows as they are."""
    if isinstance(value, str):
        return to_printable(value)
    if isinstance(value, Mapping):
        return {to_printable(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value
