"""
The trimming of an event that is too large: what matters least goes, or is cut.

Every part of an event has its share of the room, and what a part does not need
is for the others. Most events are far smaller than the limit, which an upper
bound tells at a fraction of the cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from otel_crumbs.trails import Breadcrumb

from .exceptions_room import ExceptionsRoom, weigh_exception
from .model import ErrorEvent
from .room import cut_counts, cut_mapping, cut_texts, cut_to_room, shorten_to_room, split_room, weigh_value
from .stack import cut_middle
from .trail_room import choose_breadcrumbs, weigh_at_most, weigh_breadcrumb

T = TypeVar("T")

# Ids, times and numbers with the names of all fields.
_FIXED_BYTES = 700
# What each part has where there is not enough room for all.
_SHARES = {
    "exceptions": 12,
    "stacktrace": 16,
    "lines": 12,
    "variables": 6,
    "source": 4,
    "attributes": 8,
    "resource": 5,
    "names": 8,
    "counts": 3,
    "breadcrumbs": 26,
}
# An event for which there is less room is not made smaller any more.
_LEAST_ROOM = 600
# So often an event is made smaller or larger to use the room, up to that part of it.
_ATTEMPTS, _ENOUGH, _AIM = 10, 0.93, 0.98
_CLOSE = 32
_COUNT_BYTES = 48


def trim_event(event: ErrorEvent, max_bytes: int) -> ErrorEvent:
    """Return the event itself if it takes at most *max_bytes* as JSON, else as much of it as fits."""
    if _weigh_at_most(event) <= max_bytes:
        return event
    return cut_event(event, max_bytes, weigh=weigh_event)


def cut_event(event: ErrorEvent, max_bytes: int, *, weigh: Callable[[ErrorEvent], int]) -> ErrorEvent:
    """Return as much of an event as takes at most *max_bytes* by some measure."""
    return encode_within(event, _keep, max_bytes, weigh=weigh)


def encode_within(
    event: ErrorEvent,
    encode: Callable[[ErrorEvent], T],
    max_bytes: int,
    *,
    weigh: Callable[[T], int] = len,  # type: ignore[assignment]  # of bytes
) -> T:
    """
    Return the encoded form of an event, or of as much of it as is no larger than *max_bytes* in that form.

    Args:
        event: The event.
        encode: Encodes an event.
        max_bytes: The limit.
        weigh: Returns how large an encoded form is.

    """
    encoded = encode(event)
    weight = weigh(encoded)
    if weight <= max_bytes:
        return encoded
    smaller = EventRoom(event)
    fitting: T | None = None
    # The largest room that is known to be small enough, and the smallest that is not.
    low, high = _LEAST_ROOM, max(smaller.weight, _LEAST_ROOM + 1)
    room = min(max_bytes, int(smaller.weight * max_bytes / weight))
    for _ in range(_ATTEMPTS):
        room = room if low < room < high else (low + high) // 2
        encoded = encode(smaller.make(room))
        weight = weigh(encoded)
        if weight <= max_bytes:
            fitting, low = encoded, room
        else:
            high = room
        if _ENOUGH * max_bytes <= weight <= max_bytes or high - low <= _CLOSE:
            break
        room = int(room * _AIM * max_bytes / weight)
    return encode(smaller.make(_LEAST_ROOM)) if fitting is None else fitting


def replace_trail(event: ErrorEvent, kept: tuple[Breadcrumb, ...]) -> ErrorEvent:
    """Return the event with only some of its breadcrumbs; those left out are counted as dropped."""
    if len(kept) == len(event.breadcrumbs):
        return replace(event, breadcrumbs=kept)
    before, after = (Counter(item.category for item in trail) for trail in (event.breadcrumbs, kept))
    return replace(
        event,
        breadcrumbs=kept,
        dropped=event.dropped + len(event.breadcrumbs) - len(kept),
        dropped_by_category=dict(Counter(event.dropped_by_category) + (before - after)),
    )


def weigh_event(event: ErrorEvent) -> int:
    """Return how many bytes an event takes as JSON, roughly."""
    return _FIXED_BYTES + sum(_weigh_parts(event).values()) + sum(map(weigh_breadcrumb, event.breadcrumbs))


class EventRoom:
    """
    Makes an event smaller, by as much as it is asked to.

    Args:
        event: The event, whose parts are weighed once.

    """

    def __init__(self, event: ErrorEvent) -> None:
        self._event = event
        self._exceptions = ExceptionsRoom(event.exceptions)
        self._breadcrumb_weights = [*map(weigh_breadcrumb, event.breadcrumbs)]
        self._weights = {**_weigh_parts(event), "breadcrumbs": sum(self._breadcrumb_weights)}
        # Breadcrumbs that go are counted.
        self._weights["counts"] += _COUNT_BYTES * len({item.category for item in event.breadcrumbs})
        self.weight = _FIXED_BYTES + sum(self._weights.values())

    def make(self, room: int) -> ErrorEvent:
        """Return as much of the event as there is room for, in bytes of JSON, roughly."""
        given = split_room([*self._weights.values()], [_SHARES[name] for name in self._weights], room - _FIXED_BYTES)
        rooms = dict(zip(self._weights, given, strict=True))
        kept = choose_breadcrumbs(self._event.breadcrumbs, self._breadcrumb_weights, rooms["breadcrumbs"])
        event = replace_trail(self._event, kept)
        exceptions = self._exceptions.make(rooms["exceptions"], variables=rooms["variables"], lines=rooms["lines"])
        resource = sorted(event.resource.items(), key=_is_detail)
        attributes = cut_mapping(event.attributes, rooms["attributes"])
        counts = [weigh_value(dict(counts)) for counts in (event.dropped_by_category, event.scrubbed)]
        for_dropped, for_scrubbed = split_room(counts, (2, 1), rooms["counts"])
        return replace(
            _cut_names(event, rooms["names"]),
            exceptions=exceptions,
            stacktrace=_cut_stacktrace(event.stacktrace, rooms["stacktrace"]),
            source=cut_to_room(event.source, rooms["source"]),
            attributes=attributes,
            context=tuple(name for name in event.context if name in attributes),
            resource=cut_mapping(dict(resource), rooms["resource"]),
            dropped_by_category=cut_counts(event.dropped_by_category, for_dropped),
            scrubbed=cut_counts(event.scrubbed, for_scrubbed),
        )


def _keep(event: ErrorEvent) -> ErrorEvent:
    return event


def _is_detail(item: tuple[str, Any]) -> bool:
    """Return whether an attribute of the resource says nothing about which service it is."""
    return not item[0].startswith(("service.", "deployment."))


def _weigh_parts(event: ErrorEvent) -> dict[str, int]:
    """Return the weights of the parts of an event, but for its breadcrumbs."""
    frames = [frame for info in event.exceptions for frame in info.frames]
    return {
        "exceptions": sum(map(weigh_exception, event.exceptions)),
        "stacktrace": weigh_value(event.stacktrace),
        "lines": sum(weigh_value(frame.lines) for frame in frames if frame.lines),
        "variables": sum(weigh_value(dict(frame.locals)) for frame in frames if frame.locals),
        "source": weigh_value(event.source),
        "attributes": weigh_value([dict(event.attributes), event.context]),
        "resource": weigh_value(dict(event.resource)),
        "names": weigh_value([event.operation, event.thread, event.mechanism, event.fingerprint]),
        "counts": weigh_value([dict(event.dropped_by_category), dict(event.scrubbed)]),
    }


def _weigh_at_most(event: ErrorEvent) -> int:
    return _FIXED_BYTES + sum(_weigh_parts(event).values()) + weigh_at_most(event.breadcrumbs)


def _cut_names(event: ErrorEvent, room: int) -> ErrorEvent:
    names = cut_texts((event.operation, event.thread, event.mechanism, event.fingerprint), room)
    operation, thread, mechanism, fingerprint = names
    return replace(event, operation=operation, thread=thread, mechanism=mechanism or "", fingerprint=fingerprint or "")


def _cut_stacktrace(text: str, room: int) -> str:
    """Return a stack trace of which the middle goes, and the count of frames there stays."""
    return shorten_to_room(
        text, room, lambda whole, length: cut_middle(whole, length) if length > _CLOSE else cut_to_room(whole, room)
    )
