"""Generated parts of the pages in docs/."""

from __future__ import annotations

import platform
from importlib.metadata import version


def replaced(page: str, name: str, content: str) -> str:
    """Return a page with what stands between its markers of that name replaced."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no {start.strip()} ... {end}")
    return f"{before}{start}\n{content}\n\n{end}{after}"


def versions(*packages: str) -> str:
    """Return what was measured, in words."""
    named = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{platform.python_implementation()} {platform.python_version()}, {named}"
