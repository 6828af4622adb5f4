"""Tests of `otel_crumbs.base.printable`: what others wrote does nothing to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs.base.printable import to_printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("SELECT 1", "SELECT 1"),
        ("日本語 naïve 👩\u200d🔧", "日本語 naïve 👩\u200d🔧"),
        ("two\n  lines\r\nand\u2028more\x85", "two lines and more "),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("user\u202etxt.exe\u202c", "user\\u202etxt.exe\\u202c"),
        ("\u2066left\u2069 \u200e\u200f\u061c", "\\u2066left\\u2069 \\u200e\\u200f\\u061c"),
        ("\x00\x08\x7f\x9b", "\\x00\\x08\\x7f\\x9b"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    """Letters of all scripts stay; what steers is written out."""
    assert to_printable(text) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_one_printable_line(text: str) -> None:
    """And can be encoded."""
    shown = to_printable(text)

    assert shown.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
