"""The page of sources says what the rules say."""

from __future__ import annotations

import subprocess
import sys

from .project import ROOT, metadata, name_of, text_of


def test_the_table_of_libraries_is_up_to_date() -> None:
    """Its examples are recorded spans, told by the rules of today."""
    command = [sys.executable, ROOT / "docs" / "sources_table.py", "--check"]

    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stderr


def test_every_tested_instrumentation_is_on_the_page() -> None:
    """What is called for real is told to users, but for what only carries the context or serves requests."""
    of_requests = {
        "aiohttp-server",
        "asgi",
        "click",
        "fastapi",
        "flask",
        "starlette",
        "structlog",
        "threading",
        "tornado",
    }
    prefix = "opentelemetry-instrumentation-"
    tested = {
        name.removeprefix(prefix)
        for name in map(name_of, metadata()["dependency-groups"]["libraries"])
        if name.startswith(prefix)
    }

    missing = [name for name in tested - of_requests if f"`{prefix}{name}`" not in text_of("docs/sources.md")]

    assert missing == []
