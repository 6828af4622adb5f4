"""Tells the process that started the suite of each test: a line of JSON when it begins, and one for each outcome."""

from __future__ import annotations

import json
import os

# Its children must not write there: some of them run tests of their own, and those that are spawned import this too.
_PATH = os.environ.pop("PEERS_RECORD", "")
_PROCESS = os.getpid()


def record_start(test: str) -> None:
    """Tell that a test begins: if it is the last that is heard of it, it hangs or took the process along."""
    _write({"test": test})


def record_outcome(test: str, outcome: str, message: str = "") -> None:
    """Tell how a test went; a test can have more than one outcome."""
    _write({"test": test, "outcome": outcome, "message": message})


def _write(line: dict[str, str]) -> None:
    if not _PATH or os.getpid() != _PROCESS:
        return
    # Opened each time: tests close descriptors that they do not know.
    with open(_PATH, "ab", buffering=0) as file:  # noqa: PTH123 - tests replace what pathlib calls
        file.write(json.dumps(line).encode() + b"\n")
