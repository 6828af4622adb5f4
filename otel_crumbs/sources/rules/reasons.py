"""The reasons of failed calls, found in the exceptions of clients."""

from __future__ import annotations

import os
import re
from http import HTTPStatus

# OpenSSL's: "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)".
_TLS = re.compile(r"\[SSL: \w+\] ([^()\]]+)")
# The operating system's: "[Errno 111] Connection refused"; redis-py leaves out the brackets.
_SYSTEM = re.compile(r"\[Errno -?\d+\] ([^'\"()\[\]>:]+)")
# asyncio puts its own words where those of the system were: "[Errno 111] Connect call failed ('127.0.0.1', 1)".
_OF_ASYNCIO = re.compile(r"\b(?:Errno|Error) (\d+)\b.*?\bConnect call failed", re.DOTALL)
# asyncio's: "[Connect call failed ('127.0.0.1', 1)]", or several of them.
_CONNECT = re.compile(r"[Cc]onnect(?:ion)? (?:call failed|refused|reset by peer|aborted)|connection attempts failed")
_TIMED_OUT = re.compile(r"timed out|time-?out", re.IGNORECASE)


def find_reason(said: str | None) -> str | None:
    """
    Return the reason in a client's error message, None if it has none that is known.

    ``TLS: certificate verify failed``, ``timed out``, ``connection refused``, ...
    """
    if not said:
        return None
    if found := _TLS.search(said):
        return f"TLS: {found[1].strip()}"
    if found := _OF_ASYNCIO.search(said):
        return os.strerror(int(found[1])).lower()
    if found := _SYSTEM.search(said):
        return found[1].strip().lower()
    if _TIMED_OUT.search(said):
        return "timed out"
    if found := _CONNECT.search(said):
        return found[0].lower()
    return None


def find_phrase(status: object) -> str | None:
    """Return the phrase of an HTTP status, None for an unknown one."""
    try:
        return HTTPStatus(status).phrase if isinstance(status, int) else None
    except ValueError:
        return None
