"""logfire sets a provider that wraps the SDK's, and may be given another one later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("logfire")

PROGRAM = Path(__file__).parent / "programs" / "logfire_request.py"


@pytest.mark.parametrize("arguments", [["first"], [], ["first", "twice"]])
def test_a_failed_request(arguments: list[str]) -> None:
    """It is one event with what led to it, and `force_flush()` of logfire's provider sends it."""
    command = [sys.executable, str(PROGRAM), *arguments]

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.splitlines()[-1] == str([("ValueError: boom", "GET /orders", ["stock of hat", "counted"])])
    assert "otel_crumbs" not in done.stderr
