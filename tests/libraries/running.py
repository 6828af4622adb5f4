"""Programs of this folder, run to their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without OpenTelemetry's settings, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **variables}


def trails_of(program: str, *arguments: str, **variables: str) -> dict[str, list[list[Any]]]:
    """Run a program; return the trails that it printed, by what each is of."""
    command = [sys.executable, "-m", f"tests.libraries.programs.{program}", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        cwd=ROOT,
        # Statements are seen whole.
        env=environment(**{"OTEL_CRUMBS_SQL_LITERALS": "keep"} | variables),
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    trails: dict[str, list[list[Any]]] = {}
    for line in done.stdout.splitlines():
        trails |= json.loads(line)
    return trails
