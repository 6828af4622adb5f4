"""
The trail of an error on one axis of time, whose zero is the error.

Spans and log records that other services left in the same trace are in it, and
the times between in which nothing happened are rows of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .error_document import read_time
from .queries import ErrorRow, StoredError, errors_of_trace, get_error
from .store import Store

_NANOSECONDS = 1_000_000_000
# A time in which nothing happened has a row if it is as long as this share of the axis, and can be felt.
_GAP_SHARE, _SHORTEST_GAP = 0.08, _NANOSECONDS // 20
# Of other services' rows: a trace may have any number.
MAX_RECORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilters:
    """
    Which rows of a trail are wanted; what is empty does not matter.

    Args:
        categories: Some of these.
        levels: Some of these.
        text: Stands in message, category or data, in any case.
        before_s: At most so many seconds before the error.

    """

    categories: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    text: str = ""
    before_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRow:
    """
    One thing on the axis.

    Args:
        kind: ``breadcrumb``, ``span`` or ``log`` of another service, ``gap``, or ``error``.
        offset: Its start, in nanoseconds after the error: mostly less than 0.
        duration: How long it took, in nanoseconds.
        category: As of a breadcrumb.
        level: As of a breadcrumb.
        message: A line for people.
        data: Details.
        service: The service that left it.
        branch: The thread or task, where that is not the operation's first.
        repeated: How many times it happened in a row.
        in_flight: Whether it had not ended when the error came.
        span_id: The span that it comes from, or nothing.
        event_id: Of the error event that it is, or nothing.

    """

    kind: str
    offset: int
    duration: int = 0
    category: str = ""
    level: str = "info"
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    service: str = ""
    branch: str = ""
    repeated: int = 1
    in_flight: bool = False
    span_id: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """
    All rows of one axis.

    Args:
        rows: In order of time.
        left_out: How many rows the filters left out.
        earlier: How many rows before these there are, which a page has no room for.
        dropped: How many breadcrumbs had no room when they were recorded, by category.
        start: The first moment of the axis, in nanoseconds after the error.
        end: Its last moment.

    """

    rows: tuple[TrailRow, ...]
    left_out: int = 0
    earlier: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    start: int = 0
    end: int = 0


def read_trail(store: Store, event_id: str, filters: TrailFilters | None = None) -> Trail | None:
    """Return the trail of an error event, with the rows of other services; None where there is no such event."""
    error = get_error(store, event_id)
    return None if error is None else make_trail(store, error, filters)


def make_trail(store: Store, error: StoredError, filters: TrailFilters | None = None) -> Trail:
    """Return the trail of an error event that is at hand."""
    siblings = errors_of_trace(store, error.row.trace_id) if error.row.trace_id else []
    rows = [
        *iterate_breadcrumbs(error, error.row.timestamp, siblings),
        *iterate_records(store, error.row),
        *(_make_error_row(each, error.row.timestamp) for each in siblings if each.service != error.row.service),
        _make_error_row(error.row, error.row.timestamp),
    ]
    return arrange(rows, error.document["dropped_by_category"], filters)


def make_trail_of_trace(store: Store, trace_id: str, filters: TrailFilters | None = None) -> Trail | None:
    """Return all errors of a trace with their trails on one axis, whose zero is the last error."""
    siblings = errors_of_trace(store, trace_id)
    if not siblings:
        return None
    zero = siblings[-1].timestamp
    rows: dict[Any, TrailRow] = {}
    dropped: dict[str, int] = {}
    for row in siblings:
        error = get_error(store, row.event_id)
        if error is None:
            continue
        for crumb in iterate_breadcrumbs(error, zero, siblings):
            # Two errors of one operation have most of their trail in common.
            rows.setdefault((crumb.offset, crumb.category, crumb.message, crumb.service), crumb)
        for category, count in error.document["dropped_by_category"].items():
            dropped[category] = max(count, dropped.get(category, 0))
        rows[row.event_id] = _make_error_row(row, zero)
    for record in iterate_records(store, siblings[-1], services=[row.service for row in siblings]):
        rows.setdefault((record.offset, record.message, record.service), record)
    return arrange([*rows.values()], dropped, filters)


def iterate_breadcrumbs(error: StoredError, zero: int, siblings: Sequence[ErrorRow] = ()) -> Iterator[TrailRow]:
    """Iterate over the breadcrumbs of an event as rows; one that is an error of its own has that one's id."""
    others = [row for row in siblings if row.event_id != error.row.event_id]
    for crumb in error.document["breadcrumbs"]:
        start = read_time(crumb["timestamp"]) or error.row.timestamp
        duration = int(crumb.get("duration_ms", 0) * 1e6)
        if crumb.get("in_flight"):
            # It had not ended: its bar goes on to the error.
            duration = max(duration, error.row.timestamp - start)
        yield TrailRow(
            kind="breadcrumb",
            offset=start - zero,
            duration=min(duration, 2**62),
            category=crumb["category"] or crumb["type"],
            level=crumb["level"],
            message=crumb["message"],
            data=crumb["data"],
            service=error.row.service,
            branch=crumb.get("branch", ""),
            repeated=crumb.get("repeated", 1),
            in_flight=bool(crumb.get("in_flight")),
            span_id=crumb.get("span_id", ""),
            event_id=_find_event(crumb, start, others),
        )


