"""
The marks in the place of secrets, which tell their kind: `[scrubbed: token]`.

While rules go through a text each mark is two characters that no text has, of which the second tells the kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

from .values import MARK

Kind = Literal[
    "account",
    "address",
    "card",
    "code",
    "cookie",
    "email",
    "key",
    "link",
    "password",
    "pattern",
    "secret",
    "token",
    "user",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Noncharacters of Unicode, as MARK is: https://www.unicode.org/faq/private_use.html#noncharacters
_SIGNS: dict[str, str] = {kind: chr(ord(MARK) + number) for number, kind in enumerate(KINDS, 1)}
_KINDS_OF_SIGNS = {sign: kind for kind, sign in _SIGNS.items()}
_OF_NO_KIND = re.compile(rf"{MARK}(?![{''.join(_SIGNS.values())}])")
_HIDDEN = re.compile(rf"{MARK}([{''.join(_SIGNS.values())}]?)")
_WRITTEN = re.compile(rf"\[scrubbed(?:: ({'|'.join(KINDS)}))?\]")
_BEGIN = "[scrubbed"
_NUMBERS = frozenset({int, float, bool, type(None)})


class Mark(NamedTuple):
    """A mark in a text that leaves: its kind, None of one that an older version made, and its place."""

    kind: str | None
    start: int
    end: int


def mark_of(kind: str) -> str:
    """Return the mark of a kind in a text that leaves."""
    return f"{_BEGIN}: {kind}]"


def hidden_mark_of(kind: Kind) -> str:
    """Return the mark of a kind while rules go through the text."""
    return MARK + _SIGNS[kind]


def add_kind(text: str, kind: Kind) -> str:
    """Return a text in which each mark that a rule left tells the kind."""
    return _OF_NO_KIND.sub(hidden_mark_of(kind), text)


def hide_marks(text: str) -> str:
    """Return a text with the marks of an earlier pass as they are while rules go through it."""
    return _WRITTEN.sub(_hide, text) if _BEGIN in text else text


def write_marks(text: str) -> str:
    """Return a text with its marks as they leave."""
    return _HIDDEN.sub(_write, text) if MARK in text else text


def _hide(found: re.Match[str]) -> str:
    return MARK + _SIGNS.get(found[1], "")


def _write(found: re.Match[str]) -> str:
    kind = _KINDS_OF_SIGNS.get(found[1])
    return mark_of(kind) if kind else f"{_BEGIN}]"


def find_marks(text: str) -> list[Mark]:
    """Return the marks in a text that leaves."""
    if _BEGIN not in text:
        return []
    return [Mark(found[1], *found.span()) for found in _WRITTEN.finditer(text)]


def count_marks(values: Iterable[Any]) -> dict[str, int]:
    """Return how many marks of each kind are in plain values, at any depth."""
    texts = (text for text in _iterate_texts(values) if _BEGIN in text)
    counts = Counter(mark.kind or "secret" for text in texts for mark in find_marks(text))
    return dict(sorted(counts.items()))


def _iterate_texts(values: Iterable[Any]) -> Iterator[str]:
    waiting = [*values]
    # It grows by the parts of what it has.
    for value in waiting:
        if isinstance(value, str):
            yield value
        elif type(value) not in _NUMBERS:
            if isinstance(value, Mapping):
                waiting += value
                waiting += value.values()
            elif isinstance(value, list | tuple):
                waiting += value
