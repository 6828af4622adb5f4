"""The system's count of processes that were killed for want of memory, in the cgroup of this process."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def count_oom_kills() -> int:
    """Return how many there were, -1 where the system does not say."""
    for path in _find_files():
        with suppress(OSError):
            found = _COUNT.search(path.read_text(encoding="ascii", errors="replace"))
            if found is not None:
                return int(found[1])
    return -1


def _find_files() -> list[Path]:
    with suppress(OSError):
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            _, controllers, group = line.split(":", 2)
            if "memory" in controllers.split(","):
                own = _ROOT / "memory" / group.lstrip("/") / "memory.oom_control"
                return [own, _ROOT / "memory" / "memory.oom_control"]
            if not controllers:
                own = _ROOT / group.lstrip("/") / "memory.events"
                found = [own, _ROOT / "memory.events"]
        return found
    return []
