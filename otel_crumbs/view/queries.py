"""
The questions that one asks the store: pages, commands and agents get the same answers.

All of them take the store first, and may be asked from any thread.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .filters import Filters, make_condition
from .store import Store
from .summary import unpack_document

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


def list_errors(store: Store, filters: Filters | None = None) -> list[ErrorRow]:
    """Return the error events that match, the newest first."""
    condition, parameters = make_condition(filters or Filters())
    statement = (
        f"SELECT {_COLUMNS} FROM errors WHERE {condition} ORDER BY time DESC, number DESC LIMIT :limit OFFSET :offset"  # noqa: S608 - the condition has placeholders
    )
    return [*map(_make_row, store.select(statement, parameters))]


def get_rows(store: Store, numbers: Iterable[int]) -> dict[int, ErrorRow]:
    """Return the rows of the error events that have these numbers, and are still there."""
    listed = ", ".join(map(str, numbers))
    found = store.select(f"SELECT {_COLUMNS} FROM errors WHERE number IN ({listed})")  # noqa: S608 - numbers
    return {row["number"]: _make_row(row) for row in found}


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
        near = f"""SELECT number FROM errors WHERE series_number = series.number AND (time, number) {sign} (?, ?)
            ORDER BY time {order}, number {order} LIMIT 1"""  # noqa: S608 - constant
        statement = f"""SELECT {_COLUMNS} FROM errors WHERE number IN (SELECT ({near}) FROM series
            WHERE group_number = (SELECT number FROM groups WHERE name = ?))
            ORDER BY time {order}, number {order} LIMIT 1"""  # noqa: S608 - constant
        found = store.select(statement, (row.timestamp, row.number, row.group))
        ends.append(_make_row(found[0]) if found else None)
    return ends[0], ends[1]


def list_choices(store: Store, column: str) -> list[str]:
    """Return the values that the events have for ``service``, ``level`` or ``mechanism``."""
    if column not in {"service", "level", "mechanism"}:
        raise ValueError(column)
    statement = f"SELECT DISTINCT {column} FROM series ORDER BY 1 LIMIT 500"  # noqa: S608 - one of three names
    return [value for [value] in store.select(statement)]


def _make_row(row: sqlite3.Row) -> ErrorRow:
    values = dict(row)
    return ErrorRow(timestamp=values.pop("time"), group=values.pop("group_name"), **values)


def find_period(hours: float) -> int:
    """Return the moment that many hours ago, in nanoseconds since the epoch, for `Filters.since`."""
    return time.time_ns() - int(hours * 3600e9)
