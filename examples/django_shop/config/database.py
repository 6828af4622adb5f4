"""Where the shop keeps its books: a file that goes when the shop closes."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def temporary_file() -> str:
    """Return a database file in a new folder, which is removed at exit."""
    folder = tempfile.mkdtemp(prefix="django-shop-")
    atexit.register(remove, folder, os.getpid())
    return str(Path(folder) / "shop.sqlite3")


def remove(folder: str, owner: int) -> None:
    """Remove the folder if this is the process that made it, not a fork of it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
