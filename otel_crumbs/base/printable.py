"""
Text that is printed for people: in a terminal, a log, a line of a timeline.

What an event, a receiver or a setting says was written by somebody else. As it
is it could move the cursor, colour what follows, end a line, or turn the order
of what is read around.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# They join the letters of scripts, and the parts of emoji.
_JOINERS = "\u200c\u200d"
_SPACES = re.compile(r"[\s\x85\u2028\u2029]+")


def to_printable(text: str) -> str:
    r"""
    Return a text on one line, as a terminal shows it.

    Line breaks and other space become single spaces. Control characters, those
    that change the direction of writing, and what no font has, become escapes
    as in a Python string: ``\x1b``, ``\u202e``.

    """
    line = _SPACES.sub(" ", text)
    return line if line.isprintable() else "".join(_write_escapes(line))


def _write_escapes(line: str) -> Iterable[str]:
    for character in line:
        if character.isprintable() or character in _JOINERS:
            yield character
        else:
            yield character.encode("unicode_escape", "surrogatepass").decode("ascii")
