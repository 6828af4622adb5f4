"""Generated parts of the pages in docs/."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path


def replaced(page: str, name: str, content: str) -> str:
    """Return a page with what stands between its markers of that name replaced."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no {start.strip()} ... {end}")
    return f"{before}{start}\n{content}\n\n{end}{after}"


def write_table(page: Path, name: str, lines: Sequence[str], facts: str) -> None:
    """Put a table, and a sentence on how it was made, between a page's markers of that name."""
    content = "\n".join([*lines, "", f"{facts}."])
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, content), encoding="utf-8")


def versions(*packages: str) -> str:
    """Return what was measured, in words."""
    named = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{platform.python_implementation()} {platform.python_version()}, {named}"
