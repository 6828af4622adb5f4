"""The breadcrumbs for which there is room: the newest, those that are notable first, with large values cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from otel_crumbs.trails import NOTABLE_LEVELS, Breadcrumb

from .room import Room, cut_mapping, cut_texts, cut_to_room, split_room, weigh_value

# What JSON takes at most: the names and the punctuation of a breadcrumb with its time and level, and those of what not
# every one has, with the numbers; the punctuation of an item of data; a number; a letter that is no printable one of
# ASCII.
_FIELDS_BYTES, _OPTIONAL_BYTES, _ITEM_BYTES, _NUMBER_BYTES, _LETTER_BYTES = 112, 112, 6, 25, 6
_NUMBERS = frozenset({int, float, bool, type(None)})

# A breadcrumb that takes a larger part of the room is cut, and what it has at the least.
_PART, _LEAST_BREADCRUMB = 8, 300
# Of the room, for the notable ones.
_NOTABLE_PART = 3


def weigh_breadcrumb(breadcrumb: Breadcrumb) -> int:
    """Return how many bytes a breadcrumb takes as JSON."""
    return weigh_value(breadcrumb.as_dict()) + 1


def weigh_at_most(breadcrumbs: Sequence[Breadcrumb]) -> int:
    """Return a number of bytes that the weight of breadcrumbs does not exceed, many times faster than the weight."""
    bound = _FIELDS_BYTES * len(breadcrumbs)
    texts: list[str] = []
    for breadcrumb in breadcrumbs:
        data, branch, span_id = breadcrumb.data, breadcrumb.branch, breadcrumb.span_id
        if span_id or branch or breadcrumb.duration_ms is not None or breadcrumb.repeated > 1 or breadcrumb.in_flight:
            bound += _OPTIONAL_BYTES
        bound += _ITEM_BYTES * len(data)
        texts += (breadcrumb.message, breadcrumb.category, breadcrumb.type, branch or "", span_id or "", *data)
        for value in data.values():
            if type(value) is str:
                texts.append(value)
            else:
                bound += _NUMBER_BYTES if type(value) in _NUMBERS else weigh_value(value)
    return bound + _weigh_letters_at_most("".join(texts))


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


def _weigh_letters_at_most(text: str) -> int:
    if text.isascii() and text.isprintable():
        return len(text) + text.count('"') + text.count("\\")
    return len(text) * _LETTER_BYTES
