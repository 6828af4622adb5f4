"""Notes: breadcrumbs that the application leaves itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from time import time_ns
from typing import Any, NamedTuple

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure, warn
from otel_crumbs.base.plain import MAX_MESSAGE, cut_text, to_plain, to_plain_mapping, to_text
from otel_crumbs.trails import LEVELS, NOTABLE_LEVELS, Breadcrumb, Entry, EntryKind, current

type_of = type  # the argument of that name hides it

# As Sentry's relay cuts them.
MAX_NAME = 128

_NOTABLE = {level: level in NOTABLE_LEVELS for level in LEVELS}
# Types of which no value is large, and the bounds of integers that are not.
_SMALL = frozenset({float, bool, type(None)})
_LEAST, _MOST = -(2**63), 2**63
# Of data that are copied as they are: the characters of a key and its text, and the items.
_LONG, _MANY = 512, 16
_SYNONYMS = {"warn": "warning", "critical": "fatal", "exception": "error", "notset": "debug"}


class NoteEntry(NamedTuple):
    """The references to a note; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    message: str
    level: str
    type: str
    data: Mapping[str, Any] | None


def record(
    message: str | None = None,
    *,
    category: str | None = None,
    level: str = "info",
    type: str = "default",  # noqa: A002 - the word of the wire format
    data: Mapping[str, Any] | None = None,
    timestamp: float | datetime | None = None,
) -> None:
    """
    Leave a breadcrumb right here.

    Never raises: what cannot be used is left out, with a warning.

    Args:
        message: A line that tells the story; made from *data* if None.
        category: Who says so, ``manual`` if None.
        level: ``debug``, ``info``, ``warning``, ``error`` or ``fatal``.
        type: ``default``, ``http``, ``query``, ``error``, ...
        data: Details; copied where they could change.
        timestamp: Seconds since the epoch or a datetime; now if None.

    """
    try:
        if type_of(data) is dict:
            data = data.copy() if _is_small(data) else to_plain_mapping(data)
        elif data is not None:
            data = _copy_data(data)
        if not (
            type_of(message) is type_of(category) is type_of(type) is str
            and level in LEVELS
            and len(message) + len(category) + len(type) <= MAX_MESSAGE
        ):
            level = level if level in LEVELS else parse_level_name(level)
            if message is None and not data:
                warn("record", "otel_crumbs.record() needs a message or data; this breadcrumb is left out.")
                return
            message, category, type = _make_message(message, data), _make_name(category), _make_name(type)  # noqa: A001 - the words of the wire format
        branch = current.find_branch()
        branch.append(
            (
                time_ns() if timestamp is None else to_nanoseconds(timestamp),
                _NOTABLE[level],
                branch.name,
                NOTE,
                category or "manual",
                message,
                level,
                type,
                data,
            )
        )
    except RecursionError:
        pass  # there is no room left on the stack, for a report neither
    except BaseException as error:
        # The cheapest call there is must not pay for a wrapping guard.
        if is_thrown_in(error):
            raise
        report_failure("a breadcrumb was recorded by hand", error)


def render_note(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a note."""
    kept = NoteEntry._make(entry)
    yield Breadcrumb(
        timestamp=kept.timestamp,
        type=to_text(kept.type or "default", MAX_NAME),
        category=to_text(kept.category, MAX_NAME),
        level=kept.level,
        message=to_text(kept.message, MAX_MESSAGE),
        data=to_plain_mapping(kept.data or {}),
        branch=kept.branch,
    )


NOTE = EntryKind(render=render_note)


def _is_small(data: dict[Any, Any]) -> bool:
    """Return whether data are a few simple values that cannot change, none of which is long."""
    for key, value in data.items():
        if type(key) is not str:
            return False
        kind = type(value)
        if kind is str:
            if len(key) + len(value) > _LONG:
                return False
        elif len(key) > _LONG or not (_LEAST < value < _MOST if kind is int else kind in _SMALL):
            return False
    return len(data) <= _MANY


def _make_message(message: object, details: Mapping[str, Any] | None) -> str:
    if type_of(message) is str:
        return message if len(message) <= MAX_MESSAGE else cut_text(message, MAX_MESSAGE)
    if message is None:
        return " ".join(f"{key}={value}" for key, value in to_plain_mapping(details or {}).items())
    return str(to_plain(message))


def _make_name(value: object) -> Any:
    if type_of(value) is str:
        return value if len(value) <= MAX_NAME else to_text(value, MAX_NAME)
    return value if value is None else str(to_plain(value))


def _copy_data(data: object) -> Mapping[str, Any]:
    if isinstance(data, Mapping):
        return to_plain_mapping(data)
    warn(
        "record data",
        "otel_crumbs.record(data=...) needs a mapping such as {'order': 42}, not %s; kept as {'value': ...}.",
        type(data).__name__,
    )
    return {"value": to_plain(data)}


def parse_level_name(level: object) -> str:
    """Return one of the five levels for a level's name; ``info`` where it names none."""
    name = str(to_plain(level)).lower()
    name = _SYNONYMS.get(name, name)
    if name in LEVELS:
        return name
    warn("record level", "otel_crumbs.record(level=...) is one of %s, not %r; taken as 'info'.", LEVELS, name)
    return "info"


def to_nanoseconds(timestamp: float | datetime) -> int:
    """Return a time as nanoseconds since the epoch; UTC where there is no zone, now where it is no time."""
    try:
        if isinstance(timestamp, datetime):
            aware = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=timezone.utc)
            return int(aware.timestamp() * 1e9)
        return int(float(timestamp) * 1e9)
    except (OverflowError, TypeError, ValueError):
        expected = "seconds since the epoch or a datetime"
        warn("record timestamp", "otel_crumbs.record(timestamp=...) is %s, not %r; now is taken.", expected, timestamp)
        return time_ns()
