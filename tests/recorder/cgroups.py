"""A cgroup with little memory, in which programs of the tests are killed for want of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .dying import SECONDS

CGROUPS = Path("/sys/fs/cgroup")
LIMIT = 320 * 2**20
# By version, the folder of the cgroups with limits of memory, and the file of the limit.
VERSIONS = {1: (CGROUPS / "memory", "memory.limit_in_bytes"), 2: (CGROUPS, "memory.max")}


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """Make a cgroup with little memory."""
    version = 1 if VERSIONS[1][0].is_dir() else 2
    parent, limit = VERSIONS[version]
    group = parent / f"otel-crumbs-{uuid.uuid4().hex}"
    try:
        group.mkdir()
        (group / limit).write_text(str(LIMIT))
    except OSError as error:
        with suppress(OSError):
            group.rmdir()
        pytest.skip(f"no cgroup with a limit of memory can be made here: {error}")
    yield group
    deadline = time.monotonic() + SECONDS
    while group.exists() and time.monotonic() < deadline:
        # Those that were killed leave it a moment later.
        with suppress(OSError):
            group.rmdir()
        time.sleep(0.05)


def enter(cgroup: Path) -> list[str]:
    """Return what stands before a command that is to run in a cgroup."""
    return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(cgroup / "cgroup.procs")]
