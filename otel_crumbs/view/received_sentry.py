"""
Error events by Sentry's protocol: envelopes of sentry-sdk and of our own exporter, as documents of our schema.

See `envelopes <https://develop.sentry.dev/sdk/data-model/envelopes/>`_ and `event payloads
<https://develop.sentry.dev/sdk/data-model/event-payloads/>`_. Anybody can send to the viewer: fields
of other types than Sentry's are left out, and the document is cleaned as any other.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from io import BytesIO
from typing import Any

from otel_crumbs.base.exceptions import find_first_line, format_title
from otel_crumbs.event.app_frames import is_library_path
from otel_crumbs.event.source_lines import LINES_AROUND, MAX_FRAMES
from otel_crumbs.trails import LEVELS, format_rfc3339

from .error_document import clean_document, to_words
from .received_sentry_facts import make_attributes, make_resource, to_mapping

OUR_SDK = "otel_crumbs.python"
_MICROSECONDS = 1_000_000
# Of the times that the store can keep.
_LAST_MICROSECOND = 2**63 // 1000 - 1
_LAST_SECOND = 2**63 // 10**9
# Fields of a breadcrumb that Sentry does not have; our exporter puts them among its data.
_BESIDE = ("span_id", "duration_ms", "branch", "repeated", "in_flight")
_DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")
# Level numbers of `logging`, which raven sends.
_NUMBERS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "fatal"}
_OTHER_LEVELS = {"warn": "warning", "critical": "fatal"}


def read_envelope(content: bytes, project: str) -> Iterator[dict[str, Any]]:
    """
    Read the error events of an envelope; other items are passed over.

    Args:
        content: The envelope, unpacked.
        project: The part of the address that names the project.

    Raises:
        ValueError: If it is none.

    """
    stream = BytesIO(content)
    header = _require_mapping(json.loads(stream.readline()))
    while line := stream.readline():
        if not line.strip():
            continue
        item = _require_mapping(json.loads(line))
        payload = _read_payload(stream, item.get("length"))
        if item.get("type") == "event":
            event = _require_mapping(json.loads(payload))
            yield make_sentry_document({"event_id": header.get("event_id"), **event}, project)


def read_store(content: bytes, project: str) -> Iterator[dict[str, Any]]:
    """
    Read the event of a request as senders made them before there were envelopes.

    Raises:
        ValueError: If it is none.

    """
    yield make_sentry_document(_require_mapping(json.loads(content)), project)


def make_sentry_document(event: Mapping[str, Any], project: str) -> dict[str, Any]:
    """Return the document of an event in Sentry's form."""
    contexts = to_mapping(event.get("contexts"))
    ours = to_mapping(contexts.get("otel_crumbs"))
    values = [*map(to_mapping, _iterate_values(event.get("exception")))][::-1]
    exceptions = [*_iterate_exceptions(values)]
    said = {"type": to_words(event.get("logger")) or "message", "message": _find_message(event)}
    first = exceptions[0] if exceptions else said
    message = first["message"]
    mechanism = to_mapping(values[0].get("mechanism")) if values else {}
    moment = read_moment(event.get("timestamp"))
    level = _find_level(event.get("level") or "error")
    is_of_exporter = to_mapping(event.get("sdk")).get("name") == OUR_SDK
    make = partial(_make_breadcrumb, is_of_exporter=is_of_exporter)
    trail = [*map(make, _iterate_values(event.get("breadcrumbs")))]
    plain = {
        "event_id": to_words(event.get("event_id")).replace("-", ""),
        "timestamp": format_rfc3339(time.time_ns() if moment is None else moment),
        "level": level,
        "title": format_title(first["type"], find_first_line(message)) if exceptions else message or first["type"],
        "handled": mechanism.get("handled") is not False,
        "mechanism": ours.get("mechanism") or mechanism.get("type") or _name_mechanism(event),
        "fingerprint": _make_fingerprint(event.get("fingerprint"), first["type"], event.get("transaction")),
        "exceptions": exceptions or [first],
        "stacktrace": to_mapping(event.get("extra")).get("stacktrace") if is_of_exporter else None,
        "source": "\n\n".join(block for value in values for block in _iterate_source(value)),
        "breadcrumbs": trail,
        "dropped": _count_dropped(event, len(trail)),
        "held_back": ours.get("held_back"),
        "scrubbed": ours.get("scrubbed"),
        "operation": event.get("transaction"),
        "thread": ours.get("thread") or _find_thread(contexts),
        "trace": {"sampled": True, **to_mapping(contexts.get("trace"))},
        "resource": make_resource(event, project),
        # The viewer knows errors and fatal ones: a message of another level says so itself.
        "attributes": make_attributes(event) | ({} if level in {"error", "fatal"} else {"level": level}),
        "sender": event.get("sdk"),
    }
    return clean_document(plain)


