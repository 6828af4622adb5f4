"""
The questions that one asks the store: pages, commands and agents get the same answers.

All of them take the store first, and may be asked from any thread.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .filters import Filters, make_condition
from .store import Store
from .summary import unpack_document

BARS = 24
# An id may be cut, as in other tools, as long as this many characters of it are there.
MIN_PREFIX = 6
_COLUMNS = """number, event_id, (SELECT name FROM groups WHERE groups.number = group_number) AS group_name, time,
service, level, mechanism, title, trace_id, span_id, breadcrumbs, held_back, last_category, last_message,
(SELECT operation FROM groups WHERE groups.number = group_number) AS operation"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """
    One error event as in a list.

    Args:
        number: Grows with each event that is stored.
        event_id: 32 hexadecimal digits.
        group: The name of its group.
        timestamp: When it happened, in nanoseconds since the epoch.
        service: The service that failed.
        level: ``error`` or ``fatal``.
        mechanism: What noticed it.
        operation: The name of the unit of work, or nothing.
        title: ``ValueError: boom``.
        trace_id: None where there is no trace.
        span_id: None where there is no trace.
        breadcrumbs: How many there were, those without room included.
        held_back: How many events of the same failure were not sent before this one.
        last_category: Of the newest breadcrumb.
        last_message: Of the newest breadcrumb.

    """

    number: int
    event_id: str
    group: str
    timestamp: int
    service: str
    level: str
    mechanism: str
    operation: str
    title: str
    trace_id: str | None
    span_id: str | None
    breadcrumbs: int
    held_back: int
    last_category: str
    last_message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredError:
    """An error event with its document, which is as ``docs/event.schema.json`` says."""

    row: ErrorRow
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    The error events of one failure that match.

    Args:
        name: By which it is asked for, 32 hexadecimal digits.
        type: Of the exception.
        frame: The application's innermost frame: ``shop/checkout.py:29 in pay``.
        operation: The name of the unit of work, or nothing.
        count: How many events there are.
        held_back: How many more there were, which the senders' rate limits held back.
        first: When the first was, in nanoseconds since the epoch.
        last: When the last was.
        services: Where it happened.
        bars: How many there were in each of `BARS` equal parts of the time of all groups that are listed.
        newest: The newest event.

    """

    name: str
    type: str
    frame: str
    operation: str
    count: int
    held_back: int
    first: int
    last: int
    services: tuple[str, ...]
    bars: tuple[int, ...]
    newest: ErrorRow


def list_groups(store: Store, filters: Filters | None = None) -> list[Group]:
    """Return the groups of the error events that match, that of the newest event first."""
    filters = filters or Filters()
    condition, parameters = make_condition(filters)
    if filters.is_open:
        found = store.select(
            "SELECT number, errors, held_back, first, last FROM groups ORDER BY last DESC LIMIT :limit OFFSET :offset",
            parameters,
        )
    else:
        found = store.select(
            f"SELECT group_number, count(*), sum(held_back), min(time), max(time) FROM errors WHERE {condition}"  # noqa: S608 - the condition has placeholders
            " GROUP BY group_number ORDER BY 5 DESC LIMIT :limit OFFSET :offset",
            parameters,
        )
    if not found:
        return []
    start = min(row[3] for row in found) if filters.since is None else filters.since
    end = max(row[4] for row in found) if filters.until is None else filters.until
    parts = _count_parts(store, [row[0] for row in found], filters, start, end)
    groups = (_make_group(store, row, filters, parts) for row in found)
    return [group for group in groups if group is not None]


def count_errors(store: Store, filters: Filters | None = None) -> tuple[int, int]:
    """Return how many groups and how many error events match."""
    filters = filters or Filters()
    if filters.is_open:
        [row] = store.select("SELECT count(*), coalesce(sum(errors), 0) FROM groups")
    else:
        condition, parameters = make_condition(filters)
        statement = f"SELECT count(DISTINCT group_number), count(*) FROM errors WHERE {condition}"  # noqa: S608 - it has placeholders
        [row] = store.select(statement, parameters)
    return row[0], row[1]


def list_errors(store: Store, filters: Filters | None = None) -> list[ErrorRow]:
    """Return the error events that match, the newest first."""
    condition, parameters = make_condition(filters or Filters())
    statement = (
        f"SELECT {_COLUMNS} FROM errors WHERE {condition} ORDER BY time DESC, number DESC LIMIT :limit OFFSET :offset"  # noqa: S608 - the condition has placeholders
    )
    return [*map(_make_row, store.select(statement, parameters))]


