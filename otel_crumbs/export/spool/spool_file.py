"""The files of the spool: how they are named, written and found."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from otel_crumbs.event import ErrorEvent

from .file_lock import UNREADABLE, is_own_file, lock_descriptor

_NAME = re.compile(
    r"(?P<turn>[01])-(?P<captured>\d{20})-[0-9A-Za-z]{1,64}(?:-(?P<count>\d{1,4}))?(?:@(?P<destination>[0-9a-f]{12}))?"
    r"\.event(?P<aside>\.unreadable)?"
)
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.unfinished")
# Writing takes less than a second, so the writer of a file that is older than this has died.
_UNFINISHED_SECONDS = 3600
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SpoolFile:
    """
    A file of the spool, as its name and stat() describe it.

    Args:
        turn: 0 for a fatal error, 1 for another.
        captured: When the error was captured, in nanoseconds since the epoch.
        name: The name of the file.
        bytes: The size of the file.
        modified: When the file was written, in seconds since the epoch.
        aside: Whether the file was set aside because it could not be read.
        count: How many events are in it.
        destination: The mark of the receiver that they were captured for, empty where it is not known.

    """

    turn: int
    captured: int
    name: str
    bytes: int
    modified: float
    aside: bool
    count: int
    destination: str


def name_file(events: Sequence[ErrorEvent], destination: str = "") -> str:
    """
    Return the name of a new file of events; names sort in the order of delivery: fatal errors, then the oldest.

    No two are the same: whoever deletes the file that it wrote must not delete another one of the same events.
    """
    event_id = re.sub(r"[^0-9A-Za-z]", "", events[0].event_id)[:48] + secrets.token_hex(4)
    fatal, first = any(event.fatal for event in events), min(event.timestamp for event in events)
    count = f"-{len(events)}" if len(events) > 1 else ""
    mark = f"@{destination}" if destination else ""
    return f"{0 if fatal else 1}-{max(first, 0):020d}-{event_id}{count}{mark}.event"


def mark_destination(address: str) -> str:
    """Return the mark of a receiver in the names of files; the address has no secrets."""
    return hashlib.sha256(address.encode("utf-8", "backslashreplace")).hexdigest()[:12] if address else ""


def is_for(name: str, destination: str) -> bool:
    """Return whether a file waits for delivery to a receiver; one without a mark is for any."""
    match = _NAME.fullmatch(name)
    return match is not None and not match["aside"] and match["destination"] in {None, destination}


def count_events(name: str) -> int:
    """Return how many events are in the file of a name."""
    match = _NAME.fullmatch(name)
    return int(match["count"] or 1) if match is not None else 0


def find_time(name: str) -> int:
    """Return when the first error of a file was captured, in nanoseconds since the epoch."""
    return int(name[2:22])


def name_folder(name: str) -> str:
    """Return the name of the folder of a service or an exporter; different names have different folders."""
    if _PLAIN.fullmatch(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:60] or "_"
    return f"{plain}.{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"


def iterate_files(folder: int) -> Iterator[SpoolFile]:
    """Iterate over the spool's files in an open folder; other files are passed over."""
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            with suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if match and is_own_file(found):
                    yield SpoolFile(
                        turn=int(match["turn"]),
                        captured=int(match["captured"]),
                        name=entry.name,
                        bytes=found.st_size,
                        modified=found.st_mtime,
                        aside=match["aside"] == UNREADABLE,
                        count=int(match["count"] or 1),
                        destination=match["destination"] or "",
                    )


def write_whole(folder: int, name: str, data: bytes, *, keep_locked: bool) -> int | None:
    """Write a file that appears complete or not at all; return its descriptor, locked, if *keep_locked*."""
    temporary = f".{secrets.token_hex(8)}.unfinished"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        _write_all(file, data)
        lock_descriptor(file)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        kept, file = (file, -1) if keep_locked else (None, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    finally:
        if file >= 0:
            os.close(file)
    return kept


def list_names(folder: int, at_most: int | None = None) -> list[str]:
    """Return the names of everything in an open folder, or so many of them; that looks at no file."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, at_most)]


def delete_unfinished(folder: int, names: Iterable[str]) -> None:
    """Delete those of a folder's files that processes did not finish because they died."""
    long_ago = time.time() - _UNFINISHED_SECONDS
    for name in names:
        if name.startswith(".") and _UNFINISHED.fullmatch(name):
            with suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if is_own_file(found) and found.st_mtime < long_ago:
                    os.unlink(name, dir_fd=folder)


def _write_all(file: int, data: bytes) -> None:
    os.fchmod(file, 0o600)
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
