"""Tests of `otel_crumbs.base.exceptions`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from otel_crumbs.base.exceptions import find_exception_event, format_title, name_exception, read_message


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


class OwnText(ValueError):  # noqa: N818 - it is no error but a trap
    """An exception whose text is the application's own code."""

    def __str__(self) -> str:
        """Refuse."""
        raise AssertionError("asked")


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (ValueError("boom"), "boom"),
        (ValueError("boom", 2), "('boom', 2)"),
        (KeyError("key"), "'key'"),
        (FileNotFoundError(2, "No such file", "a.txt"), "[Errno 2] No such file: 'a.txt'"),
        (ValueError(KeyError("inner")), "'inner'"),
        (OwnText("boom"), ""),
        (ValueError(OwnText("boom")), ""),
        (ValueError(SimpleNamespace()), ""),
        (FileNotFoundError(2, "No such file", OwnText()), ""),
    ],
)
def test_a_message_is_read_where_python_alone_makes_it(exception: BaseException, message: str) -> None:
    """No code of the application's runs for it."""
    assert read_message(exception) == message


def test_an_exception_has_the_name_that_spans_record() -> None:
    """With the module, if that is not `builtins`."""
    assert name_exception(ValueError()) == "ValueError"
    assert name_exception(OwnText()) == f"{__name__}.OwnText"