def get_error(store: Store, event_id: str) -> StoredError | None:
    """Return an error event by its id or the first characters of it, None where there is none or more than one."""
    if len(event_id) < MIN_PREFIX or not event_id.isalnum():
        return None
    statement = f"SELECT {_COLUMNS} FROM errors WHERE event_id >= ? AND event_id < ? LIMIT 2"  # noqa: S608 - constant
    found = store.select(statement, (event_id, event_id + "~"))
    if len(found) != 1:
        return None
    bodies = store.select("SELECT body FROM documents WHERE number = ?", (found[0]["number"],))
    return StoredError(row=_make_row(found[0]), document=unpack_document(bodies[0]["body"])) if bodies else None


def errors_of_trace(store: Store, trace_id: str, limit: int = 100) -> list[ErrorRow]:
    """Return the error events of one trace, of all services, the oldest first."""
    statement = f"SELECT {_COLUMNS} FROM errors WHERE trace_id = ? ORDER BY time, number LIMIT ?"  # noqa: S608 - constant
    return [*map(_make_row, store.select(statement, (trace_id, limit)))]


def find_newer(store: Store, number: int, limit: int = 100) -> list[ErrorRow]:
    """Return the error events that were stored after the one of that `ErrorRow.number`, in that order; 0 is all."""
    statement = f"SELECT {_COLUMNS} FROM errors WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608 - constant
    return [*map(_make_row, store.select(statement, (number, limit)))]


def find_last_number(store: Store) -> int:
    """Return the number of the event that was stored last, 0 where there is none."""
    [[number]] = store.select("SELECT coalesce(max(number), 0) FROM errors")
    return int(number)


def find_neighbours(store: Store, row: ErrorRow) -> tuple[ErrorRow | None, ErrorRow | None]:
    """Return the event before, and the one after an event in its group."""
    ends = []
    for sign, order in (("<", "DESC"), (">", "ASC")):
        statement = f"""SELECT {_COLUMNS} FROM errors WHERE group_number = (SELECT number FROM groups WHERE name = ?)
            AND (time, number) {sign} (?, ?) ORDER BY time {order}, number {order} LIMIT 1"""  # noqa: S608 - constant
        found = store.select(statement, (row.group, row.timestamp, row.number))
        ends.append(_make_row(found[0]) if found else None)
    return ends[0], ends[1]


def list_choices(store: Store, column: str) -> list[str]:
    """Return the values that the events have for ``service``, ``level`` or ``mechanism``."""
    if column not in {"service", "level", "mechanism"}:
        raise ValueError(column)
    # Jumps from value to value in the index: SQLite's DISTINCT would read all of it.
    statement = f"""WITH RECURSIVE found (value) AS (SELECT min({column}) FROM errors UNION ALL
        SELECT (SELECT min({column}) FROM errors WHERE {column} > value) FROM found WHERE value IS NOT NULL)
        SELECT value FROM found WHERE value IS NOT NULL LIMIT 500"""  # noqa: S608 - one of three names
    return [value for [value] in store.select(statement)]


def _count_parts(
    store: Store, groups: Sequence[int], filters: Filters, start: int, end: int
) -> dict[int, list[tuple[int, str, int]]]:
    """Return for each group how many events each part of the time and each service has."""
    condition, parameters = make_condition(filters)
    width = max(1, -(-(end - start + 1) // BARS))
    numbers = ", ".join(map(str, groups))
    statement = f"""SELECT group_number, (time - :start) / :width AS part, service, count(*) FROM errors
        WHERE group_number IN ({numbers}) AND {condition} GROUP BY 1, 2, 3"""  # noqa: S608 - numbers, and placeholders
    parts: dict[int, list[tuple[int, str, int]]] = {number: [] for number in groups}
    for number, part, service, count in store.select(statement, parameters | {"start": start, "width": width}):
        parts[number].append((min(max(part, 0), BARS - 1), service, count))
    return parts


def _make_group(
    store: Store, counted: sqlite3.Row, filters: Filters, parts: Mapping[int, list[tuple[int, str, int]]]
) -> Group | None:
    number, count, held_back, first, last = counted
    about = next(
        iter(store.select("SELECT name, type, frame, operation FROM groups WHERE number = ?", (number,))), None
    )
    newest = about and list_errors(store, replace(filters, group=about["name"], limit=1, offset=0))
    if not about or not newest:
        # It was removed meanwhile.
        return None
    bars = [0] * BARS
    for part, _, errors in parts[number]:
        bars[part] += errors
    services = sorted({service for _, service, _ in parts[number]})
    return Group(
        name=about["name"],
        type=about["type"],
        frame=about["frame"],
        operation=about["operation"],
        count=count,
        held_back=held_back,
        first=first,
        last=last,
        services=tuple(services),
        bars=tuple(bars),
        newest=newest[0],
    )


def _make_row(row: sqlite3.Row) -> ErrorRow:
    values = dict(row)
    return ErrorRow(timestamp=values.pop("time"), group=values.pop("group_name"), **values)


def find_period(hours: float) -> int:
    """Return the moment that many hours ago, in nanoseconds since the epoch, for `Filters.since`."""
    return time.time_ns() - int(hours * 3600e9)
