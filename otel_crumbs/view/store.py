"""
The viewer's store: one SQLite file with what was received, bounded by bytes and age.

A request is one transaction, which is in the file before the sender has its
answer: a process that is killed loses nothing that it acknowledged.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_path

from . import pruning
from .record import Record
from .store_error import StoreError, explain
from .summary import Summary, collect_words, pack_document, summarise_document
from .tables import TABLES, UPGRADES, VERSION_OF_TABLES

if TYPE_CHECKING:
    from typing_extensions import Self

DEFAULT_MAX_BYTES = 500 * 1024 * 1024
DEFAULT_MAX_AGE = 30 * 24 * 3600.0
# Another process may be writing: seconds to wait for it.
_PATIENCE = 5.0
_MAX_INTEGER = 2**63 - 1
_FILE_MODE = 0o600

_ADD_GROUP = """
INSERT INTO groups (name, type, frame, operation) VALUES (:group, :type, :frame, :operation)
ON CONFLICT (name) DO UPDATE SET frame = excluded.frame
RETURNING number
"""
_ADD_TO_SERIES = """
INSERT INTO series (group_number, service, level, mechanism, errors, held_back, first, last)
VALUES (:group_number, :service, :level, :mechanism, 1, :held_back, :timestamp, :timestamp)
ON CONFLICT (group_number, service, level, mechanism) DO UPDATE SET errors = errors + 1,
  held_back = held_back + excluded.held_back, first = min(first, excluded.first), last = max(last, excluded.last)
RETURNING number
"""
_ADD_ERROR = """
INSERT INTO errors (event_id, group_number, series_number, time, received, service, level, mechanism, title, trace_id,
  span_id, breadcrumbs, held_back, last_category, last_message)
VALUES (:event_id, :group_number, :series_number, :timestamp, :received, :service, :level, :mechanism, :title,
  :trace_id, :span_id, :breadcrumbs, :held_back, :last_category, :last_message)
RETURNING number
"""
_ADD_RECORD = """
INSERT OR IGNORE INTO records (trace_id, digest, kind, span_id, service, time, received, duration, level, category,
  message, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def find_default_file() -> Path:
    """Return the place of the store in the user's state directory."""
    return user_state_path("otel-crumbs", appauthor=False) / "view.sqlite3"


class Store:
    """
    Keeps error events and rows of traces.

    Args:
        file: The database; None keeps everything in memory.
        max_bytes: The oldest is removed where it grows larger.
        max_age: What is older, in seconds, is removed.
        read_only: For who only asks; nothing is created.

    Raises:
        StoreError: If it cannot be opened.

    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        max_age: float = DEFAULT_MAX_AGE,
        read_only: bool = False,
    ) -> None:
        self.file = file
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._lock = threading.RLock()
        self._added = 0
        with explain(file):
            self._connection = _connect(file, read_only=read_only)
            try:
                _prepare_tables(self._connection, file, read_only=read_only)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def select(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        """
        Return the rows of a query.

        Raises:
            StoreError: If the file cannot be read.

        """
        with self._lock, explain(self.file):
            return self._connection.execute(statement, parameters).fetchall()

    def add(self, documents: Sequence[Mapping[str, Any]], records: Sequence[Record] = ()) -> int:
        """
        Keep error events and rows of traces, and return how many events are new.

        Raises:
            StoreError: If nothing of it is stored.

        """
        prepared = [(summarise_document(each), each) for each in documents]
        now = time.time_ns()
        with self._write() as connection:
            added = sum(_add_error(connection, summary, document, now) for summary, document in prepared)
            connection.executemany(_ADD_RECORD, (_make_row(record, now) for record in records))
            self._added += len(documents) + len(records)
        if self._added >= pruning.INTERVAL:
            self.prune()
        return added

    def prune(self) -> int:
        """Remove what is too old or has no room, and return how many error events went."""
        with self._write() as connection:
            self._added = 0
            oldest = time.time_ns() - int(self.max_age * 1e9)
            removed = pruning.remove_old(connection, oldest) + pruning.shrink(connection, self.max_bytes)
        with self._lock, explain(self.file):
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        return removed

    def clear(self) -> None:
        """Remove everything."""
        with self._write() as connection:
            pruning.remove_old(connection, _MAX_INTEGER)

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, explain(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _connect(file: Path | None, *, read_only: bool) -> sqlite3.Connection:
    if file is None:
        connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    elif read_only:
        if not file.is_file():
            raise StoreError(f"there is no {file}: start `otel-crumbs view`, which receives events, or name its --file")
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE, check_same_thread=False
        )
    else:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Errors of an application are nobody else's business.
        file.touch(mode=_FILE_MODE)
        connection = sqlite3.connect(file, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _prepare_tables(connection: sqlite3.Connection, file: Path | None, *, read_only: bool) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION_OF_TABLES:
        raise StoreError(f"{file} is of a later release: install that, or name another --file")
    if read_only:
        if 0 < version < VERSION_OF_TABLES:
            raise StoreError(f"{file} is of an earlier release: start `otel-crumbs view`, which brings it up to date")
        return
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    _change_tables(connection, version)
    # What is committed survives the end of the process; only the machine's own end may cost the last moments.
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = NORMAL")


def _change_tables(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables of a new file, or what an earlier release's file lacks: all of it or nothing."""
    steps = [TABLES] if version == 0 else [UPGRADES[each] for each in range(version, VERSION_OF_TABLES)]
    if steps:
        script = "".join(steps)
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}PRAGMA user_version = {VERSION_OF_TABLES};\nCOMMIT;")


def _add_error(connection: sqlite3.Connection, summary: Summary, document: Mapping[str, Any], now: int) -> bool:
    """Keep an event, and return whether it is new: senders send again what they got no answer for."""
    columns = {name: _to_column(value) for name, value in asdict(summary).items()}
    if connection.execute("SELECT 1 FROM errors WHERE event_id = ?", (summary.event_id,)).fetchone():
        return False
    columns["received"] = now
    [columns["group_number"]] = connection.execute(_ADD_GROUP, columns).fetchone()
    [columns["series_number"]] = connection.execute(_ADD_TO_SERIES, columns).fetchone()
    [number] = connection.execute(_ADD_ERROR, columns).fetchone()
    connection.execute("INSERT INTO documents VALUES (?, ?)", (number, pack_document(document)))
    connection.execute("INSERT INTO texts (rowid, words) VALUES (?, ?)", (number, collect_words(document)))
    return True


def _make_row(record: Record, now: int) -> tuple[Any, ...]:
    data = json.dumps(record.data, default=str)
    identity = (record.kind, record.span_id, record.timestamp, record.message)
    digest = int.from_bytes(blake2b(repr(identity).encode("utf-8", "replace"), digest_size=7).digest(), "big")
    columns = (record.kind, record.span_id, record.service, record.timestamp, now, record.duration)
    words = (record.level, record.category, record.message)
    return (record.trace_id, digest, *map(_to_column, (*columns, *words)), data)


def _to_column(value: Any) -> Any:
    return min(value, _MAX_INTEGER) if isinstance(value, int) else value
