"""
The lock on a file of the spool: whoever has it delivers the event.

The system gives a lock back when its process ends, however that is, also in
another container that shares the folder; a process id in a file's name would
be believed for ever, or belong to somebody else by then.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from otel_crumbs.base.fork import register_at_fork

from .private_folder import PrivateFolder

try:
    import fcntl
except ImportError:  # Windows: there is no spool, see private_folder.SUPPORTED
    fcntl = None  # type: ignore[assignment]  # the module, or none

UNREADABLE = ".unreadable"
# No event is as large as this.
_MAX_READ = 64 * 1024 * 1024
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class LockedFile:
    """
    A file that is locked, so that nobody else delivers it.

    Args:
        file: The open file, locked.
        name: The file's name.
        folder: The file's folder.

    """

    def __init__(self, *, file: int, name: str, folder: PrivateFolder) -> None:
        self.name = name
        self._file = file
        self._folder = folder
        register_at_fork(self)

    def read(self) -> bytes:
        """Return the contents of the file."""
        parts = []
        offset = 0
        while offset < _MAX_READ and (part := os.pread(self._file, 1024 * 1024, offset)):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def delete(self) -> None:
        """Delete the file."""
        with suppress(FileNotFoundError), self._folder.open() as folder:
            os.unlink(self.name, dir_fd=folder)
        self.release()

    def set_aside(self) -> None:
        """Rename the file, so that nobody tries to read it again, but somebody can look at it."""
        with suppress(FileNotFoundError), self._folder.open() as folder:
            os.rename(self.name, self.name + UNREADABLE, src_dir_fd=folder, dst_dir_fd=folder)
        self.release()

    def release(self) -> None:
        """Release the lock: somebody else may deliver the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def reset_after_fork(self) -> None:
        """Let go of the lock, as a forked child must: held there too, it would outlive the parent."""
        self.release()


def lock_file(folder: int, name: str, private_folder: PrivateFolder) -> LockedFile | None:
    """
    Lock a file of an open folder; return None where it is gone or belongs to somebody else.

    Raises:
        BlockingIOError: If somebody else is delivering it.

    """
    try:
        file = os.open(name, _FLAGS, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        lock(file)
        if _is_own_file(file) and _has_name(file, name, folder):
            kept, file = file, -1
            return LockedFile(file=kept, name=name, folder=private_folder)
        return None
    finally:
        if file >= 0:
            os.close(file)


def lock(file: int) -> None:
    """Lock an open file, or raise BlockingIOError where somebody else has it."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_own(found: os.stat_result) -> bool:
    """Return whether it is a plain file of this user."""
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()


def _is_own_file(file: int) -> bool:
    return is_own(os.fstat(file))


def _has_name(file: int, name: str, folder: int) -> bool:
    """Return whether the file is still there: between open and lock somebody may have delivered it."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), os.stat(name, dir_fd=folder, follow_symlinks=False))
    return False
