"""
The texts by which entries are recorded: what they say without being rendered.

They are scrubbed by whoever reads them, before they leave the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from otel_crumbs.sources.logs.entry import LOG_LINE
from otel_crumbs.sources.notes import NOTE
from otel_crumbs.sources.spans.entry import ROOT_SPAN, SPAN, SPAN_IN_FLIGHT
from otel_crumbs.trails import CATEGORY, KIND, LEVELS, NOTABLE, Entry, EntryKind

from .layout import ITEM, PART, VALUE

# Of one value, in characters.
_MAX_VALUE = 200
_LEVELS = {level: number for number, level in enumerate(LEVELS)}
_INFO, _WARNING, _FATAL = _LEVELS["info"], _LEVELS["warning"], _LEVELS["fatal"]
_SIMPLE = frozenset({str, int, float, bool})
# The spans' own hooks record these.
_SPANS = frozenset({SPAN, SPAN_IN_FLIGHT, ROOT_SPAN})

# By kind, the function that returns the level and the text of an entry.
Describe = Callable[[Any], tuple[int, str]]


def describe_entry(entry: Entry) -> tuple[int, str] | None:
    """Return the level and the text of an entry; None for those of spans."""
    kind = entry[KIND]
    if kind is NOTE:
        return _describe_note(entry)
    if kind is LOG_LINE:
        return _describe_line(entry)
    return None if kind in _SPANS else _describe_other(entry)


def format_attributes(attributes: Mapping[str, Any]) -> str:
    """Return plain values with their names, as a part of a text."""
    return ITEM.join(
        [f"{key}{VALUE}{str(value)[:_MAX_VALUE]}" for key, value in attributes.items() if type(value) in _SIMPLE]
    )


def read_attributes(text: str) -> dict[str, Any]:
    """Return the values of such a part; whole numbers are numbers again."""
    found: dict[str, Any] = {}
    for item in text.split(ITEM):
        name, is_whole, value = item.partition(VALUE)
        if is_whole:
            found[name] = int(value) if value.isdecimal() and len(value) < 16 else value  # noqa: PLR2004 - no id is a number
    return found


def _describe_note(entry: Entry) -> tuple[int, str]:
    _, _, branch, _, category, message, level, kind, data = entry
    text = f"{category}{PART}{branch or ''}{PART}{kind}{PART}{message}"
    return _LEVELS[level], f"{text[:400]}{PART}{format_attributes(data)}" if data else text


def _describe_line(entry: Any) -> tuple[int, str]:
    message, args = entry[6], entry[7]
    if args and type(message) is str:
        # Where the application's format does not fit, its template says enough.
        with suppress(Exception):
            message = message % args
    number = entry[5]
    level = _FATAL if number >= 50 else max(0, number // 10 - 1) if number >= 10 else 0  # noqa: PLR2004 - as logging counts
    return level, f"{entry[4]}{PART}{entry[2] or ''}{PART}default{PART}{str(message)[:400]}"


def _describe_other(entry: Entry) -> tuple[int, str]:
    kind: EntryKind = entry[KIND]
    category = entry[CATEGORY]
    if not isinstance(category, str):
        category = kind.name_category(entry) if kind.name_category is not None else "other"
    words = " ".join([item[:_MAX_VALUE] for item in entry[CATEGORY + 1 :] if type(item) is str])
    return (_WARNING if entry[NOTABLE] else _INFO), f"{category}{PART}{entry[2] or ''}{PART}default{PART}{words}"
