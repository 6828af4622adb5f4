"""
An error event as one JSON document.

``docs/event.schema.json`` describes it. A field that changes its meaning needs a
new `VERSION_OF_DOCUMENT`, a new field does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from otel_crumbs.base.identity import VERSION
from otel_crumbs.event import ErrorEvent, ExceptionInfo, Frame
from otel_crumbs.event.model import EXCEPTION
from otel_crumbs.trails import format_rfc3339

VERSION_OF_DOCUMENT = 1

_SAMPLED = 1


def encode_json(document: Mapping[str, Any]) -> bytes:
    """Return a document of plain values as JSON on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def encode_event(event: ErrorEvent) -> bytes:
    """Return an error event as a document on one line."""
    return encode_json(document_of(event))


def encode_line(event: ErrorEvent) -> bytes:
    """Return an error event as a document on one line, with the line's end."""
    return encode_event(event) + b"\n"


def document_of(event: ErrorEvent) -> dict[str, Any]:
    """Return an error event as plain values."""
    document: dict[str, Any] = {
        "version": VERSION_OF_DOCUMENT,
        "event_id": event.event_id,
        "timestamp": format_rfc3339(event.timestamp),
        "level": event.level,
        "title": event.title,
        "handled": event.handled,
        "mechanism": event.mechanism,
        "fingerprint": event.fingerprint,
        "exceptions": [make_exception(info) for info in event.exceptions],
        "stacktrace": event.stacktrace,
        "breadcrumbs": [breadcrumb.as_dict() for breadcrumb in event.breadcrumbs],
        "dropped": event.dropped,
        "dropped_by_category": dict(event.dropped_by_category),
        "resource": dict(event.resource),
        "sender": {"name": "otel-crumbs", "version": VERSION},
    }
    optional = {
        "name": event.name if event.name != EXCEPTION else None,
        "operation": event.operation,
        "thread": event.thread,
        "trace": _make_trace(event),
        "source": event.source or None,
        "held_back": event.held_back or None,
        "scrubbed": dict(event.scrubbed) or None,
        "attributes": dict(event.attributes) or None,
    }
    return document | _drop_unknown(optional)


def _make_trace(event: ErrorEvent) -> dict[str, Any] | None:
    if not event.trace_id:
        return None
    return {
        "trace_id": f"{event.trace_id:032x}",
        "span_id": f"{event.span_id:016x}",
        "sampled": bool(event.trace_flags & _SAMPLED),
    }


def make_exception(info: ExceptionInfo) -> dict[str, Any]:
    """Return an exception of a chain as plain values."""
    exception = {
        "type": info.type,
        "message": info.message,
        "frames": [_make_frame(frame) for frame in info.frames],
    }
    return exception | _drop_unknown({"parent": info.parent, "link": info.link, "notes": list(info.notes) or None})


def _make_frame(frame: Frame) -> dict[str, Any]:
    known = {"path": frame.path, "line": frame.line, "function": frame.function}
    return known | _drop_unknown(
        {"module": frame.module, "source": frame.source, "locals": dict(frame.locals) if frame.locals else None}
    )


def _drop_unknown(optional: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in optional.items() if value is not None}
