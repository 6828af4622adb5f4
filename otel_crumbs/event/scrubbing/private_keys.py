"""Private keys in PEM, over many lines, with escaped line ends, or in one line."""

from __future__ import annotations

import re

from .rule import Rule
from .values import MARK

# What stands between the lines is a key, or the end of the text, whatever was cut off.
_PEM = re.compile(
    r"(?P<begin>-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----)"
    r"(?P<key>[A-Za-z0-9+/=\s\\:,.\-]*?)"
    r"(?P<end>-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----|(?=[^A-Za-z0-9+/=\s\\:,.\-]|$(?![\s\S])))"
)
_RUN = re.compile(r"[A-Za-z0-9+/=]{16}")
_PUTTY = re.compile(r"(?P<begin>Private-Lines: \d{1,4}\s)(?P<key>[A-Za-z0-9+/=\s]+)")


def _hide(found: re.Match[str]) -> str:
    if not _RUN.search(found["key"]):
        return found[0]
    end = found["end"] if "end" in found.re.groupindex else "\n"
    return f"{found['begin']}{MARK}{end}"


def _scrub(text: str) -> str:
    scrubbed = _PEM.sub(_hide, text) if "PRIVATE KEY" in text else text
    return _PUTTY.sub(_hide, scrubbed) if "Private-Lines" in scrubbed else scrubbed


PRIVATE_KEY = Rule(
    name="private-key",
    kind="key",
    reason="private keys in PEM, of OpenSSH, PGP and PuTTY",
    source="https://www.rfc-editor.org/rfc/rfc7468#section-10",
    cost="scan",
    hints=("private key", "private-lines"),
    needs="private",
    scrub=_scrub,
)
