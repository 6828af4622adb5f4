"""The programs that die, started, and what the event of a death must have."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.delivery.running import environment
from tests.export.receiver import Receiver

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "programs" / "dying.py"
SECONDS = 120
TYPES = {
    "kill": "Killed",
    "segfault": "SegmentationFault",
    "abort": "Aborted",
    "overflow": "SegmentationFault",
    "exit": "Killed",
}
# Those of servers that lose their patience.
TYPES_OF_HANGS = {"hang": "WorkerTimeout", "hang in C": "WorkerTimeout"}
# The stacks of these are found by whoever reads the recording.
CRASHES = frozenset({"segfault", "abort", "overflow", "hang in C"})


def variables(home: Path, receiver: Receiver, **more: str) -> dict[str, str]:
    """Return the environment of a program that records."""
    return environment(home, receiver.url, OTEL_CRUMBS_RECORDER="auto", OTEL_SERVICE_NAME="shop", **more)


def run(variables: dict[str, str], host: str, way: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, good or bad."""
    command = [sys.executable, str(PROGRAM), host, way]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)


def recover(variables: dict[str, str], folder: Path) -> str:
    """Run the command that reports the dead of a folder; return its words."""
    command = [str(Path(sys.executable).with_name("otel-crumbs")), "recover", str(folder)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=SECONDS).stdout


def recordings(home: Path) -> list[str]:
    """Return the names of the files that processes left."""
    return sorted(path.name for path in home.glob("otel-crumbs/recordings/*"))


def check(event: dict[str, Any], way: str, kind: str = "", *, has_stacks: bool = True) -> None:
    """Check that the event of a death has all that is promised, and the type that it has elsewhere by default."""
    [exception] = event["exceptions"]
    assert event["operation"].endswith(f"work {way}")
    assert (exception["type"], event["level"]) == (kind or (TYPES | TYPES_OF_HANGS)[way], "fatal")
    # A hang in Python code is told by the process itself.
    assert event.get("name") == (None if way == "hang" else "app.crash")
    assert event["resource"]["service.name"] == "shop"
    messages = [each["message"] for each in event["breadcrumbs"]]
    assert re.fullmatch(r"SELECT \* FROM orders \(in flight.*\)", messages[-1])
    assert messages[-51:-1] == [f"step {number}" for number in range(10, 60)]
    assert "hunter2" not in str(event)
    if way in CRASHES and has_stacks:
        assert "die" in [frame["function"] for frame in exception["frames"]], event["stacktrace"]
        assert f'"{PROGRAM}"' in event["stacktrace"]
