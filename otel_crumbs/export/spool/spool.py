"""
The spool: undelivered events as files, which any later process of the same service delivers.

The files of one service and exporter are in a private folder, bounded in bytes
and age. A file appears whole, by a rename, and the process that delivers it
holds a lock on it.
"""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from pathlib import Path

from otel_crumbs.base.defaults import DEFAULT_MAX_SPOOL_BYTES
from otel_crumbs.event import ErrorEvent

from .file_lock import LockedFile, lock_file
from .private_folder import PrivateFolder
from .spool_file import SpoolFile, delete_unfinished, iterate_files, name_file, name_folder, write_whole

# After a week an error is no news.
MAX_AGE_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """
    The contents of a spool.

    Args:
        waiting: The names of the files to deliver, in the order of delivery.
        bytes: The size of all files together.
        oldest: When the oldest error was captured, in nanoseconds since the epoch.
        set_aside: How many files could not be read.

    """

    waiting: tuple[str, ...] = ()
    bytes: int = 0
    oldest: int | None = None
    set_aside: int = 0


class Spool:
    """
    The files of one service and exporter.

    Args:
        base: The folder for all services.
        service: The service's name.
        exporter: The exporter's name.
        max_bytes: The size that the files may have together; the oldest make room.

    """

    def __init__(self, base: Path, *, service: str, exporter: str, max_bytes: int = DEFAULT_MAX_SPOOL_BYTES) -> None:
        self._folder = PrivateFolder(base, name_folder(service), name_folder(exporter))
        self._max_bytes = max_bytes
        # The size of all files, None if it is not known. It is measured again at every look, since other processes and
        # threads add files, too; there is no lock that a thread could hold for ever.
        self._bytes: int | None = None

    @property
    def path(self) -> Path:
        """The folder of the files."""
        return self._folder.path

    def write(self, event: ErrorEvent, data: bytes) -> int:
        """
        Write an event to a file, and return how many older events were deleted to make room.

        Raises:
            OSError: If the file cannot be written.
            UnsafeFolderError: If other users have access to the folder.

        """
        return self._write(event, data, keep_locked=False)[1]

    def write_and_lock(self, event: ErrorEvent, data: bytes) -> LockedFile:
        """Write an event that is in flight to a file, and return the file locked; raises as `write` does."""
        file, _ = self._write(event, data, keep_locked=True)
        assert file is not None  # noqa: S101 - for the type checker
        return LockedFile(file=file, name=name_file(event), folder=self._folder)

    def look(self) -> Contents:
        """Return the contents, none where no folder was ever made; raises as `write` does."""
        try:
            with self._folder.open() as folder:
                files = sorted(iterate_files(folder))
        except FileNotFoundError:
            return Contents()
        self._bytes = sum(file.bytes for file in files)
        return Contents(
            waiting=tuple(file.name for file in files if not file.aside),
            bytes=self._bytes,
            oldest=min((file.captured for file in files), default=None),
            set_aside=sum(file.aside for file in files),
        )

    def lock(self, name: str) -> LockedFile | None:
        """
        Lock a file to deliver it; return None if it is deleted by now.

        Raises:
            BlockingIOError: If another process is delivering it.

        """
        try:
            with self._folder.open() as folder:
                return lock_file(folder, name, self._folder)
        except FileNotFoundError:
            return None

    def delete_expired(self) -> int:
        """Delete files that are too old or were never finished, and return how many events were lost by that."""
        try:
            with self._folder.open() as folder:
                delete_unfinished(folder)
                too_old = [file for file in iterate_files(folder) if file.modified < time.time() - MAX_AGE_SECONDS]
                return sum(self._delete(folder, file) and not file.aside for file in too_old)
        except FileNotFoundError:
            return 0

    def reset_after_fork(self) -> None:
        """Measure the files again, as a forked child must: its parent goes on adding some."""
        self._bytes = None

    def _write(self, event: ErrorEvent, data: bytes, *, keep_locked: bool) -> tuple[int | None, int]:
        with self._folder.open(create=True) as folder:
            deleted = self._make_room(folder, len(data))
            file = write_whole(folder, name_file(event), data, keep_locked=keep_locked)
            self._bytes = (self._bytes or 0) + len(data)
        return file, deleted

    def _make_room(self, folder: int, wanted: int) -> int:
        if self._bytes is not None and self._bytes + wanted <= self._max_bytes:
            return 0
        files = sorted(iterate_files(folder), key=_order_of_deletion)
        self._bytes = sum(file.bytes for file in files)
        deleted = 0
        for file in files:
            if self._bytes + wanted <= self._max_bytes or wanted > self._max_bytes:
                break
            if self._delete(folder, file):
                self._bytes -= file.bytes
                deleted += not file.aside
        if self._bytes + wanted > self._max_bytes:
            raise OSError(errno.EDQUOT, f"there is no room for {wanted} bytes in {self._max_bytes}")
        return deleted

    def _delete(self, folder: int, file: SpoolFile) -> bool:
        try:
            locked = lock_file(folder, file.name, self._folder)
        except BlockingIOError:
            return False
        if locked is not None:
            locked.delete()
        return locked is not None


def _order_of_deletion(file: SpoolFile) -> tuple[bool, int, int]:
    """Return the sort key by which files are deleted: unreadable ones, then errors that are not fatal, by their age."""
    return not file.aside, -file.turn, file.captured