def iterate_records(store: Store, row: ErrorRow, services: Sequence[str] = ()) -> Iterator[TrailRow]:
    """Iterate over the spans and log records that services without an error on this axis left in its trace."""
    own = {row.service, *services}
    statement = "SELECT * FROM records WHERE trace_id = ? ORDER BY time LIMIT ?"
    for record in store.select(statement, (row.trace_id or "", MAX_RECORDS)):
        if record["service"] in own:
            continue
        yield TrailRow(
            kind=record["kind"],
            offset=record["time"] - row.timestamp,
            duration=record["duration"],
            category=record["category"],
            level=record["level"],
            message=record["message"],
            data=json.loads(record["data"]),
            service=record["service"],
            span_id=record["span_id"],
        )


def arrange(rows: Iterable[TrailRow], dropped: Mapping[str, int], filters: TrailFilters | None) -> Trail:
    """Return the rows that are wanted in order of time, with the times between in which nothing happened."""
    # What began at one moment stays in its order, and an error comes last.
    ordered = sorted(rows, key=lambda row: (row.offset, row.kind == "error"))
    wanted = [row for row in ordered if filters is None or matches(row, filters)]
    start = min((row.offset for row in wanted), default=0)
    end = max((row.offset + row.duration for row in wanted), default=0)
    end = max(end, 0)
    return Trail(
        rows=tuple(_name_gaps(wanted, end - start)),
        left_out=len(ordered) - len(wanted),
        dropped=dict(dropped),
        start=start,
        end=end,
    )


def keep_newest(trail: Trail, limit: int) -> Trail:
    """Return a trail with so many rows before the error, and what comes after it."""
    zero = next((index for index, row in enumerate(trail.rows) if row.kind == "error" and row.offset == 0), 0)
    begin = max(0, zero - limit)
    if begin == 0:
        return trail
    rows = trail.rows[begin:]
    return replace(trail, rows=rows, earlier=begin, start=min(row.offset for row in rows))


def matches(row: TrailRow, filters: TrailFilters) -> bool:
    """Return whether a row is wanted; the error always is."""
    if row.kind == "error":
        return True
    if filters.before_s is not None and row.offset + row.duration < -filters.before_s * _NANOSECONDS:
        return False
    if filters.categories and row.category not in filters.categories:
        return False
    if filters.levels and row.level not in filters.levels:
        return False
    text = filters.text.casefold()
    return not text or text in f"{row.category} {row.message} {json.dumps(row.data, ensure_ascii=False)}".casefold()


def format_offset(nanoseconds: int) -> str:
    """Return a time before or after the error: ``-1.24 s``; the error itself is at ``0``."""
    sign = "-" if nanoseconds < 0 else "+"
    return f"{sign}{format_duration(abs(nanoseconds))}" if nanoseconds else "0"


def format_duration(nanoseconds: int) -> str:
    """Return a time span with three digits and its unit: ``1.24 s``, ``120 ms``, ``0.35 ms``."""
    seconds = nanoseconds / _NANOSECONDS
    if seconds >= 86400:  # noqa: PLR2004 - a day
        return f"{seconds / 86400:.1f} d"
    if seconds >= 3600:  # noqa: PLR2004 - an hour
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    if seconds >= 60:  # noqa: PLR2004 - a minute
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    unit, number = ("s", seconds) if seconds >= 1 else ("ms", seconds * 1000)
    digits = 0 if number >= 100 else 1 if number >= 10 else 2  # noqa: PLR2004 - three digits in all
    return f"{number:.{digits}f} {unit}"


def _make_error_row(row: ErrorRow, zero: int) -> TrailRow:
    return TrailRow(
        kind="error",
        offset=row.timestamp - zero,
        category="error",
        level=row.level,
        message=row.title,
        service=row.service,
        span_id=row.span_id or "",
        event_id=row.event_id,
    )


def _find_event(crumb: Mapping[str, Any], start: int, others: Sequence[ErrorRow]) -> str:
    if crumb["level"] not in {"error", "fatal"} and crumb["type"] != "error":
        return ""
    for row in others:
        near = abs(row.timestamp - start) < _NANOSECONDS
        if near and (row.title in crumb["message"] or crumb["message"] in row.title):
            return row.event_id
    return ""


def _name_gaps(rows: Sequence[TrailRow], length: int) -> Iterator[TrailRow]:
    least = max(int(length * _GAP_SHARE), _SHORTEST_GAP)
    reached = rows[0].offset if rows else 0
    for row in rows:
        if row.offset - reached >= least:
            gap = row.offset - reached
            yield TrailRow(kind="gap", offset=reached, duration=gap, message=f"{format_duration(gap)} nothing")
        reached = max(reached, row.offset + row.duration)
        yield row


def cut_row(row: TrailRow, characters: int) -> TrailRow:
    """Return a row whose message has at most that many characters."""
    fits = len(row.message) <= characters
    return row if fits else replace(row, message=f"{row.message[: max(0, characters - 1)]}…")
