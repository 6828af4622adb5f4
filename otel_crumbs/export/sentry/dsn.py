"""The DSN, the address of a project in Sentry and other trackers: ``https://KEY@HOST/PROJECT``."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsn:
    """
    The two parts of a DSN that an exporter needs.

    Args:
        endpoint: The URL that takes envelopes.
        key: The public key; the secret key of old DSNs is left out.

    """

    endpoint: str
    key: str = field(repr=False)


def read_dsn(text: str) -> Dsn:
    """
    Return the parts of a DSN.

    Raises:
        ValueError: If it is no DSN; the message says why, without the key.

    """
    # This check comes first, since Python's own errors about other characters repeat the text with the key.
    if not text.isascii():
        raise ValueError("it has characters that no DSN has")
    try:
        parts = urlsplit(text.strip())
        _ = parts.port
    except ValueError:
        raise ValueError("its host or its port cannot be read") from None
    folder, _, project = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in {"http", "https"}:
        raise ValueError("it begins with neither https:// nor http://")
    if not parts.username:
        raise ValueError("it has no key before the @")
    if not parts.hostname:
        raise ValueError("it has no host")
    if not project.isdecimal():
        raise ValueError("it does not end with the number of a project")
    address = parts.netloc.rpartition("@")[2]
    return Dsn(endpoint=f"{parts.scheme}://{address}{folder}/api/{project}/envelope/", key=parts.username)
