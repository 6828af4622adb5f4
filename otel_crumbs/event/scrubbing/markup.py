"""Secrets in XML and HTML: elements, and attributes that name a key and its value."""

from __future__ import annotations

import re

from .marks import hidden_mark_of
from .names import Names, find_kind
from .rule import Rule
from .strength import Strength
from .values import is_stand_in

_ELEMENT = re.compile(
    r"(?P<before><(?:[\w.-]{1,64}:)?(?P<name>[\w.-]{1,64})(?:[ \t][^<>\n]{0,512})?>(?:<!\[CDATA\[)?)(?P<value>[^<>\n]{1,4096}?)(?=\]\]>|</)"
)
_ENTRY = re.compile(
    r"(?P<before>\b(?:key|name|id|field|property)[ ]?=[ ]?(?P<quote>\\?[\"'])(?P<name>[\w.:-]{2,64})(?P=quote)"
    r"[^<>\n]{0,128}?[ ](?:value|content)[ ]?=[ ]?(?P=quote))(?P<value>[^<>\n\"'\\]{1,4096})"
)
_PROPERTY = re.compile(
    r"(?P<before><(?:[\w:.-]{1,32})[ ](?:key|name|id)=\"(?P<name>[\w.:-]{2,64})\"[^<>\n]{0,128}>(?:\s{0,64}<value>)?)(?P<value>[^<>\n]{1,4096})(?=</)"
)


def make_markup_rule(names: Names) -> Rule:
    """Return the rule of elements and attributes that are named as a secret."""

    def hide(found: re.Match[str]) -> str:
        strong = names.judge(found["name"]) >= Strength.DIGITS
        is_secret = strong and not is_stand_in(found["value"])
        return found["before"] + hidden_mark_of(find_kind(found["name"])) if is_secret else found[0]

    def scrub(text: str) -> str:
        if "<" in text:
            text = _PROPERTY.sub(hide, _ELEMENT.sub(hide, text))
        return _ENTRY.sub(hide, text) if "value" in text or "content" in text else text

    return Rule(
        name="markup",
        kind="secret",
        reason="elements of XML named as a secret, and attributes such as `key='password' value='...'`",
        source="https://www.w3.org/TR/xml/#sec-starttags",
        cost="parse",
        named=True,
        scrub=scrub,
    )