def read_moment(value: Any) -> int | None:
    """Return a time of Sentry's, in seconds or as RFC 3339, as nanoseconds since the epoch, None for what is none."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(_to_iso(value))
        except ValueError:
            return None
        value = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    # Seconds as a float have no more digits than microseconds.
    return min(round(min(max(value, 0), _LAST_SECOND) * _MICROSECONDS), _LAST_MICROSECOND) * 1000


def _to_iso(text: str) -> str:
    """Return a time in the form that Python 3.10 reads: with an offset, and with six digits of a second or none."""
    whole, point, rest = text.strip().replace("Z", "+00:00").replace("z", "+00:00").partition(".")
    if not point:
        return whole
    digits = re.match(r"\d*", rest)[0]  # type: ignore[index]  # it always matches
    return f"{whole}.{digits[:6]:0<6}{rest[len(digits) :]}"


def _read_payload(stream: BytesIO, length: Any) -> bytes:
    if length is None:
        return stream.readline()
    payload = stream.read(length) if type(length) is int and length >= 0 else b""
    if len(payload) != length:
        raise ValueError(f"an item has {length!r} bytes, and {len(payload)} are there")
    return payload


def _require_mapping(plain: Any) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise ValueError("a header or an event is a JSON object")  # noqa: TRY004 - the body has a wrong value
    return plain


def _iterate_values(plain: Any) -> Iterator[Mapping[str, Any]]:
    """Iterate over a list, which may be wrapped."""
    values = plain.get("values") if isinstance(plain, Mapping) else plain
    return (each for each in values if isinstance(each, Mapping)) if isinstance(values, list) else iter(())


def _find_message(event: Mapping[str, Any]) -> str:
    entry = event.get("logentry") or event.get("message")
    if isinstance(entry, Mapping):
        entry = entry.get("formatted") or entry.get("message")
    return to_words(entry)


def _find_level(level: Any) -> str:
    if isinstance(level, int):
        return _NUMBERS.get(level, "info")
    name = to_words(level).lower()
    return _OTHER_LEVELS.get(name, name if name in LEVELS else "info")


def _find_thread(contexts: Mapping[str, Any]) -> Any:
    return to_mapping(to_mapping(contexts.get("trace")).get("data")).get("thread.name")


def _name_mechanism(event: Mapping[str, Any]) -> str:
    return "unknown" if event.get("exception") else "logging" if event.get("logger") else "message"


def _make_fingerprint(parts: Any, kind: str, operation: Any) -> str:
    """Return the fingerprint that an application gave; without one the viewer makes its own."""
    words = [*map(to_words, parts)] if isinstance(parts, list) else []
    if all(_DEFAULT.fullmatch(each) for each in words):
        return ""
    return "\n".join(f"{kind}\n{to_words(operation)}" if _DEFAULT.fullmatch(each) else each for each in words)


def _iterate_exceptions(values: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Iterate over the exceptions, the exception itself first."""
    places: dict[Any, int] = {}
    for number, value in enumerate(values):
        mechanism = to_mapping(value.get("mechanism"))
        parent, own = mechanism.get("parent_id"), mechanism.get("exception_id")
        if type(parent) is int and parent in places:
            yield _make_exception(value) | {"parent": places[parent], "link": mechanism.get("source")}
        else:
            # Without ids each is the cause of the one before, or what was being handled: nothing says which.
            yield _make_exception(value) | ({"parent": number - 1} if number else {})
        if type(own) is int:
            places[own] = number


