"""A failure of the store, in a sentence that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMEDIES = (
    ("full", "the disk is full: make room, or name a --file on another disk; senders keep what was not taken"),
    ("locked", "another process has it locked: end that, or name another --file"),
    ("not a database", "it is no database: move it away, or name another --file"),
    ("malformed", "it is broken: move it away, and start again"),
    ("readonly", "it may not be written: change its permissions, or name another --file"),
    ("unable to open", "it cannot be opened: change its permissions, or name another --file"),
    ("no such table", "it is a database of another program: name another --file"),
    ("disk i/o", "the disk does not read or write it: look at the disk, or name a --file on another one"),
)


class StoreError(Exception):
    """The store cannot be read or written."""


@contextmanager
def explain(file: Path | None) -> Iterator[None]:
    """Turn failures of SQLite and of the file into a `StoreError`."""
    name = "the store in memory" if file is None else str(file)
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        remedy = next((words for sign, words in _REMEDIES if sign in text.lower()), "name another --file")
        raise StoreError(f"{name}: {remedy} ({text})") from error
    except OSError as error:
        raise StoreError(f"{name}: {error.strerror or error}; name another --file") from error
