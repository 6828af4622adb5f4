"""
The spool: undelivered events as files, which any later process of the same service delivers.

The files of one service and exporter are in a private folder, bounded in bytes
and age. A file appears whole, by a rename, and the process that delivers it
holds a lock on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from otel_crumbs.base.defaults import DEFAULT_MAX_SPOOL_BYTES

from .file_lock import LockedFile, lock_file
from .inventory import Inventory
from .private_folder import PrivateFolder
from .spool_file import (
    SpoolFile,
    count_events,
    delete_unfinished,
    find_time,
    is_for,
    iterate_files,
    list_names,
    name_folder,
    write_whole,
)

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
        elsewhere: The names of the files for other receivers, which are not delivered to this one.

    """

    waiting: tuple[str, ...] = ()
    bytes: int = 0
    oldest: int | None = None
    set_aside: int = 0
    elsewhere: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        """How many events wait."""
        return sum(map(count_events, self.waiting))


class Spool:
    """
    The files of one service and exporter.

    Args:
        base: The folder for all services.
        service: The service's name.
        exporter: The exporter's name.
        max_bytes: The size that the files may have together; the oldest make room.
        destination: The mark of the exporter's receiver, empty for any.

    """

    def __init__(
        self,
        base: Path,
        *,
        service: str,
        exporter: str,
        max_bytes: int = DEFAULT_MAX_SPOOL_BYTES,
        destination: str = "",
    ) -> None:
        self._folder = PrivateFolder(base, name_folder(service), name_folder(exporter))
        self._inventory = Inventory(max_bytes)
        self._destination = destination

    @property
    def path(self) -> Path:
        """The folder of the files."""
        return self._folder.path

    def write(self, name: str, data: bytes) -> int:
        """
        Write a file, and return how many older events were deleted to make room.

        Raises:
            OSError: If the file cannot be written.
            UnsafeFolderError: If other users have access to the folder.

        """
        return self._write(name, data, keep_locked=False)[1]

    def write_and_lock(self, name: str, data: bytes) -> LockedFile:
        """Write a file of events that are in flight, and return it locked; raises as `write` does."""
        file, _ = self._write(name, data, keep_locked=True)
        assert file is not None  # noqa: S101 - for the type checker
        return LockedFile(file=file, name=name, folder=self._folder)

    def look(self) -> Contents:
        """Return the contents, none where no folder was ever made; raises as `write` does."""
        try:
            with self._folder.open() as folder:
                files = sorted(iterate_files(folder))
        except FileNotFoundError:
            return Contents()
        own = [file for file in files if file.destination in {"", self._destination}]
        return Contents(
            waiting=tuple(file.name for file in own if not file.aside),
            bytes=sum(file.bytes for file in files),
            oldest=min((file.captured for file in files), default=None),
            set_aside=sum(file.aside for file in files),
            elsewhere=tuple(file.name for file in files if file not in own and not file.aside),
        )

    def find_waiting(self, at_most: int | None = None) -> tuple[list[str], bool]:
        """
        Return the names of files to deliver, in the order of delivery, and whether these are all.

        Args:
            at_most: How many files to look at, all by default.

        """
        try:
            with self._folder.open() as folder:
                names = list_names(folder, at_most)
        except FileNotFoundError:
            return [], True
        found = sorted(name for name in names if is_for(name, self._destination))
        return found, at_most is None or len(names) < at_most

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

    def note_deletion(self) -> None:
        """Remember that a file was deleted because its events were delivered."""
        self._inventory.note_deletion()

    def delete_expired(self) -> int:
        """Delete files that are too old or were never finished, and return how many events were lost by that."""
        try:
            with self._folder.open() as folder:
                names = list_names(folder)
                delete_unfinished(folder, names)
                if not any(_is_maybe_expired(name) for name in names):
                    return 0
                too_old = [file for file in iterate_files(folder) if file.modified < time.time() - MAX_AGE_SECONDS]
                return self._delete_all(folder, too_old)
        except FileNotFoundError:
            return 0

    def reset_after_fork(self) -> None:
        """Measure the files again, as a forked child must: its parent goes on adding some."""
        self._inventory.reset()

    def _write(self, name: str, data: bytes, *, keep_locked: bool) -> tuple[int | None, int]:
        with self._folder.open(create=True) as folder:
            deleted = self._inventory.make_room(folder, len(data), lambda file: self._delete(folder, file))
            file = write_whole(folder, name, data, keep_locked=keep_locked)
            self._inventory.add(len(data))
        return file, deleted

    def _delete_all(self, folder: int, files: Iterable[SpoolFile]) -> int:
        self._inventory.note_deletion()
        return sum(0 if file.aside else file.count for file in files if self._delete(folder, file))

    def _delete(self, folder: int, file: SpoolFile) -> bool | None:
        try:
            locked = lock_file(folder, file.name, self._folder)
        except BlockingIOError:
            return False
        if locked is None:
            return None
        locked.delete()
        return True


def _is_maybe_expired(name: str) -> bool:
    """Return whether a file may be too old by the time of its error, which is before that of the file."""
    return count_events(name) > 0 and find_time(name) < (time.time() - MAX_AGE_SECONDS) * 1e9
