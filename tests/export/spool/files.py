"""The writing and listing of files of a spool, for the tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from otel_crumbs.export.spool.codec import encode_event
from otel_crumbs.export.spool.location import SUPPORTED
from otel_crumbs.export.spool.spool import Spool
from otel_crumbs.export.spool.spool_file import name_file
from tests.export.events import event_of

SOMEBODY = 12345
needs_spool = pytest.mark.skipif(not SUPPORTED, reason="this platform has no spool")
root_only = pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give files away")


def write_event(spool: Spool, message: str = "boom", **fields: Any) -> str:
    """Write an event, and return the name of its file."""
    event = event_of(ValueError(message), **fields)
    before = set(spool.look().waiting)
    spool.write(name_file([event]), encode_event(event))
    [name] = set(spool.look().waiting) - before
    return name


def names_in(folder: Path) -> list[str]:
    """Return the names of all files in a folder."""
    return sorted(path.name for path in folder.iterdir())
