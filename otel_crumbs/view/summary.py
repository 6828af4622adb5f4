"""An error event in the few columns by which it is listed, found and grouped."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from otel_crumbs.event.app_frames import is_library_path

from .error_document import make_digest, read_time
from .received_span import name_service

# Longer messages are cut in lists; the document has them whole.
MAX_TITLE = 1000
# Of the words that an event is found by.
_MAX_WORDS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The columns of one error event; times are nanoseconds since the epoch."""

    event_id: str
    group: str
    type: str
    frame: str
    operation: str
    timestamp: int
    service: str
    level: str
    mechanism: str
    title: str
    trace_id: str | None
    span_id: str | None
    breadcrumbs: int
    held_back: int
    last_category: str
    last_message: str


def summarise_document(document: Mapping[str, Any]) -> Summary:
    """Return the columns of a document."""
    trace = document.get("trace") or {}
    newest = document["breadcrumbs"][-1] if document["breadcrumbs"] else {"category": "", "message": ""}
    frame = name_frame(find_innermost(document["exceptions"][0]["frames"]))
    kind, operation = document["exceptions"][0]["type"], document.get("operation", "")
    fingerprint = document["fingerprint"] or f"{kind}\n{frame}\n{operation}"
    return Summary(
        event_id=document["event_id"],
        group=make_digest(fingerprint),
        type=kind,
        frame=frame,
        operation=operation,
        timestamp=read_time(document["timestamp"]) or 0,
        service=name_service(document["resource"]),
        level=document["level"],
        mechanism=document["mechanism"],
        title=document["title"][:MAX_TITLE],
        trace_id=trace.get("trace_id"),
        span_id=trace.get("span_id"),
        breadcrumbs=len(document["breadcrumbs"]) + document["dropped"],
        held_back=document.get("held_back", 0),
        last_category=newest["category"],
        last_message=newest["message"][:MAX_TITLE],
    )


def find_innermost(frames: list[dict[str, Any]]) -> Mapping[str, Any] | None:
    """Return the application's innermost frame, else the innermost of all."""
    own = [frame for frame in frames if not is_library_path(frame["path"])] or frames
    return own[-1] if own else None


def name_frame(frame: Mapping[str, Any] | None) -> str:
    """Return a frame in a few words: ``shop/checkout.py:29 in pay``."""
    if frame is None:
        return ""
    return f"{shorten_path(frame['path'])}:{frame['line']} in {frame['function']}"


def shorten_path(path: str) -> str:
    """Return the last two parts of a path."""
    return "/".join(path.replace("\\", "/").rsplit("/", 2)[-2:])


def collect_words(document: Mapping[str, Any]) -> str:
    """Return the words that an error event is found by: messages, breadcrumbs with their data, attributes."""
    words = " ".join(_iterate_texts(document))
    return words[:_MAX_WORDS]


def pack_document(document: Mapping[str, Any]) -> bytes:
    """Return a document as the store keeps it."""
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 1)


def unpack_document(packed: bytes) -> dict[str, Any]:
    """Return the document that was packed."""
    document: dict[str, Any] = json.loads(zlib.decompress(packed))
    return document


def _iterate_texts(document: Mapping[str, Any]) -> Iterator[str]:
    yield document["event_id"]
    yield document["title"]
    yield (document.get("trace") or {}).get("trace_id", "")
    yield document.get("operation", "")
    for exception in document["exceptions"]:
        yield exception["type"]
        yield exception["message"]
        yield from exception.get("notes", ())
    yield name_frame(find_innermost(document["exceptions"][0]["frames"]))
    yield from _flatten(document["resource"])
    yield from _flatten(document.get("attributes"))
    for crumb in document["breadcrumbs"]:
        yield crumb["category"]
        yield crumb["message"]
        yield from _flatten(crumb["data"])


def _flatten(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _flatten(item)
    elif isinstance(value, list):
        for item in value:
            yield from _flatten(item)
    elif value is not None:
        yield str(value)
