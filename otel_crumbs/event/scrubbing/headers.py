"""Headers of HTTP in texts: Authorization with any scheme, bare credentials, and cookies of any name."""

from __future__ import annotations

import base64
import binascii
import re

from .rule import Rule
from .values import MARK, hide_value, is_random, is_stand_in

_HEADER = re.compile(
    r"(?P<before>\b(?:proxy-|x-[a-z]{1,16}-)?authorization[ \t]{0,4}(?:=>|->|[:=])[ \t]{0,4})"
    r"(?P<scheme>(?:[a-z][a-z0-9-]{1,32}(?=[ \t]+[^\s=]))?)(?P<blank>[ \t]*)"
    r"(?P<value>[^\s,;\"'<>)\]}]+)",
    re.IGNORECASE,
)
# Digest, AWS4-HMAC-SHA256, OAuth and Hawk list their parts.
_PARTS = re.compile(r"(?:[,;]?[ \t]{0,4}[\w-]{1,32}=(?:\"[^\"\n]{0,1024}\"|[^\s,;\"'<>)\]}]{1,1024}))+")
_MORE = re.compile(r"[,;][ \t]{0,4}(?=[\w-]{1,32}=)")
_BEARER = re.compile(
    r"(?P<before>\b(?:Bearer|Token|ApiKey|Api-Key|JWT|SSWS|GenieKey|Splunk|Negotiate|NTLM|Basic|bearer|basic|BEARER|BASIC)(?:[ ]{1,2}|,[ ])"
    r"(?:token=)?)(?P<value>[A-Za-z0-9_.~+/=:-]{8,4096})"
)
_DIGEST = re.compile(r"(?P<before>\b(?:response|nonce|cnonce|opaque)=)\"(?P<value>[^\"\n]{8,512})\"")
_LEAST = 16


def _scrub_header(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for found in _HEADER.finditer(text):
        if found.start() < done or is_stand_in(found["value"]):
            continue
        start, end = found.start("value"), found.end()
        # Some schemes list their parts, and all of them go.
        parts = _PARTS.match(text, start) if "=" in found["value"] else None
        if parts is not None:
            end = max(end, parts.end())
        elif _MORE.match(text, end) and not found["scheme"].lower().startswith(("basic", "bearer")):
            more = _PARTS.match(text, end)
            end = more.end() if more else end
        pieces += (text[done:start], MARK)
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


AUTHORIZATION = Rule(
    name="authorization",
    kind="token",
    reason="the header Authorization with any scheme",
    source="https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2",
    cost="scan",
    named=True,
    needs="authorization",
    scrub=_scrub_header,
)


def _is_basic(value: str) -> bool:
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in decoded


def _hide_bare(found: re.Match[str]) -> str:
    scheme, value = found["before"].strip(" ,").lower(), found["value"]
    is_secret = _is_basic(value) if scheme == "basic" else is_random(value, _LEAST)
    return found["before"] + MARK if is_secret else found[0]


def _scrub_bare(text: str) -> str:
    scrubbed = _BEARER.sub(_hide_bare, text)
    return _DIGEST.sub(hide_value, scrubbed) if "digest" in text.lower() else scrubbed


CREDENTIALS = Rule(
    name="credentials",
    kind="token",
    reason="credentials with their scheme, wherever they stand: `Bearer ...`, `Basic ...`, `Digest ...`",
    source="https://www.rfc-editor.org/rfc/rfc6750#section-2.1",
    cost="scan",
    hints=("bearer", "basic ", "digest ", "ssws "),
    named=True,
    scrub=_scrub_bare,
)

_COOKIES = re.compile(
    r"(?P<before>\b(?P<set>set-)?cookies?2?\b[^:=\n\"'{}()\[\]]{0,24}(?:=>|->|[:=])[ \t]{0,4})"
    r"(?=[\w.!#$%&*+^|~-]{1,128}=)(?P<value>[^\r\n\"']{1,16384})",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(?P<name>(?:^|(?<=;)|(?<=, ))[ ]?[\w.!#$%&*+^|~-]{1,128}=)(?P<value>[^;,\s]{1,8192})")
_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite", "version", "priority", "comment"})


def _hide_pair(found: re.Match[str]) -> str:
    is_public = found["name"].strip(" =").lower() in _ATTRIBUTES or is_stand_in(found["value"])
    return found[0] if is_public else found["name"] + MARK


def _hide_cookies(found: re.Match[str]) -> str:
    return found["before"] + _PAIR.sub(_hide_pair, found["value"])


COOKIE = Rule(
    name="cookie",
    kind="cookie",
    reason="cookies of any name in the headers Cookie and Set-Cookie",
    source="https://www.rfc-editor.org/rfc/rfc6265#section-4",
    cost="scan",
    named=True,
    needs="cookie",
    scrub=lambda text: _COOKIES.sub(_hide_cookies, text),
)
