"""Sentences that give a secret away: `password is x`, `one-time code 123456`."""

from __future__ import annotations

import re

from .rule import Rule
from .values import MARK, is_random, is_stand_in

_SAID = re.compile(
    r"(?P<before>\b(?:password|passwd|passphrase|passcode|pwd|secret|token|api[ _-]?key|access[ _-]?key|secret[ _-]?key|private[ _-]?key"
    r"|encryption[ _-]?key|license[ _-]?key|credentials?|(?:session[ ])?cookie|session[ _-]?id|session[ _-]?key)s?[ ]"
    r"(?:(?:for|of|to)[ ][\w.@\"'-]{1,64}[ ])?(?:(?:is|was|now|set|changed|reset|to|as|are|be|will|has|been|value|with|by|from|given|got"
    r"|received|invalid|rejected|wrong|bad)[ ]){0,4}(?:(?:->|=>|→)[ ]?)?[:]?[ ]?[(\[<]?)"
    r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;<>()]{6,512})(?P=quote)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?P<before>\b(?:(?:one[ -]time|verification|security|login|log-in|sign-in|sms|2fa|mfa|two[ -]factor|confirmation|access|recovery|backup"
    r"|authentication|activation|otp|pairing|device|your)[ ](?:code|pin|password|passcode)|otp|totp|pin|tan|passcode)"
    r"(?:[ ](?:for|to|of)[ ][\w@.+-]{1,40}(?:[ ][\w-]{1,20})?)?(?:[ ](?:is|was|:|=|->))?[ ]?[:=]?[ ]?)(?P<value>\d{3}[ -]\d{3}|\d{4,8})(?![\w.:/-]*\w)",
    re.IGNORECASE,
)
_CODE_BEFORE = re.compile(
    r"(?<![\w.:/#-])(?P<prefix>(?:[A-Z]-)?)(?P<value>\d{3}[ -]\d{3}|\d{4,8})(?=[ ](?:is|as)[ ](?:your|the)[ ](?:[\w-]{1,20}[ ]){0,3}(?:code|pin|otp|passcode|password)\b)",
    re.IGNORECASE,
)
# An address is whose the password is.
_ADDRESS = re.compile(r"[^@\s]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_UNWRAPPED = re.compile(
    r"(?P<before>\b(?:unwrapped|decrypted|decoded|revealed|resolved|plain|cleartext)\b[^\n\"']{0,16}[\"'])(?P<value>[^\"'\n]{6,512})"
)


def _hide_said(found: re.Match[str]) -> str:
    value = found["value"].rstrip(".!?:")
    is_secret = is_random(value) and not is_stand_in(value) and not _ADDRESS.fullmatch(value)
    return (
        found["before"]
        + found["quote"]
        + MARK
        + found[0][found.end("value") - found.start() - len(found["value"]) + len(value) :]
        if is_secret
        else found[0]
    )


def _hide_value(found: re.Match[str]) -> str:
    return found["before"] + MARK


def _hide_code(found: re.Match[str]) -> str:
    return found["prefix"] + MARK


def _hide_random(found: re.Match[str]) -> str:
    return found["before"] + MARK if is_random(found["value"]) else found[0]


SENTENCE = Rule(
    name="sentence",
    kind="secret",
    reason="random values in sentences: `the password is ...`, `api key -> ...`",
    source="https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#data-to-exclude",
    cost="scan",
    named=True,
    scrub=lambda text: _UNWRAPPED.sub(_hide_random, _SAID.sub(_hide_said, text)),
)


def _compile_words(*words: str) -> re.Pattern[str]:
    """
    Return an expression that finds any of some words, in letters of any case, unless more follows.

    Where an expression ignores case Python tries each place of a text in full; here the first letter decides.
    """
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[0], []).append("".join(f"[{letter}{letter.upper()}]" for letter in word[1:]))
    branches = [f"(?<=[{first}{first.upper()}])(?:{'|'.join(each)})" for first, each in rests.items()]
    firsts = "".join(rests)
    return re.compile(rf"[{firsts}{firsts.upper()}](?<=\b.)(?:{'|'.join(branches)})\b(?![.\w])")


CODE = Rule(
    name="one-time-code",
    kind="code",
    reason="one-time codes and PINs in sentences",
    source="https://www.rfc-editor.org/rfc/rfc6238",
    cost="scan",
    has_digits=True,
    look=_compile_words("code", "pin", "otp", "totp", "tan", "passcode", "password"),
    scrub=lambda text: _CODE_BEFORE.sub(_hide_code, _CODE.sub(_hide_value, text)),
)
