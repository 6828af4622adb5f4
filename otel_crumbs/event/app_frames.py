"""Which frames are of the application, and how they are called on every machine."""

from __future__ import annotations

import os
import re
import sysconfig
from functools import lru_cache
from pathlib import Path

from .model import Frame

_LIBRARIES = re.compile(r"[\\/](?:site|dist)-packages[\\/]|[\\/]lib(?:64)?[\\/]python\d[\d.]*[\\/]", re.IGNORECASE)
_OWN_MODULES = re.compile(r"(?:otel_crumbs|opentelemetry)(?:\.|$)")
_OWN_FOLDER = f"{Path(__file__).parents[1]}{os.sep}"
_PYTHON_FOLDERS = tuple(
    path for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts") if (path := sysconfig.get_path(name))
)


def is_in_app(frame: Frame) -> bool:
    """Return whether a frame is of the application, and not of a library, of Python or of this package."""
    if frame.module and _OWN_MODULES.match(frame.module):
        return False
    return not _is_of_library(frame.path)


def is_library_path(path: str) -> bool:
    """Return whether a file is a library's, Python's or of this package, where its module is not known."""
    return path.startswith(_OWN_FOLDER) or _is_of_library(path)


@lru_cache(maxsize=1024)
def _is_of_library(path: str) -> bool:
    return path.startswith(("<frozen ", *_PYTHON_FOLDERS)) or bool(_LIBRARIES.search(path))


def shorten_path(frame: Frame) -> str:
    """Return the end of a path that corresponds to the module: ``shop/views.py`` for ``shop.views``."""
    parts = re.split(r"[\\/]", frame.path)
    if not frame.module or frame.module == "__main__":
        return parts[-1] if parts[0] in {"", "."} or parts[0].endswith(":") else frame.path
    depth = frame.module.count(".") + 1
    if parts[-1] == "__init__.py":
        depth += 1
    return "/".join(parts[-depth:])
