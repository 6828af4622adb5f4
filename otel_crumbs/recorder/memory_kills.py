"""The system's count of processes that were killed for want of memory, in the cgroup of a process."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

_ROOT = Path("/sys/fs/cgroup")
_FILES = frozenset({"memory.oom_control", "memory.events"})
_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class MemoryKills(NamedTuple):
    """
    The count of a cgroup.

    Args:
        path: The file that has it, below the folder of all cgroups; empty where the system does not say.
        inode: That of the file: another cgroup may get the same path later, or have it in another container.
        number: How many processes were killed until now, -1 if unknown.

    """

    path: str = ""
    inode: int = 0
    number: int = -1


def find_memory_kills() -> MemoryKills:
    """Return the count of the cgroup that this process is in."""
    for path in _find_paths():
        found = _read(path)
        if found.number >= 0:
            return found
    return MemoryKills()


def count_memory_kills(path: Any, inode: Any) -> int:
    """Return the count of a cgroup that a recording names, -1 if there is no such cgroup here or any more."""
    if not isinstance(path, str) or ".." in Path(path).parts or Path(path).name not in _FILES:
        return -1
    found = _read(path)
    return found.number if found.inode == inode else -1


def _read(path: str) -> MemoryKills:
    with suppress(OSError, ValueError):
        file = _ROOT / path.lstrip("/")
        found = _COUNT.search(file.read_text(encoding="ascii", errors="replace"))
        if found is not None:
            return MemoryKills(path, file.stat().st_ino, int(found[1]))
    return MemoryKills()


def _find_paths() -> list[str]:
    found: list[str] = []
    with suppress(OSError, ValueError):
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            _, controllers, group = line.split(":", 2)
            if "memory" in controllers.split(","):
                return [f"memory/{group.strip('/')}/memory.oom_control", "memory/memory.oom_control"]
            if not controllers:
                found = [f"{group.strip('/')}/memory.events", "memory.events"]
    return found
