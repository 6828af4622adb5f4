"""Tests of `otel_crumbs.base.exceptions`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from otel_crumbs.base.exceptions import (
    find_exception_event,
    find_first_line,
    format_title,
    members_of,
    name_exception,
    notes_of,
    origin_of,
    read_message,
    set_traceback,
    traceback_of,
)
from tests.application import raised


class GuardedError(Exception):
    """An exception whose class lets nobody ask for anything or set it, and has ideas of its own."""

    def refuse(self, *_: Any) -> Any:
        """Raise."""
        raise RuntimeError("asked")

    __getattribute__ = __setattr__ = refuse  # type: ignore[assignment]
    __traceback__ = __cause__ = __context__ = __suppress_context__ = property(refuse)  # type: ignore[assignment]
    exceptions = property(refuse)


@dataclass(frozen=True)
class FrozenError(Exception):
    """An exception whose attributes cannot be set."""

    order: int


@pytest.mark.parametrize("make", [ValueError, GuardedError, lambda: FrozenError(7)])
def test_the_fields_are_the_interpreters(make: Callable[[], BaseException]) -> None:
    """The application's class is asked for none, and cannot keep one from being set."""
    error = make()
    cause, raised_before = KeyError("cause"), raised(ValueError("before"))[1]
    BaseException.__dict__["__cause__"].__set__(error, cause)

    set_traceback(error, raised_before.__traceback__)

    assert traceback_of(error) is raised_before.__traceback__
    assert origin_of(error) == ("__cause__", cause)
    assert members_of(error) == ()
    assert notes_of(error) == []
    set_traceback(error, None)
    assert traceback_of(error) is None


def test_an_exception_that_was_raised_while_handling_another_has_it_as_origin() -> None:
    """Unless it was raised `from None`."""
    error, context = ValueError("boom"), KeyError("context")
    error.__context__ = context
    assert origin_of(error) == ("__context__", context)

    error.__suppress_context__ = True

    assert origin_of(error) is None


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups and notes came with Python 3.11")
def test_members_and_notes_are_found() -> None:
    """Those that the interpreter knows of."""
    one = ValueError("one")
    group = ExceptionGroup("all", [one])  # noqa: F821 - 3.11
    group.add_note("shelf 7")

    assert members_of(group) == (one,)
    assert notes_of(group) == ["shelf 7"]


def test_reading_notes_makes_no_dictionary() -> None:
    """A built-in exception that has one is pickled with it."""
    error = ValueError("boom")

    assert notes_of(error) == []

    assert error.__reduce__() == (ValueError, ("boom",))


def test_the_backports_groups_have_members() -> None:
    """Python 3.10 has no other groups."""
    exceptiongroup = pytest.importorskip("exceptiongroup")
    one = ValueError("one")

    assert members_of(exceptiongroup.ExceptionGroup("all", [one])) == (one,)


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


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("no hats\nand no caps", "no hats"),
        (
            "(while flushing)\n(sqlite3.OperationalError) no such table: hats\n[SQL: ...]",
            "(sqlite3.OperationalError) no such table: hats",
        ),
        ("(1, 2)", "(1, 2)"),
        ("(1, 2)\n ", "(1, 2)"),
        ("(1) or (2)\nof these", "(1) or (2)"),
        ("", ""),
    ],
)
def test_the_line_that_says_what_failed(message: str, line: str) -> None:
    """An aside in parentheses before it is none."""
    assert find_first_line(message) == line


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
