"""Tests of `otel_crumbs.base.exceptions`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from otel_crumbs.base.exceptions import find_exception_event, format_title


@pytest.mark.parametrize(
    ("type_name", "message", "title"),
    [
        ("ValueError", "boom", "ValueError: boom"),
        ("shop.errors.NoHats", "none left", "NoHats: none left"),
        ("ValueError", "", "ValueError"),
        ("ValueError", "ends with: ", "ValueError: ends with: "),
    ],
)
def test_a_title_has_the_class_and_the_message(type_name: str, message: str, title: str) -> None:
    """The module is left out, and so is the colon where nothing follows."""
    assert format_title(type_name, message) == title


def test_the_last_recorded_exception_is_found() -> None:
    """A span may have recorded one that was handled, and then the one that it ends with."""
    first = SimpleNamespace(name="exception", attributes={"exception.type": "KeyError"})
    last = SimpleNamespace(name="exception", attributes={"exception.type": "ValueError"})
    other = SimpleNamespace(name="cache miss", attributes={})

    assert find_exception_event([first, last, other]) == {"exception.type": "ValueError"}
    assert find_exception_event([other]) is None
