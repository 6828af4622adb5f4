"""The endpoint and the headers of the exporter `http`, checked at the start and not with the first event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

# https://www.rfc-editor.org/rfc/rfc9110#name-tokens
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def read_endpoint(value: Any) -> str:
    """
    Return a URL to which events can be posted.

    Raises:
        ValueError: If it is none; the message says why.

    """
    text = str(value).strip()
    parts = split_url(text)
    if not parts.hostname:
        raise ValueError("it has no host")
    return text


def split_url(text: str) -> SplitResult:
    """
    Return the parts of a URL of HTTP.

    Raises:
        ValueError: If it is none; the message says why, without any part of it.

    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        # Python's own words repeat a part of it, which may be of a password.
        raise ValueError("its host or its port cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("it begins with neither https:// nor http://")
    return parts


def read_headers(value: Any) -> dict[str, str]:
    """
    Return headers from a mapping, or from a text such as ``name=value,name2=value2`` with %-encoded values.

    Raises:
        ValueError: If they are none; the message says why, without their values, which may be secret.

    """
    return dict(_iterate_headers(value))


def _iterate_headers(value: Any) -> Iterator[tuple[str, str]]:
    pairs = value.items() if isinstance(value, Mapping) else map(_parse_pair, filter(str.strip, str(value).split(",")))
    for name, content in pairs:
        if not HEADER_NAME.fullmatch(str(name)):
            raise ValueError("one of them has a name that no header has")
        if not _VALUE.fullmatch(str(content)):
            raise ValueError(f"the value of {name} has characters that no header has")
        yield str(name), str(content)


def _parse_pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ValueError("there is one without a = between its name and its value")
    return name.strip(), unquote(value.strip())
