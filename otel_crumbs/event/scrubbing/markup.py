"""Secrets in XML and HTML: elements, and attributes that name a key and its value."""

from __future__ import annotations

import re

from .marks import hidden_mark_of
from .names import Names, find_kind
from .rule import Rule
from .strength import Strength
from .values import is_stand_in

_ELEMENT = re.compile(
    r"(?P<before><(?:[\w.-]{1,64}:)?(?P<name>[\w.-]{1,64})(?:[ \t][^<>\n]{0,512})?>(?:<!\[CDATA\[)?\s{0,64})(?P<value>[^<>\s][^<>\n]{0,4096}?)(?=\s{0,64}(?:\]\]>|</))"
)
_ENTRY = re.compile(
    r"(?P<before>\b(?:key|name|id|field|property)[ ]?=[ ]?(?P<quote>\\?[\"'])(?P<name>[\w.:-]{2,64})(?P=quote)"
    r"[^<>\n]{0,128}?[ ](?:value|content)[ ]?=[ ]?(?P=quote))(?P<value>[^<>\n\"'\\]{1,4096})"
)
_PROPERTY = re.compile(
    r"(?P<before><(?:[\w:.-]{1,32})[ ](?i:key|name|id)=\"(?P<name>[\w.:-]{2,64})\"[^<>\n]{0,128}>(?:\s{0,64}<value>)?)(?P<value>[^<>\n]{1,4096})(?=</)"
)
# A list of properties of Apple's, and elements in a text of another document.
_AFTER_KEY = re.compile(
    r"(?P<before><key>(?P<name>[\w.:-]{2,64})</key>\s{0,64}<(?:string|data)>)(?P<value>[^<>\n]{1,4096})(?=</)"
)
_ESCAPED = re.compile(
    r"(?P<before>&lt;(?:[\w.-]{1,64}:)?(?P<name>[\w.-]{1,64})(?:[ ][^&\n]{0,128})?&gt;)(?P<value>[^&<>\n]{1,1024})(?=&lt;/)"
)


def make_markup_rule(names: Names) -> Rule:
    """Return the rule of elements and attributes that are named as a secret."""

    def hide(found: re.Match[str]) -> str:
        strong = names.judge(found["name"]) >= Strength.DIGITS
        is_secret = strong and not is_stand_in(found["value"])
        return found["before"] + hidden_mark_of(find_kind(found["name"])) if is_secret else found[0]

    def scrub(text: str) -> str:
        if "<" in text:
            text = _AFTER_KEY.sub(hide, _PROPERTY.sub(hide, _ELEMENT.sub(hide, text)))
        if "&lt;" in text:
            text = _ESCAPED.sub(hide, text)
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
