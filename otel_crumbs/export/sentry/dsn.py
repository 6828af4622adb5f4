"""The DSN, the address of a project in Sentry and other trackers: ``https://KEY@HOST/PROJECT``."""

from __future__ import annotations

from dataclasses import dataclass, field

from otel_crumbs.export.http.endpoint import split_url


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
    parts = split_url(text.strip())
    folder, _, project = parts.path.rstrip("/").rpartition("/")
    if not parts.username:
        raise ValueError("it has no key before the @")
    if not parts.hostname:
        raise ValueError("it has no host")
    if not project.isdecimal():
        raise ValueError("it does not end with the number of a project")
    address = parts.netloc.rpartition("@")[2]
    return Dsn(endpoint=f"{parts.scheme}://{address}{folder}/api/{project}/envelope/", key=parts.username)
