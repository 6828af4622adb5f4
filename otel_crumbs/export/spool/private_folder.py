"""
A folder that no other user can read, write or replace.

Error events show what the application was doing, so nobody but the owner may
have access. The folder is opened for each use, and the checks are made on the
open descriptor: a folder that was checked by name may be another one a moment
later.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OWNER_ALONE = 0o700
_OTHERS_WRITE = 0o022
_OTHERS_LOOK = 0o077
_FLAGS = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class UnsafeFolderError(Exception):
    """There is no folder that other users have no access to; the message names the remedy."""


class PrivateFolder:
    """
    A folder below a base folder, both of the current user.

    Args:
        base: The base folder; other users may read it, but not write.
        parts: The names of the folders below the base, each in the one before; they are for the owner alone.

    """

    def __init__(self, base: Path, *parts: str) -> None:
        self.path = base.joinpath(*parts)
        self._base = base
        self._parts = parts

    @contextmanager
    def open(self, *, create: bool = False) -> Iterator[int]:
        """
        Yield a descriptor of the folder, and make the folder first if *create*.

        Raises:
            UnsafeFolderError: If other users have access to it.
            OSError: If it does not exist, or cannot be made.

        """
        if create:
            self._base.mkdir(mode=_OWNER_ALONE, parents=True, exist_ok=True)
        folder = _open(self._base, None)
        try:
            _check(folder, self._base, forbidden=_OTHERS_WRITE)
            for depth, part in enumerate(self._parts, 1):
                outer = folder
                folder = _open_inside(outer, part, create=create)
                os.close(outer)
                self._tighten(folder, self._base.joinpath(*self._parts[:depth]))
            yield folder
        finally:
            os.close(folder)

    def _tighten(self, folder: int, path: Path) -> None:
        _check(folder, path, forbidden=_OTHERS_WRITE)
        if os.fstat(folder).st_mode & _OTHERS_LOOK:
            os.fchmod(folder, _OWNER_ALONE)


def _open_inside(outer: int, name: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, _OWNER_ALONE, dir_fd=outer)
    return _open(name, outer)


def _open(name: Path | str, outer: int | None) -> int:
    try:
        return os.open(name, os.O_RDONLY | _FLAGS, dir_fd=outer)
    except OSError:
        if stat.S_ISLNK(os.stat(name, dir_fd=outer, follow_symlinks=False).st_mode):
            raise UnsafeFolderError(f"{name} is a symbolic link. Remedy: name the folder itself") from None
        raise


def _check(folder: int, path: Path, *, forbidden: int) -> None:
    found = os.fstat(folder)
    if found.st_uid != os.geteuid():
        raise UnsafeFolderError(
            f"{path} belongs to user {found.st_uid}, not to user {os.geteuid()} who runs this. "
            "Remedy: give each user a folder of their own, such as a new one inside it"
        )
    if found.st_mode & forbidden:
        raise UnsafeFolderError(
            f"others may write into {path}. Remedy: look what they put there, then chmod 700 {path}"
        )
