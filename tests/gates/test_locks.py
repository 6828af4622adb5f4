"""
No code of the package waits for a lock that other code, or this very thread, may hold.

The garbage collector runs finalisers, and Python runs signal handlers, in the middle of anything; both may fail, log
or capture, and so come back to the package in a thread that holds its lock.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.gates.project import PACKAGE, package_files

MAKERS = frozenset(
    {
        *("Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "LockType", "RLock", "Semaphore"),
        # Before Python 3.12 a property that is cached has a lock, which all objects share.
        *(
            "allocate_lock",
            "allocate_native_lock",
            "cached_property",
            "Queue",
            "SimpleQueue",
            "LifoQueue",
            "PriorityQueue",
        ),
    }
)
# Each with the reason why nobody hangs by it.
ALLOWED = {
    "base/interpreter_lock.py": "its own, held by itself alone; it is waited for in order to wait",
    "base/patching.py": "for replacing an attribute, at an installation or an import; it is re-entrant",
    "base/threads.py": "of the system: threads of the package wait for it, and everybody else takes it if it is free",
    "capture/slow_operations.py": "for starting and stopping a watchdog; a fork waits for it for a second at most",
    "demo/receiver.py": "of the demo's own server",
    "view/application.py": "set when a page was shown, and waited for by the command line alone, for a moment",
    "view/run.py": "set by a signal, and waited for by the command line alone",
    "shell/tail_command.py": "of a command's own server",
    "view/store.py": "of the viewer's own process, around one statement or transaction",
    "sources/logs/isolated_calls.py": "in copies of values, which no other thread has",
    "setup/installation.py": "for `install()` and `uninstall()`; it is re-entrant",
    "setup/late_parts.py": "for what the first error needs; it is re-entrant, and others wait some seconds at most",
    "shutdown/fatal_signals.py": "never waited for",
    "shutdown/signal_actions.py": "never waited for",
    "shutdown/signal_watcher.py": "set by the watcher's thread, in which no code of others runs",
}


def names_in(path: Path) -> Iterator[str]:
    """Iterate over the names that a module uses, except for the events of spans."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name) and node.id != "Event":
            yield node.id


def test_every_lock_has_a_reason() -> None:
    """A lock that is new here is one too many, or has a reason why it cannot be waited for without end."""
    found = {path.relative_to(PACKAGE).as_posix() for path in package_files() if MAKERS.intersection(names_in(path))}

    assert found == set(ALLOWED)
