"""
The results of users' hooks, normalised: every field is of its kind again.

A hook may put anything anywhere: None for a message, a set into the data, a
lone surrogate into the operation's name. The exporters rely on the fields
being what the model says, and an event must not be lost for one that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from otel_crumbs.base.plain import MAX_MESSAGE, MAX_STACKTRACE, MAX_TEXT, to_plain, to_plain_mapping, to_text
from otel_crumbs.trails import LEVELS, Breadcrumb

from .copies import is_unchanged
from .model import ErrorEvent, ExceptionInfo, Frame

# Of time stamps: the year 2262, where nanoseconds no longer fit 64 bits.
_MAX_NS = 2**63 - 1
# https://opentelemetry.io/docs/specs/otel/trace/api/#spancontext
_MAX_TRACE_ID, _MAX_SPAN_ID, _MAX_FLAGS = 2**128 - 1, 2**64 - 1, 2**8 - 1
_HEX = frozenset("0123456789abcdef")
_ID_LENGTH = 32


def normalise_breadcrumb(breadcrumb: Breadcrumb, originals: Mapping[int, Breadcrumb]) -> Breadcrumb:
    """
    Return a breadcrumb whose fields are of their kinds.

    Args:
        breadcrumb: The result of a hook.
        originals: By the id of its copy, each breadcrumb that the hook was given.

    """
    original = originals.get(id(breadcrumb))
    if original is not None and is_unchanged(breadcrumb, original):
        return original
    return replace(
        breadcrumb,
        timestamp=_normalise_integer(breadcrumb.timestamp, _MAX_NS),
        type=_normalise_text(breadcrumb.type) or "default",
        category=_normalise_text(breadcrumb.category) or "default",
        level=breadcrumb.level if breadcrumb.level in LEVELS else "info",
        message=_normalise_text(breadcrumb.message, MAX_MESSAGE),
        data=_normalise_mapping(breadcrumb.data),
        span_id=to_line(breadcrumb.span_id),
        duration_ms=_normalise_duration(breadcrumb.duration_ms),
        branch=to_line(breadcrumb.branch),
        repeated=_normalise_integer(breadcrumb.repeated, _MAX_NS, otherwise=1),
        in_flight=bool(breadcrumb.in_flight),
    )


def normalise(event: ErrorEvent, otherwise: ErrorEvent, originals: Mapping[int, Breadcrumb]) -> ErrorEvent:
    """
    Return an event whose fields are of their kinds.

    Args:
        event: The result of a hook.
        otherwise: Has the ids and times that make sense.
        originals: As of `normalise_breadcrumb`.

    """
    return replace(
        event,
        name=_normalise_text(event.name) or otherwise.name,
        event_id=event.event_id if _is_id(event.event_id) else otherwise.event_id,
        timestamp=_normalise_integer(event.timestamp, _MAX_NS, otherwise=otherwise.timestamp),
        fatal=bool(event.fatal),
        handled=bool(event.handled),
        mechanism=_normalise_text(event.mechanism),
        exceptions=_normalise_exceptions(event.exceptions) or otherwise.exceptions,
        stacktrace=_normalise_text(event.stacktrace, MAX_STACKTRACE + 8),
        operation=to_line(event.operation),
        trace_id=_normalise_integer(event.trace_id, _MAX_TRACE_ID),
        span_id=_normalise_integer(event.span_id, _MAX_SPAN_ID),
        trace_flags=_normalise_integer(event.trace_flags, _MAX_FLAGS),
        thread=to_line(event.thread),
        breadcrumbs=tuple(_normalise_breadcrumbs(event.breadcrumbs, originals)),
        dropped=_normalise_integer(event.dropped, _MAX_NS),
        held_back=_normalise_integer(event.held_back, _MAX_NS),
        dropped_by_category=_normalise_counts(event.dropped_by_category),
        scrubbed={kind: count for kind, count in _normalise_counts(event.scrubbed).items() if count},
        resource=_normalise_mapping(event.resource),
        attributes=_normalise_mapping(event.attributes),
        context=tuple(_normalise_text(name) for name in _select(event.context, str)),
        source=_normalise_text(event.source),
        fingerprint=_normalise_text(event.fingerprint) or otherwise.fingerprint,
    )


def to_line(value: Any) -> str | None:
    """Return a text, None where there is nothing."""
    return None if value is None else _normalise_text(value)


def _normalise_exceptions(infos: Any) -> tuple[ExceptionInfo, ...]:
    return tuple(
        replace(
            info,
            type=_normalise_text(info.type) or "Exception",
            message=_normalise_text(info.message, MAX_MESSAGE),
            frames=tuple(_normalise_frames(info.frames)),
            # An exception belongs to an earlier one; only the first belongs to none.
            parent=_normalise_integer(info.parent, index - 1) if index else None,
            link=to_line(info.link),
            notes=tuple(_normalise_text(note) for note in _select(info.notes, str)),
        )
        for index, info in enumerate(_select(infos, ExceptionInfo))
    )


def _normalise_frames(frames: Any) -> Iterable[Frame]:
    for frame in _select(frames, Frame):
        yield replace(
            frame,
            path=_normalise_text(frame.path),
            line=_normalise_integer(frame.line, 2**31 - 1),
            function=_normalise_text(frame.function),
            module=to_line(frame.module),
            source=to_line(frame.source),
            locals=None if frame.locals is None else _normalise_mapping(frame.locals),
            lines=tuple(_normalise_text(line) for line in _select(frame.lines, str)),
            first_line=_normalise_integer(frame.first_line, 2**31 - 1),
        )


def _normalise_breadcrumbs(breadcrumbs: Any, originals: Mapping[int, Breadcrumb]) -> Iterable[Breadcrumb]:
    return (normalise_breadcrumb(breadcrumb, originals) for breadcrumb in _select(breadcrumbs, Breadcrumb))


def _select(items: Any, kind: type[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, kind)] if isinstance(items, list | tuple) else []


def _normalise_mapping(value: Any) -> dict[str, Any]:
    return to_plain_mapping(value) if isinstance(value, Mapping) else {}


def _normalise_counts(value: Any) -> dict[str, int]:
    return {key: _normalise_integer(count, _MAX_NS) for key, count in _normalise_mapping(value).items()}


def _normalise_integer(value: Any, most: int, *, otherwise: int = 0) -> int:
    return int(value) if isinstance(value, int) and 0 <= value <= most else otherwise


def _normalise_duration(value: Any) -> float | None:
    cleaned = to_plain(value)
    return cleaned if isinstance(cleaned, int | float) and not isinstance(cleaned, bool) else None


def _normalise_text(value: Any, limit: int = MAX_TEXT) -> str:
    if value is None:
        return ""
    # Not by isinstance(), which asks the value for its class, and the value may raise.
    return to_text(str.__str__(value), limit) if issubclass(type(value), str) else str(to_plain(value))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == _ID_LENGTH and _HEX.issuperset(value)
