"""
The folder of all spools, and the quick look into it with which every process starts.

The spools themselves are imported when there is an event to write, or one that an earlier process left.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from otel_crumbs.base.defaults import DEFAULT_MAX_SPOOL_BYTES
from otel_crumbs.base.late_names import LateFunction

if TYPE_CHECKING:
    from pathlib import Path

    from .private_folder import UnsafeFolderError
    from .spool import Spool
else:
    Path = LateFunction("pathlib", "Path")
    UnsafeFolderError = LateFunction("otel_crumbs.export.spool.private_folder", "UnsafeFolderError")
    Spool = LateFunction("otel_crumbs.export.spool.spool", "Spool")

# Owners, modes and locks are those of POSIX systems.
SUPPORTED = hasattr(os, "geteuid") and os.open in os.supports_dir_fd

# Below the folder of all spools: the service, the exporter, the event.
_DEPTH = 3


def find_default_base() -> Path | None:
    """Return the folder in the user's state directory, None where the user has no home directory."""
    base = _name_default_base()
    return None if base is None else Path(base)


def _name_default_base() -> str | None:
    return _name_base(os.environ.get("XDG_STATE_HOME"), os.environ.get("HOME"))


@cache
def _name_base(*_: str | None) -> str | None:
    """Return the folder for some values of the variables that name it."""
    if sys.platform == "linux" and "ANDROID_ROOT" not in os.environ:
        # As platformdirs has it, which every process would have to import to find nothing there.
        state = os.environ.get("XDG_STATE_HOME", "").strip() or os.path.expanduser("~/.local/state")  # noqa: PTH111 - pathlib takes long to import
        base = os.path.join(state, "otel-crumbs", "spool")  # noqa: PTH118 - pathlib takes long to import
        # Without a home the name is left as it is, with its "~".
        return base if os.path.isabs(base) else None  # noqa: PTH117 - pathlib takes long to import
    from platformdirs import user_state_path  # noqa: PLC0415 - not needed on Linux

    try:
        found = user_state_path("otel-crumbs", appauthor=False) / "spool"
    except RuntimeError:
        return None
    return str(found) if found.is_absolute() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLocation:
    """
    The folder of all spools, and the limit of each.

    Args:
        base: The folder for all services; None means the user's state directory.
        max_bytes: The size that the files of one spool may have together.

    """

    base: Path | str | None = None
    max_bytes: int = DEFAULT_MAX_SPOOL_BYTES

    @property
    def folder(self) -> Path | None:
        """The folder for all services, None where the user has no home directory."""
        return find_default_base() if self.base is None else Path(self.base)

    def open_spool(self, service: str, exporter: str, destination: str = "") -> Spool | None:
        """
        Return the spool of a service and exporter, None where the system has no private folders and locks.

        Args:
            service: The service's name.
            exporter: The exporter's name.
            destination: The mark of the exporter's receiver, empty for any.

        Raises:
            UnsafeFolderError: If there is no place for a folder.

        """
        folder = self.folder
        if not SUPPORTED or (folder is not None and not folder.is_absolute()):
            return None
        if folder is None:
            raise UnsafeFolderError(
                "the user has no home directory. Remedy: name a private folder by OTEL_CRUMBS_SPOOL_DIR, "
                "or say `none` there"
            )
        return Spool(folder, service=service, exporter=exporter, max_bytes=self.max_bytes, destination=destination)

    def has_any(self) -> bool:
        """Return whether any spool may have a file, by a quick look: every process does this at its start."""
        base = _name_default_base() if self.base is None else os.fspath(self.base)
        # A look for files, since folders stay when their files are delivered.
        return base is not None and SUPPORTED and _has_file(base, _DEPTH)


def _has_file(folder: str, depth: int) -> bool:
    """Return whether there is anything that many levels below a folder."""
    try:
        with os.scandir(folder) as found:
            return any(depth == 1 or _has_file(each.path, depth - 1) for each in found)
    except OSError:
        return False
