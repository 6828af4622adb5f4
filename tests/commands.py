"""The commands as people run them: in a process of their own, away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OTEL_CRUMBS = (sys.executable, "-m", "otel_crumbs")
INSTRUMENT = (
    sys.executable,
    "-c",
    "from opentelemetry.instrumentation.auto_instrumentation import run; run()",
)


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return this process's environment without what would change the result, and with *variables*."""
    unwanted = ("OTEL_", "DJANGO_", "SHOP_", "FORCE_COLOR", "NO_COLOR", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    kept |= {"NO_PROXY": "127.0.0.1", "TMPDIR": str(folder), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return kept | variables


def run(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, start: tuple[str, ...] = OTEL_CRUMBS
) -> subprocess.CompletedProcess[str]:
    """Run `otel-crumbs` in a folder that is not the checkout."""
    return subprocess.run(
        [*start, *arguments],
        cwd=folder,
        env=environment(folder, **(env or {})),
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=100,
    )
