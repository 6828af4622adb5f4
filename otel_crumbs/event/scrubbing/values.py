"""The looks of a value: a stand-in that conceals nothing, a piece of code, or a secret."""

from __future__ import annotations

import re

# Stands for a secret that is out while other rules go through the text; no character of any text.
MARK = "\ufdd0"

# That there was none, or which kind there was, is worth knowing.
_NOTHING = re.compile(
    r"""(?ix)
    (?:none|null|nil|nan|undefined|unset|empty|missing|absent|true|false|yes|no|on|off|ok|n/a|unknown|default
    |required|optional|expected|invalid|valid|expired|incorrect|wrong|rejected|accepted|changed|failed|denied|disabled
    |enabled|refused|revoked|rotated|reset|set|not|check|checked|skipped|mismatch|unexpected|too|must|should|cannot
    |str|bytes|string|int|bool|float|any|object|text|varchar|optional\[.*|bearer|basic|digest|negotiate|oauth2?|jwt
    |hidden|masked|redacted|filtered|scrubbed|removed|secret|password|token|passwd|the|this|a|an|for|is|was|has|in|of|to
    |be|been|blank|does|found|given|may|provided|include|omit|same-origin)
    (?:[ ](?:be|been|blank|does|empty|expected|expired|field|found|given|has|incorrect|invalid|is|it|match|may|missing|must
    |no|not|or|provided|required|revoked|set|that|the|this|too|short|long|valid|was|were|wrong|yet)){0,8}
    """
)
_MASK = re.compile(
    r"[*•xX#_.\-\s…]*|[^\w]{0,3}|.{0,8}\*{3,}.{0,8}|\[[A-Za-z :]{0,24}\]|<[A-Za-z _.-]{0,32}>", re.DOTALL
)
_PLACEHOLDER = re.compile(
    r"%s|%\(\w+\)s|\?|\$\d+|\$\{[^}]*\}|\$[A-Z_]+[A-Z0-9_]*|\$\([^)]*\)|:[A-Za-z_]+(?:_\d+)?|@[a-z_]+"
    r"|(?i:your|my|insert|example|dummy)[-_ ][A-Za-z][A-Za-z_-]{1,32}|\{\w*\}|\{\{[^}]*\}\}|<%=?[^%]*%>"
)
# Dotted names without a digit, the call of one, or an item of one.
_CODE = re.compile(r"(?:[A-Za-z_]+\.)+[A-Za-z_]+|[A-Za-z_]+(?:\.[A-Za-z_]+)*[(\[].*")
_SENTENCE = re.compile(r"[A-Z][a-z']+(?: [A-Za-z0-9'\",;:().-]{1,24}){2,40}[.!?]")
_FILE = re.compile(
    r"(?:[A-Za-z]:|~|\.{1,2})?[/\\](?:[\w.-]{1,64}[/\\])*[\w.-]{1,64}\.(?:pem|key|crt|cer|p12|pfx|jks|pub|json|txt|ya?ml|ini|cfg|conf|env|toml)"
)
_SHARE = re.compile(r"\d{1,6}[ ]?(?:/|of)[ ]?\d{1,6}|\d{1,3}(?:\.\d{1,3})?[ ]?%")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SEPARATORS = re.compile(r"[-_.:/+=~ ]+")
_WORD_OR_NUMBER = re.compile(r"[a-z]+|[A-Z]+|(?:[A-Z][a-z]{2,})+|\d{1,8}|v\d{1,3}|[a-z]{1,12}\d{1,3}|\d{1,4}[a-z]{0,2}")
_PIECES = re.compile(r"[A-Z]*[a-z]*")
# A word in camel case has longer ones.
_SHORT_PIECE = 3.2


def is_stand_in(value: str) -> bool:
    """Return whether a value is empty, a mask, a placeholder, or says that there is none."""
    if MARK in value:
        return True
    value = value.strip("\"'`")
    return bool(_MASK.fullmatch(value) or _PLACEHOLDER.fullmatch(value) or _NOTHING.fullmatch(value.strip(" .,:;!?")))


def hide_value(found: re.Match[str]) -> str:
    """Return a find with its value hidden, as it is where the value stands for none."""
    return found[0] if is_stand_in(found["value"]) else found["before"] + MARK


def is_code(value: str) -> bool:
    """Return whether a value is the name of one: an attribute, a call, an item."""
    return _CODE.fullmatch(value) is not None


def is_sentence(value: str) -> bool:
    """Return whether a value is a sentence, as of a form that was filled in wrong."""
    return _SENTENCE.fullmatch(value) is not None


def is_share(value: str) -> bool:
    """Return whether a value is a part of a number, as of tests that passed."""
    return _SHARE.fullmatch(value) is not None


def is_file(value: str) -> bool:
    """Return whether a value is the path of a file, which may hold a secret and is none."""
    return _FILE.fullmatch(value) is not None


def is_random(value: str, least: int = 8) -> bool:
    """
    Return whether a value was made by chance and not of words and numbers.

    It suffices nowhere by itself, since hashes and ids are random too: a key or
    a sentence must say that it is a secret.
    """
    if len(value) < least or "://" in value or _UUID.fullmatch(value):
        return False
    pieces = [piece for piece in _SEPARATORS.split(value) if piece]
    return not all(map(_is_wordlike, pieces))


def _is_wordlike(piece: str) -> bool:
    if _WORD_OR_NUMBER.fullmatch(piece):
        return True
    if not piece.isalpha() or not piece.isascii():
        return False
    parts = [part for part in _PIECES.findall(piece) if part]
    return len(piece) / len(parts) > _SHORT_PIECE
