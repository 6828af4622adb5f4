"""A browser for the tests of the viewer's pages, and what looks for people whom a page shuts out."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.bugsink.browser import ARTEFACTS, chromium

AXE = "axe-core@4.10.3"
LOOKS = [(1400, "light"), (1400, "dark"), (360, "light"), (360, "dark")]


def find_program() -> str:
    """Return the browser of this machine; make the folder of the pictures."""
    program = chromium()
    if program is None:
        reason = "there is no Chromium on this machine"
        pytest.fail(reason) if os.environ.get("OTEL_CRUMBS_REQUIRE_BROWSER") else pytest.skip(reason)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return program


@cache
def axe() -> str | None:
    """Return axe-core's program, None where it cannot be installed."""
    npm = shutil.which("npm")
    folder = Path(ARTEFACTS).parent / "axe"
    if npm is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    install = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), AXE]
    try:
        subprocess.run(install, check=True, timeout=120, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