def _make_exception(value: Mapping[str, Any]) -> dict[str, Any]:
    module = to_words(value.get("module"))
    kind = to_words(value.get("type")) or "error"
    frames = _iterate_values(to_mapping(value.get("stacktrace")).get("frames"))
    return {
        "type": f"{module}.{kind}" if module and module not in {"builtins", "exceptions"} else kind,
        "message": to_words(value.get("value")),
        "frames": [*map(_make_frame, frames)],
    }


def _make_frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "path": _find_path(frame),
        "line": frame.get("lineno"),
        "function": frame.get("function"),
        "module": frame.get("module"),
        "source": frame.get("context_line"),
        "locals": frame.get("vars"),
    }


def _find_path(frame: Mapping[str, Any]) -> str:
    return to_words(frame.get("abs_path") or frame.get("filename"))


def _iterate_source(value: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the lines around the application's innermost frames, in the form of our own exporters."""
    frames = _iterate_values(to_mapping(value.get("stacktrace")).get("frames"))
    own = [each for each in frames if not is_library_path(_find_path(each)) and _has_source(each)]
    for frame in own[-MAX_FRAMES:]:
        line = frame["lineno"]
        before, after = (_read_lines(frame.get(name)) for name in ("pre_context", "post_context"))
        before = before[-LINES_AROUND:]
        lines = [*before, to_words(frame["context_line"]), *after[:LINES_AROUND]]
        name, function = to_words(frame.get("filename")) or _find_path(frame), to_words(frame.get("function"))
        numbered = (
            f"{'>' if number == line else ' '} {number:>4}  {code}".rstrip()
            for number, code in enumerate(lines, line - len(before))
        )
        yield "\n".join([f"{name}, line {line}, in {function}", *numbered])


def _has_source(frame: Mapping[str, Any]) -> bool:
    return type(frame.get("lineno")) is int and frame["lineno"] > 0 and bool(frame.get("context_line"))


def _read_lines(lines: Any) -> list[str]:
    return [" ".join(to_words(each).splitlines()) for each in lines] if isinstance(lines, list) else []


def _make_breadcrumb(plain: Mapping[str, Any], *, is_of_exporter: bool) -> dict[str, Any]:
    data = dict(to_mapping(plain.get("data")))
    message = to_words(plain.get("message")) or _make_message(to_words(plain.get("type")), data)
    crumb = {
        "timestamp": None if (moment := read_moment(plain.get("timestamp"))) is None else format_rfc3339(moment),
        "type": plain.get("type"),
        "category": plain.get("category") or plain.get("type") or "default",
        "level": _find_level(plain.get("level")),
        "message": message,
        "data": data,
    }
    if is_of_exporter:
        beside = {name: data.pop(name) for name in _BESIDE if name in data}
        crumb |= beside
        crumb["message"] = message.removesuffix(f" (x{beside.get('repeated')})")
    return crumb


def _make_message(kind: str, data: Mapping[str, Any]) -> str:
    """Return the message of a breadcrumb that has none, as those of HTTP calls and of navigation."""
    if kind == "navigation":
        return f"{to_words(data.get('from'))} -> {to_words(data.get('to'))}"
    if not data.get("url"):
        return ""
    status = to_words(data.get("status_code") or data.get("http.response.status_code"))
    asked = f"{to_words(data.get('method') or data.get('http.method') or 'GET')} {to_words(data['url'])}"
    return f"{asked} -> {status}" if status else asked


def _count_dropped(event: Mapping[str, Any], kept: int) -> int:
    """Return how many breadcrumbs had no room: the number of all is among the remarks on what was cut."""
    remark = to_mapping(to_mapping(to_mapping(event.get("_meta")).get("breadcrumbs")).get("")).get("len")
    return max(0, remark - kept) if type(remark) is int else 0
