"""The breadcrumbs for which there is room: the newest, those that are notable first, with large values cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from otel_crumbs.trails import NOTABLE_LEVELS, Breadcrumb

from .room import Room, cut_mapping, cut_texts, cut_to_room, split_room, weigh_value

# What JSON takes at most: the names and the punctuation of a breadcrumb with its time and level, and those of what not
# every one has, with numbers and ids; a printable letter of ASCII, any other one as an escape, and one beyond ASCII; a
# value that is no text, with the punctuation of its key.
_FIELDS_BYTES, _OPTIONAL_BYTES, _NUMBER_BYTES = 160, 200, 40
_PRINTABLE_BYTES, _ASCII_BYTES, _LETTER_BYTES = 2, 6, 6
_SHORT = frozenset({int, float, bool, type(None)})

# A breadcrumb that takes a larger part of the room is cut, and what it has at the least.
_PART, _LEAST_BREADCRUMB = 8, 300
# Of the room, for the notable ones.
_NOTABLE_PART = 3


def weigh_breadcrumb(breadcrumb: Breadcrumb) -> int:
    """Return how many bytes a breadcrumb takes as JSON."""
    return weigh_value(breadcrumb.as_dict()) + 1


def weigh_at_most(breadcrumb: Breadcrumb) -> int:
    """Return a number of bytes that a breadcrumb's weight does not exceed, many times faster than the weight."""
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
            return weigh_breadcrumb(breadcrumb)
    return bound


def choose_breadcrumbs(breadcrumbs: Sequence[Breadcrumb], weights: Sequence[int], room: int) -> tuple[Breadcrumb, ...]:
    """Choose the newest notable ones for a third of the room, and of the rest the newest."""
    if sum(weights) <= room:
        return tuple(breadcrumbs)
    most = max(room // _PART, room // len(breadcrumbs), min(_LEAST_BREADCRUMB, room))
    fitted = [
        item if weight <= most else _cut_breadcrumb(item, most)
        for item, weight in zip(breadcrumbs, weights, strict=True)
    ]
    weights = [
        weight if weight <= most else weigh_breadcrumb(item) for item, weight in zip(fitted, weights, strict=True)
    ]
    newest_first = range(len(fitted) - 1, -1, -1)
    chosen: set[int] = set()
    left = Room(room // _NOTABLE_PART)
    chosen.update(
        index for index in newest_first if fitted[index].level in NOTABLE_LEVELS and left.take(weights[index])
    )
    left = Room(room - sum(weights[index] for index in chosen))
    chosen.update(index for index in newest_first if index not in chosen and left.take(weights[index]))
    return tuple(fitted[index] for index in sorted(chosen))


def _cut_breadcrumb(breadcrumb: Breadcrumb, room: int) -> Breadcrumb:
    """Return a breadcrumb that takes at most *room* bytes: its message has more of it than its data."""
    names = cut_texts((breadcrumb.type, breadcrumb.category, breadcrumb.branch, breadcrumb.span_id), room // 4)
    kind, category, branch, span_id = names
    named = replace(
        breadcrumb, type=kind or "default", category=category or "default", branch=branch or None, span_id=span_id
    )
    data: Mapping[str, object] = breadcrumb.data
    left = room - weigh_breadcrumb(replace(named, message="", data={}))
    weights = (weigh_value(breadcrumb.message), weigh_value(dict(data)))
    for_message, for_data = split_room(weights, (2, 1), left)
    return replace(named, message=cut_to_room(breadcrumb.message, for_message), data=cut_mapping(data, for_data))


def _find_letter_bytes(text: str) -> int:
    if not text.isascii():
        return _LETTER_BYTES
    return _PRINTABLE_BYTES if text.isprintable() else _ASCII_BYTES
