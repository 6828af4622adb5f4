"""The project's own files, as its gates read them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import otel_crumbs

if sys.version_info >= (3, 11):
    import tomllib
else:  # coverage[toml] brings it
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
# Where it is imported from: in the checkout, or where the wheel was installed.
PACKAGE = Path(otel_crumbs.__file__).parent


def text_of(name: str) -> str:
    """Return a file of the project as text."""
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def metadata() -> dict[str, Any]:
    """Return pyproject.toml, read."""
    return tomllib.loads(text_of("pyproject.toml"))


@cache
def documentation() -> str:
    """Return the README and all pages of docs/ in one piece."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def name_of(requirement: str) -> str:
    """Return the distribution that a requirement asks for, in lower case."""
    match = re.match(r"[\w.-]+", requirement)
    assert match is not None, requirement
    return match[0].lower()


def package_files() -> Iterator[Path]:
    """Iterate over the package's own files; a wheel has the example shop beside them."""
    return (path for path in PACKAGE.rglob("*.py") if "django_shop" not in path.parts)
