"""Events from files: a Collector's file export, JSON lines of our documents, or a spool folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from otel_crumbs.export.http.document import document_of
from otel_crumbs.export.spool.codec import UnreadableError, decode_events
from otel_crumbs.export.spool.spool_file import count_events

from .addresses import EVENTS, JSON, LOGS, TRACES
from .body import RefusedError
from .error_document import clean_document
from .receiving import Received, read_body
from .store import Store
from .store_error import StoreError

_GZIP = b"\x1f\x8b"
# Of one line: an event that is larger was not sent by us.
_MAX_LINE = 64 * 1024 * 1024
_KINDS = {"resourceLogs": LOGS, "resourceSpans": TRACES, "event_id": EVENTS}


def read_into(store: Store, path: Path) -> int:
    """
    Put the events of a file or a folder into a store, and return how many were new.

    Raises:
        StoreError: If it cannot be read.

    """
    try:
        found = [*_iterate_files(path)]
        return sum(store.add(received.documents, received.records) for each in found for received in _read_file(each))
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; name a file or a folder that can be read") from error


def _iterate_files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from sorted(each for each in path.rglob("*") if each.is_file())


def _read_file(path: Path) -> Iterator[Received]:
    spooled = _read_spooled(path)
    if spooled is not None:
        yield spooled
        return
    with _open(path) as file:
        number = 0
        while line := file.readline(_MAX_LINE):
            number += 1
            if line.strip():
                yield _read_line(line, f"{path}, line {number}")


def _read_spooled(path: Path) -> Received | None:
    """Return the events of a file of the spool, None for another file."""
    if path.suffix in {".jsonl", ".gz"} or path.stat().st_size > _MAX_LINE:
        return None
    try:
        events = decode_events(path.read_bytes(), max(1, count_events(path.name)))
    except (UnreadableError, UnicodeDecodeError):
        return None
    return Received(documents=tuple(clean_document(document_of(event)) for event in events))


def _read_line(line: bytes, place: str) -> Received:
    try:
        plain: Any = json.loads(line)
        path = next((kind for name, kind in _KINDS.items() if name in plain), None)
    except (ValueError, TypeError, RecursionError) as error:
        raise StoreError(f"{place}: it is no JSON; --read takes lines of JSON, and spool folders") from error
    if path is None:
        # Metrics, for instance, which a Collector may write into the same file.
        return Received()
    try:
        return read_body(path, line, JSON)
    except RefusedError as refused:
        raise StoreError(f"{place}: {refused.reason}") from refused


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]  # it reads bytes
