"""Text of several lines that is printed for people, with its indentation."""

from __future__ import annotations

import re

from otel_crumbs.base.printable import to_printable

_WORDS = re.compile(r"[^ ]+")


def to_printable_lines(text: str) -> str:
    """Return a text with harmless characters only, whose lines and spaces stay."""
    # A character that ends a line for some, such as a form feed, ends it for everybody.
    lines = text.expandtabs(4).splitlines()
    return "\n".join(_WORDS.sub(lambda found: to_printable(found[0]), line) for line in lines)
