"""
Large values of spans, of which a trail keeps copies that are cut.

A span may have a body of ten megabytes among its attributes. What the
application exports of it stays as it is, and goes when it is exported; a trail
keeps it for as long as the work lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from opentelemetry.trace import Status

from otel_crumbs.base.plain import MAX_DEPTH, MAX_MESSAGE, ValueLimits, cut_text, to_plain

from .unsampled_span import RecordedEvent
from .unsampled_values import LEAST, MOST

# Of all values of a span together: more than that are cut.
MAX_CHARACTERS = 32 * 1024

# Of what is no text, for each that is in it.
_SIZE = 8
_PARTS = (list, tuple, set, frozenset)


def count_characters(value: Any, depth: int = MAX_DEPTH) -> int:
    """Return how many characters a value has that is no text, or more where it is too deep to look."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value)
    if kind is int:
        return _SIZE if LEAST < value < MOST else MAX_CHARACTERS + 1
    if issubclass(kind, Mapping):
        value = [*dict(islice(value.items(), MAX_CHARACTERS)).items()]
    elif kind not in _PARTS:
        return _SIZE
    if depth <= 0 or len(value) > MAX_CHARACTERS // _SIZE:
        return MAX_CHARACTERS + 1
    total = 0
    for item in value:
        total += count_characters(item, depth - 1)
        if total > MAX_CHARACTERS:
            break
    return total


def has_large_attributes(name: Any, attributes: Mapping[str, Any]) -> bool:
    """Return whether a span without events keeps more than a trail should."""
    total = count_characters(name)
    for value in attributes.values():
        if type(value) is str:
            total += len(value)
        elif type(value) is not int or not LEAST < value < MOST:
            total += count_characters(value)
    return total > MAX_CHARACTERS


def has_large_values(name: Any, attributes: Mapping[str, Any], events: Iterable[Any], status: Status) -> bool:
    """Return whether a span that has ended keeps more than a trail should."""
    description = status.description
    total = count_characters(name)
    if description is not None:
        total += count_characters(description)
    for value in attributes.values():
        total += len(value) if type(value) is str else count_characters(value)
    for event in events:
        total += count_characters(event.name)
        if event.attributes:
            total += count_characters(dict(event.attributes))
    return total > MAX_CHARACTERS


def cut_attributes(attributes: Mapping[str, Any], limits: ValueLimits | None = None) -> dict[str, Any]:
    """Return a copy of attributes whose large values are cut; every one of them is there."""
    limits = limits or ValueLimits()
    return {limits.cut(cut_text(str(key))): to_plain(value, MAX_DEPTH, limits) for key, value in attributes.items()}


def cut_events(events: Iterable[Any]) -> tuple[RecordedEvent, ...]:
    """Return copies of events whose large values are cut, those of the newest last."""
    limits = ValueLimits()
    cut = [
        RecordedEvent(
            limits.cut(cut_text(str(event.name))), cut_attributes(event.attributes or {}, limits), event.timestamp
        )
        for event in reversed([*events])
    ]
    return tuple(reversed(cut))


def cut_status(status: Status) -> Status:
    """Return a status whose description is cut."""
    description = status.description
    if description is None or len(description) <= MAX_MESSAGE:
        return status
    return Status(status.status_code, cut_text(description, MAX_MESSAGE))
