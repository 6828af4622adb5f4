"""Quoted texts within a text, however often the text was quoted itself."""

from __future__ import annotations

import re
from typing import NamedTuple

_OPENING = re.compile(r"[bBrRuUfFnNeE]{0,2}(\\*)([\"'`])")
# Of Python and TOML, over lines.
_TRIPLE = re.compile(r"[bBrRuUfF]{0,2}(?P<quotes>\"\"\"|''')(?P<content>.{0,4096}?)(?P=quotes)", re.DOTALL)
_ENDS = {quote: re.compile(rf"(\\*){quote}|\n") for quote in "\"'`"}
_BETWEEN = re.compile(r"[\s,]*")
_CLOSING = re.compile(r"[\s,]*[\])}]")
# More values behind one name are data.
_MAX_ITEMS = 50


class Quoted(NamedTuple):
    """A quoted text, with where it ends in the text that it was found in."""

    content: str
    end: int
    quotes: str


def read_quoted(text: str, at: int) -> Quoted | None:
    """Return the quoted text that begins at an index; one that is not closed ends with the line."""
    opening = _OPENING.match(text, at)
    if opening is None:
        return None
    depth, start = len(opening[1]), opening.end()
    if not depth and text[start : start + 2] == opening[2] * 2 and (triple := _TRIPLE.match(text, at)):
        return Quoted(triple["content"], triple.end(), opening[2])
    for found in _ENDS[opening[2]].finditer(text, start):
        backslashes = found[1]
        if backslashes is None:
            return Quoted(text[start : found.start()], found.start(), opening[2])
        # Within JSON in JSON a quote has as many as the opening one, and one in the value has more.
        if len(backslashes) == depth or (depth == 0 and len(backslashes) % 2 == 0):
            return Quoted(text[start : found.start() + (0 if depth else len(backslashes))], found.end(), opening[2])
        if len(backslashes) < depth:
            return Quoted(text[start : found.start()], found.start(), opening[2])
    return Quoted(text[start:], len(text), opening[2])


def read_list(text: str, at: int) -> tuple[list[str], int] | None:
    """Return the quoted texts of the list or tuple that begins at an index, with where it ends."""
    if text[at : at + 1] not in {"[", "("}:
        return None
    items: list[str] = []
    at += 1
    while len(items) < _MAX_ITEMS:
        between = _BETWEEN.match(text, at)
        item = read_quoted(text, between.end() if between else at)
        if item is None:
            break
        items.append(item.content)
        at = item.end
    closing = _CLOSING.match(text, at)
    return (items, closing.end()) if items and closing else None
