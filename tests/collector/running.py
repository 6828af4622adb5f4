"""Run one of the programs against a Collector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
PROTOCOLS = ("http/protobuf", "grpc")
SECONDS_TO_RUN = 60

# What the environment of the test run says about telemetry and warnings is not about these programs.
FOREIGN = ("OTEL_", "PYTHONWARNINGS", "PYTHONDEVMODE", "DJANGO_")


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment without anybody's telemetry settings, where nothing is kept from run to run."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**inherited, "HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_STATE_HOME": str(home)}


def run_program(name: str, home: Path, **variables: str) -> dict[str, Any]:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(PROGRAMS / name)],
        env={**clean_environment(home), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_TO_RUN,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed
