"""
An error event that was received as a log record, as the JSON document of our schema.

Anybody can send to the viewer: whatever stands in a record, the document has
the types that ``docs/event.schema.json`` says.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from otel_crumbs.event import ExceptionInfo
from otel_crumbs.event.stack_text import parse_stack
from otel_crumbs.export.http.document import VERSION_OF_DOCUMENT, make_exception
from otel_crumbs.trails import LEVELS, format_rfc3339

from .breadcrumb_line import parse_timestamp
from .received_event import ReceivedEvent

_FATAL = 21
_ID = re.compile(r"[0-9a-f]{32}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_MAX_TIME = 2**63 - 1
# Attributes that are fields of the document.
_FIELDS = frozenset(
    {
        *("exception.type", "exception.message", "exception.stacktrace", "error.type", "thread.name"),
        *(
            f"otel_crumbs.{name}"
            for name in (
                *("breadcrumbs", "count", "dropped", "dropped_by_category", "event_id", "fingerprint", "handled"),
                *("held_back", "last.category", "last.message", "mechanism", "operation", "scrubbed", "source"),
                "trail",
            )
        ),
    }
)


def make_document(event: ReceivedEvent) -> dict[str, Any]:
    """Return the document of a received error event."""
    attributes = event.attributes
    info = _make_info(event)
    stacktrace = to_words(attributes.get("exception.stacktrace"))
    plain = {
        "event_id": event.event_id,
        "timestamp": format_rfc3339(event.timestamp),
        "level": "fatal" if event.severity_number >= _FATAL else "error",
        "title": _make_title(to_words(event.body), info),
        "handled": attributes.get("otel_crumbs.handled"),
        "mechanism": attributes.get("otel_crumbs.mechanism"),
        "fingerprint": attributes.get("otel_crumbs.fingerprint"),
        "exceptions": [make_exception(each) for each in parse_stack(info, stacktrace)],
        "stacktrace": stacktrace,
        "breadcrumbs": _read_trail(attributes.get("otel_crumbs.breadcrumbs")),
        "dropped": attributes.get("otel_crumbs.dropped"),
        "dropped_by_category": attributes.get("otel_crumbs.dropped_by_category"),
        "held_back": attributes.get("otel_crumbs.held_back"),
        "scrubbed": attributes.get("otel_crumbs.scrubbed"),
        "operation": attributes.get("otel_crumbs.operation"),
        "source": attributes.get("otel_crumbs.source"),
        "thread": attributes.get("thread.name"),
        "trace": {"trace_id": event.trace_id, "span_id": event.span_id, "sampled": True},
        "resource": event.resource,
        "attributes": {name: value for name, value in attributes.items() if name not in _FIELDS},
        "sender": {"name": "otel-crumbs", "version": ""},
    }
    return clean_document(plain)


def clean_document(plain: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a document whose fields have the types of the schema, whatever those of *plain* are.

    Raises:
        ValueError: If there is no event id in it.

    """
    event_id = to_words(plain.get("event_id"))
    if not event_id:
        raise ValueError("an error event has an event_id")
    exceptions = [clean_exception(each) for each in _iterate_mappings(plain.get("exceptions"))]
    timestamp = read_time(plain.get("timestamp")) or 0
    document: dict[str, Any] = {
        "version": VERSION_OF_DOCUMENT,
        "event_id": event_id if _ID.fullmatch(event_id) else make_digest(event_id),
        "timestamp": format_rfc3339(timestamp),
        "level": "fatal" if plain.get("level") == "fatal" else "error",
        "title": to_words(plain.get("title")) or "error",
        "handled": plain.get("handled") is True,
        "mechanism": to_words(plain.get("mechanism")) or "unknown",
        "fingerprint": to_words(plain.get("fingerprint")),
        "exceptions": exceptions or [{"type": "error", "message": to_words(plain.get("title")), "frames": []}],
        "stacktrace": to_words(plain.get("stacktrace")),
        "breadcrumbs": [clean_breadcrumb(each, timestamp) for each in _iterate_mappings(plain.get("breadcrumbs"))],
        "dropped": to_count(plain.get("dropped")),
        "dropped_by_category": clean_counts(plain.get("dropped_by_category")),
        "resource": clean_mapping(plain.get("resource")),
        "sender": _clean_sender(plain.get("sender")),
    }
    document |= {name: words for name in ("operation", "thread", "source") if (words := to_words(plain.get(name)))}
    if held_back := to_count(plain.get("held_back")):
        document["held_back"] = held_back
    optional = {
        "scrubbed": {kind: count for kind, count in clean_counts(plain.get("scrubbed")).items() if count},
        "attributes": clean_mapping(plain.get("attributes")),
        "trace": _clean_trace(plain.get("trace")),
    }
    return document | {name: value for name, value in optional.items() if value}


