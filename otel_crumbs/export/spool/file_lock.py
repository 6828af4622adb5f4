"""
The lock on a file of the spool: the process that has it delivers the event.

The system releases a lock when its process ends in any way, also a process in
another container that shares the folder. A process id in the file's name would
outlive its process, or belong to another one by then.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from otel_crumbs.base.fork import register_at_fork

from .private_folder import PrivateFolder

try:
    import fcntl
except ImportError:  # Windows has no fcntl, and therefore no spool: location.SUPPORTED
    fcntl = None  # type: ignore[assignment]  # a module or None

UNREADABLE = ".unreadable"
# More than any event has.
_MAX_READ = 64 * 1024 * 1024
# There is none, or a link, a folder, or a file of somebody else.
_NO_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENXIO})
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class LockedFile:
    """
    A file of the spool that is open and locked, so that no other process delivers it.

    Args:
        file: The descriptor of the file.
        name: The name of the file.
        folder: The folder of the file.

    """

    def __init__(self, *, file: int, name: str, folder: PrivateFolder) -> None:
        self.name = name
        # Whoever pops the descriptor closes it: a second close could hit a file of the application's.
        self._files = [file]
        self._folder = folder
        register_at_fork(self)

    def read(self, most: int = _MAX_READ) -> bytes:
        """Return the contents of the file, or its first bytes."""
        [file] = self._files
        parts = []
        offset = 0
        while offset < most and (part := os.pread(file, min(1024 * 1024, most - offset), offset)):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def delete(self) -> None:
        """Delete the file, and release the lock."""
        with suppress(FileNotFoundError), self._folder.open() as folder:
            os.unlink(self.name, dir_fd=folder)
        self.release()

    def set_aside(self) -> None:
        """Rename the file, so that no process reads it again and people can look at it, and release the lock."""
        with suppress(FileNotFoundError), self._folder.open() as folder:
            os.rename(self.name, self.name + UNREADABLE, src_dir_fd=folder, dst_dir_fd=folder)
        self.release()

    def release(self) -> None:
        """Release the lock, so that another process may deliver the file."""
        try:
            file = self._files.pop()
        except IndexError:
            return
        os.close(file)

    def reset_after_fork(self) -> None:
        """Close the descriptor, as a forked child must: it would keep the lock when the parent has ended."""
        self.release()


def lock_file(folder: int, name: str, private_folder: PrivateFolder) -> LockedFile | None:
    """
    Lock a file of an open folder; return None if there is no such file of this user.

    Raises:
        BlockingIOError: If another process, or another thread, has the lock.

    """
    try:
        file = os.open(name, _FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise
    try:
        lock_descriptor(file)
        if is_own_file(os.fstat(file)) and _has_name(file, name, folder):
            kept, file = file, -1
            return LockedFile(file=kept, name=name, folder=private_folder)
        return None
    finally:
        if file >= 0:
            os.close(file)


def lock_descriptor(file: int) -> None:
    """Lock an open file, or raise BlockingIOError if it is locked already."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_own_file(found: os.stat_result) -> bool:
    """Return whether the result of stat() is that of a regular file of this user."""
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()


def _has_name(file: int, name: str, folder: int) -> bool:
    """Return whether the file still has its name: another process may have delivered it before it was locked here."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), os.stat(name, dir_fd=folder, follow_symlinks=False))
    return False
