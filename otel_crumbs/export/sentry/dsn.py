"""The address of a project in Sentry and its kin: ``https://KEY@HOST/PROJECT``."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsn:
    """
    The address of envelopes, and the key that they need.

    Args:
        endpoint: Takes envelopes.
        key: The public one; a secret one behind it is of old, and is left out.

    """

    endpoint: str
    key: str = field(repr=False)


def read_dsn(text: str) -> Dsn:
    """
    Return the parts of a DSN.

    Raises:
        ValueError: What is wrong with it, without the key that it holds.

    """
    # First of all: Python's own errors about other characters repeat them.
    if not text.isascii():
        raise ValueError("it has characters that no DSN has")
    parts = urlsplit(text.strip())
    folder, _, project = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in {"http", "https"}:
        raise ValueError("it begins with neither https:// nor http://")
    if not parts.username:
        raise ValueError("it has no key before the @")
    if not parts.hostname:
        raise ValueError("it has no host")
    if not project.isdecimal():
        raise ValueError("it does not end with the number of a project")
    _ = parts.port  # raises where that is no number, or too large
    address = parts.netloc.rpartition("@")[2]
    return Dsn(endpoint=f"{parts.scheme}://{address}{folder}/api/{project}/envelope/", key=parts.username)
