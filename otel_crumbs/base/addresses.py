"""
Addresses of receivers as people may read them: never a password, whichever way the address is misspelt.

An address that cannot be read is the one that a message is about, so a parser
is of no help here: all that stands before the last ``@`` may be a password, and
what stands behind it is shown where it is a host with a port and a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

UNREADABLE = "an address that cannot be read"
HIDDEN = "***"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A path alone is that of a socket: `unix:///run/collector.sock`.
_PLACE = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[^\s?#]*)?|/[^\s?#]+")
_PARTS = re.compile(r"[^\w.%+~!$-]+", re.ASCII)
# Shorter pieces are in every other word.
_SHORTEST = 3


def show_address(address: str, hidden: str = "") -> str:
    """
    Return an address without user, password, query and fragment.

    Args:
        address: The address, as somebody wrote it.
        hidden: Stands for user and password, where there are some; nothing does by default.

    """
    scheme, user, place = _split(address)
    if not _PLACE.fullmatch(place):
        return UNREADABLE
    return f"{scheme}{hidden}@{place}" if user and hidden else f"{scheme}{place}"


def hide_address(text: str, address: str) -> str:
    """Return a text about an address, which a library wrote, without what `show_address` does not show."""
    shown = show_address(address)
    text = text.replace(address.strip(), shown)
    for piece in sorted(_iterate_hidden(address, shown), key=len, reverse=True):
        text = text.replace(piece, HIDDEN)
    return text


def _split(address: str) -> tuple[str, str, str]:
    """Return the scheme, all that may be user and password, and the rest without query and fragment."""
    address = address.strip()
    found = _SCHEME.match(address)
    scheme = found.group() if found else ""
    user, at, rest = address[len(scheme) :].rpartition("@")
    return scheme, user + at, re.split(r"[?#]", rest, maxsplit=1)[0]


def _iterate_hidden(address: str, shown: str) -> Iterator[str]:
    """Iterate over the pieces of an address that are not shown, as whole and in parts, decoded too."""
    scheme, user, place = _split(address)
    rest = address.strip()[len(scheme) + len(user) + len(place) :]
    secret = [user, rest] if shown != UNREADABLE else [user, place, rest]
    for text in {each for part in secret for each in (part, unquote(part))}:
        for piece in (text.strip("@?#"), *_PARTS.split(text)):
            if len(piece) >= _SHORTEST and piece not in shown:
                yield piece
