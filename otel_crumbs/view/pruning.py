"""The removal of what is too old, or has no room: rows of traces first, which are many, then the oldest errors."""

from __future__ import annotations

import sqlite3

from .summary import collect_words, unpack_document

# Of events and rows, between two looks at the size.
INTERVAL = 500
# At once, of what is there.
_SHARE_OF_RECORDS = 0.25
_SHARE_OF_ERRORS = 0.1
# It may be that one event is larger than all the room there is.
_MAX_ROUNDS = 50
# Numbers grow with the time of receiving, so the first row that may stay ends the search; there is no index of times.
_RECEIVED_BEFORE = """number < coalesce((SELECT number FROM {table} WHERE received >= ? ORDER BY number LIMIT 1),
  9223372036854775807)"""


def remove_old(connection: sqlite3.Connection, oldest: int) -> int:
    """Remove what was received before a time, and return how many error events went."""
    connection.execute(f"DELETE FROM records WHERE {_RECEIVED_BEFORE.format(table='records')}", (oldest,))  # noqa: S608 - constant
    statement = f"SELECT number FROM errors WHERE {_RECEIVED_BEFORE.format(table='errors')}"  # noqa: S608 - constant
    numbers = [number for [number] in connection.execute(statement, (oldest,))]
    _remove_errors(connection, numbers)
    return len(numbers)


def shrink(connection: sqlite3.Connection, max_bytes: int) -> int:
    """Remove the oldest until the rest has room, and return how many error events went."""
    removed = 0
    for _ in range(_MAX_ROUNDS):
        if measure_size(connection) <= max_bytes:
            break
        records = _remove_oldest_records(connection)
        errors = _remove_oldest_errors(connection) if records == 0 else 0
        removed += errors
        if not records and not errors:
            break
    return removed


def measure_size(connection: sqlite3.Connection) -> int:
    """Return the bytes of the pages that hold something."""
    [size] = connection.execute(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    ).fetchone()
    return int(size)


def _remove_oldest_records(connection: sqlite3.Connection) -> int:
    [count] = connection.execute("SELECT count(*) FROM records").fetchone()
    share = int(count * _SHARE_OF_RECORDS) + (count > 0)
    statement = "DELETE FROM records WHERE number IN (SELECT number FROM records ORDER BY number LIMIT ?)"
    return connection.execute(statement, (share,)).rowcount


def _remove_oldest_errors(connection: sqlite3.Connection) -> int:
    [count] = connection.execute("SELECT count(*) FROM errors").fetchone()
    share = int(count * _SHARE_OF_ERRORS) + (count > 0)
    found = connection.execute("SELECT number FROM errors ORDER BY number LIMIT ?", (share,))
    numbers = [number for [number] in found]
    _remove_errors(connection, numbers)
    return len(numbers)


def _remove_errors(connection: sqlite3.Connection, numbers: list[int]) -> None:
    touched = set()
    for number in numbers:
        [series] = connection.execute("SELECT series_number FROM errors WHERE number = ?", (number,)).fetchone()
        touched.add(series)
        [body] = connection.execute("SELECT body FROM documents WHERE number = ?", (number,)).fetchone()
        # The index keeps no text of its own, and has to be given what was put in.
        words = collect_words(unpack_document(body))
        connection.execute("INSERT INTO texts (texts, rowid, words) VALUES ('delete', ?, ?)", (number, words))
        connection.execute("DELETE FROM documents WHERE number = ?", (number,))
        connection.execute("DELETE FROM errors WHERE number = ?", (number,))
    for series in touched:
        _count_again(connection, series)


def _count_again(connection: sqlite3.Connection, series: int) -> None:
    [errors, *rest] = connection.execute(
        "SELECT count(*), sum(held_back), min(time), max(time) FROM errors WHERE series_number = ?", (series,)
    ).fetchone()
    if errors:
        statement = "UPDATE series SET errors = ?, held_back = ?, first = ?, last = ? WHERE number = ?"
        connection.execute(statement, (errors, *rest, series))
        return
    [[group]] = connection.execute("DELETE FROM series WHERE number = ? RETURNING group_number", (series,)).fetchall()
    connection.execute(
        "DELETE FROM groups WHERE number = ? AND NOT EXISTS (SELECT 1 FROM series WHERE group_number = ?)",
        (group, group),
    )
