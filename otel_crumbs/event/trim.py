"""The trimming of an event that weighs too much: the breadcrumbs that matter least go."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from otel_crumbs.base.memo import map_shared
from otel_crumbs.trails import NOTABLE_LEVELS, Breadcrumb

from .model import ErrorEvent, ExceptionInfo
from .stack import cut_middle
from .timeline import MAX_TIMELINE

# What is left of a longer traceback before a breadcrumb is left out.
_SHORT_STACKTRACE = 16 * 1024
# Variables that would take more than such a part of an event go.
_PART_OF_LOCALS = 2

# What JSON takes at most: the names and the punctuation of a breadcrumb with its time and level, and those of what not
# every one has, with numbers and ids; a printable letter of ASCII, any other one as an escape, and one beyond ASCII as
# two; a value that is no text, with the punctuation of its key.
_FIELDS_BYTES, _OPTIONAL_BYTES, _NUMBER_BYTES = 160, 200, 40
_PRINTABLE_BYTES, _ASCII_BYTES, _LETTER_BYTES = 2, 6, 12
_SHORT = frozenset({int, float, bool, type(None)})


def trim_event(event: ErrorEvent, max_bytes: int) -> ErrorEvent:
    """Return the event with as much of its trail as fits in *max_bytes*, oldest dropped first."""
    if _weigh_locals(event) > max_bytes // _PART_OF_LOCALS:
        event = replace(event, exceptions=tuple(map(_remove_locals, event.exceptions)))
    # The trail is there as text, too.
    room = max_bytes - _weigh_rest(event) - min(MAX_TIMELINE, max_bytes // 8)
    # Most trails are far lighter than the limit, and an upper bound is many times faster than the exact weights.
    if sum(map(weigh_at_most, event.breadcrumbs)) <= room:
        return event
    weights = map_shared(weigh, event.breadcrumbs)
    if sum(weights) <= room:
        return event
    lighter = replace(event, stacktrace=cut_middle(event.stacktrace, _SHORT_STACKTRACE))
    room += len(event.stacktrace.encode()) - len(lighter.stacktrace.encode())
    return replace_trail(lighter, _choose_breadcrumbs(event.breadcrumbs, weights, room))


def replace_trail(event: ErrorEvent, kept: tuple[Breadcrumb, ...]) -> ErrorEvent:
    """Return the event with only some of its breadcrumbs; those left out are counted as dropped."""
    dropped = Counter(item.category for item in event.breadcrumbs) - Counter(item.category for item in kept)
    return replace(
        event,
        breadcrumbs=kept,
        dropped=event.dropped + len(event.breadcrumbs) - len(kept),
        dropped_by_category=dict(Counter(event.dropped_by_category) + dropped),
    )


def weigh(breadcrumb: Breadcrumb) -> int:
    """Return how many bytes a breadcrumb takes on the wire, roughly."""
    return len(json.dumps(breadcrumb.as_dict(), default=str).encode())


def weigh_at_most(breadcrumb: Breadcrumb) -> int:
    """Return a number of bytes that a breadcrumb's weight does not exceed."""
    data = breadcrumb.data
    bound = _FIELDS_BYTES + _NUMBER_BYTES * len(data)
    span_id, branch = breadcrumb.span_id or "", breadcrumb.branch or ""
    if span_id or branch or breadcrumb.duration_ms is not None or breadcrumb.repeated > 1:
        bound += _OPTIONAL_BYTES
    texts = "".join((breadcrumb.message, breadcrumb.category, breadcrumb.type, branch, span_id, *data))
    for value in (texts, *data.values()):
        if type(value) is str:
            bound += len(value) * _find_letter_bytes(value)
        elif type(value) not in _SHORT:
            return weigh(breadcrumb)
    return bound


def _find_letter_bytes(text: str) -> int:
    if not text.isascii():
        return _LETTER_BYTES
    return _PRINTABLE_BYTES if text.isprintable() else _ASCII_BYTES


def _weigh_locals(event: ErrorEvent) -> int:
    found = [dict(frame.locals) for info in event.exceptions for frame in info.frames if frame.locals]
    return len(json.dumps(found, default=str)) if found else 0


def _remove_locals(info: ExceptionInfo) -> ExceptionInfo:
    return replace(info, frames=tuple(replace(frame, locals=None) for frame in info.frames))


def _weigh_rest(event: ErrorEvent) -> int:
    chain = sum(
        len("".join([info.message, *info.notes]).encode()) + 200 * len(info.frames) for info in event.exceptions
    )
    return (
        1024
        + len(event.stacktrace.encode())
        + len(event.source.encode())
        + chain
        + _weigh_locals(event)
        + len(json.dumps([dict(event.resource), dict(event.attributes)], default=str))
    )


def _choose_breadcrumbs(breadcrumbs: tuple[Breadcrumb, ...], weights: list[int], room: int) -> tuple[Breadcrumb, ...]:
    """Choose the newest notable ones for a third of the room, and of the rest the newest."""
    newest_first = range(len(breadcrumbs) - 1, -1, -1)
    chosen: set[int] = set()
    reserved = room // 3
    for index in newest_first:
        if breadcrumbs[index].level in NOTABLE_LEVELS and weights[index] <= reserved:
            reserved -= weights[index]
            room -= weights[index]
            chosen.add(index)
    for index in newest_first:
        if index not in chosen and weights[index] <= room:
            room -= weights[index]
            chosen.add(index)
    return tuple(breadcrumb for index, breadcrumb in enumerate(breadcrumbs) if index in chosen)
