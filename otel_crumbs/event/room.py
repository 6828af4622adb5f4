"""
The room for the parts of an event, in bytes of JSON: what each part takes, how much it gets, and how it is cut to that.

JSON is the measure for all exporters. What an exporter really sends is weighed
by `trim.encode_within`, which asks for an event that is smaller, or larger, by as much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from otel_crumbs.base.plain import CUT, cut_text

# What an item of a mapping is left at the least.
_LEAST_ITEM = 48
# A shorter text is not worth a mark that it was cut.
_LEAST_TEXT = 8


class Room:
    """
    The room that is left, from which parts are taken as long as they fit.

    Args:
        left: In bytes.

    """

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, weight: int) -> bool:
        """Return whether there is room for a part of that weight, which then has it."""
        if weight > self.left:
            return False
        self.left -= weight
        return True


def weigh_value(value: Any) -> int:
    """Return how many bytes a plain value takes as JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def split_room(weights: Sequence[int], shares: Sequence[int], room: int) -> list[int]:
    """
    Return how much of the room each part gets.

    A part that weighs no more than its share gets what it weighs, and what it
    leaves is shared among the others.

    """
    given = [0] * len(weights)
    left, open_parts = max(room, 0), list(range(len(weights)))
    while open_parts:
        total = sum(shares[part] for part in open_parts)
        fits = [part for part in open_parts if weights[part] * total <= left * shares[part]]
        for part in fits or open_parts:
            given[part] = weights[part] if fits else left * shares[part] // total
        if not fits:
            break
        left -= sum(weights[part] for part in fits)
        open_parts = [part for part in open_parts if part not in set(fits)]
    return given


def cut_to_room(text: str, room: int) -> str:
    """Return a text that takes at most *room* bytes as JSON, of a longer one both ends, or nothing."""
    return shorten_to_room(text, room, _shorten)


def shorten_to_room(text: str, room: int, shorten: Callable[[str, int], str]) -> str:
    """
    Return a text that takes at most *room* bytes as JSON.

    Args:
        text: The text.
        room: In bytes.
        shorten: Returns a shorter text for a number of characters.

    """
    weight, length, cut = weigh_value(text), len(text), text
    while weight > room and length > 0:
        length = min(length - 1, length * max(room, 0) // weight)
        cut = shorten(text, length)
        weight = weigh_value(cut)
    return cut


def cut_texts(texts: Sequence[str | None], room: int) -> list[str | None]:
    """Return texts that take at most *room* bytes together; the short ones stay whole."""
    weights = [weigh_value(text) if text else 0 for text in texts]
    given = split_room(weights, [1] * len(texts), room)
    return [text and cut_to_room(text, left) for text, left in zip(texts, given, strict=True)]


def cut_mapping(data: Mapping[str, Any], room: int) -> dict[str, Any]:
    """Return as many items of a mapping as there is room for, the first ones; large values are cut."""
    items = [*data.items()][: max(0, room // _LEAST_ITEM)]
    weights = [weigh_value(key) + weigh_value(value) + 2 for key, value in items]
    # Two braces, and no comma behind the last item.
    given = split_room(weights, [1] * len(items), room - 1)
    kept: dict[str, Any] = {}
    for (key, value), weight, left in zip(items, weights, given, strict=True):
        if weight <= left:
            kept[key] = value
        else:
            short = cut_to_room(key, left // 2)
            kept[short] = cut_value(value, left - weigh_value(short) - 2)
    return kept


def cut_value(value: Any, room: int) -> Any:
    """Return a plain value that takes at most *room* bytes as JSON; of one that is cut the beginning and the end."""
    if weigh_value(value) <= room:
        return value
    if isinstance(value, Mapping):
        return cut_mapping(value, room - 2)
    if isinstance(value, list | tuple):
        return _cut_list(value, room)
    return cut_to_room(value if isinstance(value, str) else str(value), room)


def cut_counts(counts: Mapping[str, int], room: int) -> dict[str, int]:
    """Return the largest counts by name, as many as there is room for; those of the others are added up."""
    if weigh_value(dict(counts)) <= room:
        return dict(counts)
    kept: dict[str, int] = {}
    left = Room(room - _LEAST_ITEM)
    ordered = sorted(counts.items(), key=_get_count, reverse=True)
    for name, count in ordered:
        if not left.take(weigh_value(name) + len(str(count)) + 2):
            break
        kept[name] = count
    others = sum(count for _, count in ordered) - sum(kept.values())
    return kept | ({CUT: kept.get(CUT, 0) + others} if others else {})


def _shorten(text: str, length: int) -> str:
    return cut_text(text, length) if length >= _LEAST_TEXT else text[:length]


def _get_count(item: tuple[str, int]) -> int:
    return item[1]


def _cut_list(items: Iterable[Any], room: int) -> list[Any]:
    """Return the first items and the last ones, with a mark between."""
    whole = [*items]
    left = Room(room - 2 - weigh_value(CUT) - 1)
    first: list[Any] = []
    last: list[Any] = []
    for number in range(len(whole)):
        side, item = (last, whole[-1 - number // 2]) if number % 2 else (first, whole[number // 2])
        if not left.take(weigh_value(item) + 1):
            break
        side.append(item)
    if not first and whole:
        return [cut_value(whole[0], left.left)] if left.left > _LEAST_ITEM else []
    return [*first, CUT, *reversed(last)]
