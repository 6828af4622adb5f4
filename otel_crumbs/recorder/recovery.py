"""
Recordings of processes that have died, found and made into one event each, whoever comes first.

The lock on a recording goes with its process. Whoever gets the lock has the death to
report, and deletes the file once the event is safe.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from otel_crumbs.base.guard import guarded, warn
from otel_crumbs.export.spool.file_lock import UNREADABLE, LockedFile, is_own_file, lock_file
from otel_crumbs.export.spool.private_folder import PrivateFolder, UnsafeFolderError

from . import layout
from .layout import BACKLOG, STACKS_SUFFIX, SUFFIX
from .memory_kills import count_memory_kills

if TYPE_CHECKING:
    from otel_crumbs.event import CapturedError

    from .reading import RecordedProcess

# Files that no release can read, which people may want to look at.
_MAX_SET_ASIDE = 10
# Leftovers that one look deletes.
_MAX_DELETED = 100
_PATH_AND_INODE = 2
# Of the starts in such a time one has the cost of a report, in seconds.
_SECONDS_BETWEEN_REPORTS = 30.0
_MAX_STACKS = 64 * 1024
_NAME = re.compile(r"\.?(?P<pid>\d{1,10})-[0-9a-f]{32}" + re.escape(SUFFIX))
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Recovery:
    """
    Makes events of the recordings in a folder.

    Args:
        folder: The folder.
        emit: Takes the captured error, and returns once it is safe.
        size: How many breadcrumbs a trail has at most.
        service: Returns the name of the service whose processes count, None for all.

    """

    def __init__(
        self,
        folder: PrivateFolder,
        emit: Callable[[CapturedError], object],
        *,
        size: int,
        service: Callable[[], str | None],
    ) -> None:
        self.folder = folder
        self._emit = emit
        self._size = size
        self._service = service

    def list_names(self) -> list[str]:
        """Return the names of the recordings, those that began last first; delete what belongs to none."""
        try:
            with self.folder.open() as folder:
                names = _list_files(folder)
                _delete_leftovers(folder, names)
        except FileNotFoundError:
            return []
        except (OSError, UnsafeFolderError) as error:
            warn("recordings", "otel_crumbs cannot look for recordings: %s", error)
            return []
        return _arrange_recordings(names)

    def find_name(self, pid: int) -> str | None:
        """Return the name of the newest recording of a process id."""
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            found = _arrange_recordings([name for name in _list_files(folder) if name.startswith(f"{pid}-")])
            return found[0] if found else None
        return None

    def has_fresh_backlog(self) -> bool:
        """Return whether a death was reported just now, and others were left to later starts."""
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            age = time.time() - os.stat(BACKLOG, dir_fd=folder, follow_symlinks=False).st_mtime
            return 0 <= age < _SECONDS_BETWEEN_REPORTS
        return False

    def note_backlog(self, *, is_left: bool) -> None:
        """Note that a death was reported, and whether others are left to later starts."""
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            if not is_left:
                os.unlink(BACKLOG, dir_fd=folder)
                return
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            file = os.open(BACKLOG, flags, 0o600, dir_fd=folder)
            try:
                os.utime(file)
            finally:
                os.close(file)

    @guarded("a recording was reported")
    def report(self, name: str, status: int | None = None, *, timed_out: bool = False) -> int:
        """Report the process of a recording, and return how many events that are: 0 or 1."""
        file = self._lock(name)
        if file is None:
            return 0
        try:
            if name.startswith("."):
                file.delete()  # it died before it began
            elif (process := self._read_or_set_aside(file)) is not None:
                count = self._report_process(process, self.read_stacks(name), status, timed_out=timed_out)
                self._delete(file)
                return count
        finally:
            file.release()
        return 0

    def _read_or_set_aside(self, file: LockedFile) -> RecordedProcess | None:
        """Return the process of a recording; None for one of another service, and for what is no recording."""
        try:
            return self._read(file)
        except OSError:
            return None
        except ValueError as error:
            path = self.folder.path / file.name
            warn(f"recording {file.name}", "otel_crumbs cannot read %s and sets it aside: %s", path, error)
            file.set_aside()
            return None

    def _read(self, file: LockedFile) -> RecordedProcess | None:
        """
        Return the process of a recording, None for one of another service.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is no recording.

        """
        # Of another service, of which there may be many, no more is read than that.
        header = layout.unpack_header(file.read(layout.HEADER_SIZE))
        if _read_run(file.name) != header.run_id + SUFFIX:
            # A second name of a file, or a copy, would be a second event.
            raise ValueError("its name is that of another run")
        service = self._service()
        if service is not None and str(header.about.get("service") or service) != service:
            return None
        from .reading import read_process  # noqa: PLC0415 - only for a death

        return read_process(file.read(layout.SIZE))

    def _report_process(self, process: RecordedProcess, stacks: str, status: int | None, *, timed_out: bool) -> int:
        from .crash import capture_crash  # noqa: PLC0415 - only for a death
        from .death import Evidence, find_cause  # noqa: PLC0415 - only for a death

        kill = _find_unexplained_kill(process)
        evidence = Evidence(status=status, stacks=stacks, timed_out=timed_out, out_of_memory=kill is not None)
        death = find_cause(process, evidence)
        if death is None:
            return 0
        if kill is not None and death.type == "OutOfMemory":
            self._explain(kill)
        self._emit(capture_crash(process, death, stacks, size=self._size))
        return 1

    def _explain(self, kill: tuple[int, int]) -> None:
        """Take a kill for want of memory from the others that began before it: it is the death of one process."""
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            for name in _arrange_recordings(_list_files(folder)):
                with suppress(OSError, ValueError):
                    _note_kill(folder, name, *kill)

    def read(self, name: str) -> RecordedProcess | None:
        """Return the process of a recording, which may live still; None where it cannot be read."""
        from .reading import read_process  # noqa: PLC0415 - only for a death

        with suppress(OSError, UnsafeFolderError, ValueError), self.folder.open() as folder:
            return read_process(_read_own(folder, name, layout.SIZE))
        return None

    def read_stacks(self, name: str) -> str:
        """Return the stacks that `faulthandler` wrote beside a recording."""
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            return _read_own(folder, _name_stacks(name), _MAX_STACKS).decode("utf-8", "replace")
        return ""

    def _lock(self, name: str) -> LockedFile | None:
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            file = lock_file(folder, name, self.folder)
            if file is None and not is_own_file(os.stat(name, dir_fd=folder, follow_symlinks=False)):
                path = self.folder.path / name
                warn(f"recording {name}", "otel_crumbs leaves %s alone: it is no file, or that of another user.", path)
            return file
        return None

    @guarded("a recording was deleted")
    def drop(self, name: str) -> int:
        """Delete a recording whose process has died and is of no interest; return how many that are: 0 or 1."""
        file = self._lock(name)
        if file is None:
            return 0
        self._delete(file)
        return 1

    def _delete(self, file: LockedFile) -> None:
        """Delete a recording and its stacks; those that are left behind by a kill in between go at a later look."""
        file.delete()
        with suppress(OSError, UnsafeFolderError), self.folder.open() as folder:
            os.unlink(_name_stacks(file.name), dir_fd=folder)


def _find_unexplained_kill(process: RecordedProcess) -> tuple[int, int] | None:
    """
    Return the first kill for want of memory since a process began of which no other process died.

    It is the inode of the cgroup's count, and the count with it.
    """
    about = process.header.about.get("memory_kills")
    before = process.header.oom_kills
    if not isinstance(about, list) or len(about) != _PATH_AND_INODE or before < 0:
        return None
    path, inode = about
    return (inode, before + 1) if count_memory_kills(path, inode) > before else None


def _note_kill(folder: int, name: str, inode: int, number: int) -> None:
    """Count a kill as one from before the process of a recording, which may live, began."""
    file = os.open(name, os.O_RDWR | _FLAGS, dir_fd=folder)
    try:
        if not is_own_file(os.fstat(file)):
            return
        header = layout.unpack_header(os.pread(file, layout.HEADER_SIZE, 0))
        about, before = header.about.get("memory_kills"), header.oom_kills
        if isinstance(about, list) and about[1:] == [inode] and 0 <= before < number:
            os.pwrite(file, layout.OOM_KILLS.pack(before + 1), layout.OOM_KILLS_AT)
    finally:
        os.close(file)


def _name_stacks(name: str) -> str:
    return name.removesuffix(SUFFIX) + STACKS_SUFFIX


def _list_files(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _arrange_recordings(names: list[str]) -> list[str]:
    """Return those names that are of recordings, the newest first: the id of a run begins with its time."""
    return sorted(filter(_NAME.fullmatch, names), key=_read_run, reverse=True)


def _read_run(name: str) -> str:
    return name.partition("-")[2]


def _delete_leftovers(folder: int, names: list[str]) -> None:
    """Delete the stacks that have no recording any more, and all but the newest files that were set aside."""
    set_aside = sorted((name for name in names if name.endswith(SUFFIX + UNREADABLE)), key=_read_run, reverse=True)
    known = set(names)
    # A process makes its recording before the file of its stacks, and deletes it after that.
    orphans = [
        name
        for name in names
        if name.endswith(STACKS_SUFFIX)
        and (recording := name.removesuffix(STACKS_SUFFIX) + SUFFIX) not in known
        and not _has_file(folder, recording)
    ]
    for name in [*set_aside[_MAX_SET_ASIDE:], *orphans][:_MAX_DELETED]:
        with suppress(OSError):
            if is_own_file(os.stat(name, dir_fd=folder, follow_symlinks=False)):
                os.unlink(name, dir_fd=folder)


def _has_file(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _read_own(folder: int, name: str, most: int) -> bytes:
    file = os.open(name, _FLAGS, dir_fd=folder)
    try:
        return os.pread(file, most, 0) if is_own_file(os.fstat(file)) else b""
    finally:
        os.close(file)