def clean_breadcrumb(plain: Mapping[str, Any], zero: int) -> dict[str, Any]:
    """Return a breadcrumb as in the schema; one without a time has the error's."""
    time = read_time(plain.get("timestamp"))
    crumb: dict[str, Any] = {
        "timestamp": format_rfc3339(zero if time is None else time),
        "type": to_words(plain.get("type")) or "default",
        "category": to_words(plain.get("category")),
        "level": plain["level"] if plain.get("level") in LEVELS else "info",
        "message": to_words(plain.get("message")),
        "data": clean_mapping(plain.get("data")),
    }
    crumb |= {name: words for name in ("span_id", "branch") if (words := to_words(plain.get(name)))}
    duration = plain.get("duration_ms")
    if isinstance(duration, int | float) and not isinstance(duration, bool) and 0 <= duration < math.inf:
        crumb["duration_ms"] = duration
    if (repeated := to_count(plain.get("repeated"))) > 1:
        crumb["repeated"] = repeated
    if plain.get("in_flight") is True:
        crumb["in_flight"] = True
    return crumb


def clean_exception(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return an exception as in the schema."""
    exception: dict[str, Any] = {
        "type": to_words(plain.get("type")) or "error",
        "message": to_words(plain.get("message")),
        "frames": [_clean_frame(each) for each in _iterate_mappings(plain.get("frames"))],
    }
    if isinstance(plain.get("parent"), int) and plain["parent"] >= 0:
        exception["parent"] = int(plain["parent"])
    if link := to_words(plain.get("link")):
        exception["link"] = link
    if isinstance(plain.get("notes"), list) and plain["notes"]:
        exception["notes"] = [*map(to_words, plain["notes"])]
    return exception


def clean_mapping(plain: Any) -> dict[str, Any]:
    """Return a mapping that JSON can hold; empty for what is none."""
    return {to_words(key): _clean_value(value) for key, value in plain.items()} if isinstance(plain, Mapping) else {}


def clean_counts(plain: Any) -> dict[str, int]:
    """Return a mapping of numbers."""
    return {key: to_count(value) for key, value in plain.items()} if isinstance(plain, Mapping) else {}


def to_count(value: Any) -> int:
    """Return a number that counts something, 0 for what is none."""
    return min(max(value, 0), _MAX_TIME) if type(value) is int else 0


def to_words(value: Any) -> str:
    """Return a text that can be stored and sent, empty for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def read_time(text: Any) -> int | None:
    """Return a time of the schema as nanoseconds since the epoch, None for what is none."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        return min(max(parse_timestamp(text), 0), _MAX_TIME)
    except ValueError:
        return None


def make_digest(text: str) -> str:
    """Return 32 hexadecimal digits for a text."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _make_info(event: ReceivedEvent) -> ExceptionInfo:
    attributes = event.attributes
    kind = to_words(attributes.get("exception.type"))
    status = to_words(attributes.get("error.type"))
    # A failed answer has a status and no exception.
    name = kind or (f"HTTP {status}" if status.isdigit() else status) or "error"
    return ExceptionInfo(type=name, message=to_words(attributes.get("exception.message")))


def _make_title(body: str, info: ExceptionInfo) -> str:
    """Return the record's body; that of another instrumentation's record of an exception is its message alone."""
    return f"{info.type}: {body}" if body and body == info.message else body or info.type


def _read_trail(trail: Any) -> Any:
    if not isinstance(trail, str):
        return trail
    try:
        return json.loads(trail)
    except (ValueError, RecursionError):
        return []


def _clean_frame(plain: Mapping[str, Any]) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "path": to_words(plain.get("path")),
        "line": to_count(plain.get("line")),
        "function": to_words(plain.get("function")),
    }
    frame |= {name: to_words(plain[name]) for name in ("module", "source") if plain.get(name)}
    return frame | ({"locals": variables} if (variables := clean_mapping(plain.get("locals"))) else {})


def _clean_sender(plain: Any) -> dict[str, str]:
    sender = plain if isinstance(plain, Mapping) else {}
    return {"name": to_words(sender.get("name")), "version": to_words(sender.get("version"))}


def _clean_trace(plain: Any) -> dict[str, Any] | None:
    if not isinstance(plain, Mapping) or not _ID.fullmatch(to_words(plain.get("trace_id"))):
        return None
    span_id = to_words(plain.get("span_id"))
    return {
        "trace_id": plain["trace_id"],
        "span_id": span_id if re.fullmatch(r"[0-9a-f]{16}", span_id) else "0" * 16,
        "sampled": plain.get("sampled") is not False,
    }


def _clean_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return clean_mapping(value)
    if isinstance(value, list | tuple):
        return [_clean_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float | None) else to_words(value)


def _iterate_mappings(plain: Any) -> Iterator[Mapping[str, Any]]:
    return (each for each in plain if isinstance(each, Mapping)) if isinstance(plain, list | tuple) else iter(())
