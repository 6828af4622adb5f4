"""Which of the interpreter's handlers is an `except` or a `with`, and which raises the exception again."""

# ruff: noqa: SIM105, S110 - exceptions are swallowed here

from __future__ import annotations

import dis
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType
from typing import Any

import pytest

from otel_crumbs.sources.swallowed.handlers import MAX_FUNCTIONS, Handlers, find_line, is_handler

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="nobody asks before Python 3.12")


def fail() -> None:
    """Raise."""
    raise ValueError


def name() -> type[Exception]:
    """Return a class."""
    return ValueError


def catch_class() -> None:
    """Handle one class."""
    try:
        fail()
    except ValueError:
        pass


def catch_variable() -> str:
    """Handle one class, by a name."""
    try:
        fail()
    except (KeyError, json.JSONDecodeError, ValueError) as error:
        return str(error)
    return ""


def catch_called() -> None:
    """Handle the class that a call returns."""
    try:
        fail()
    except name():
        pass


def catch_all() -> None:
    """Handle whatever comes."""
    try:
        fail()
    except:  # noqa: E722 - this one is meant
        pass


def leave_block() -> None:
    """Have an object handle it."""
    with suppress(ValueError):
        fail()


def end_finally() -> int:
    """Go on with it, after a few statements."""
    count = 0
    try:
        fail()
    finally:
        count += 1
        try:
            count += 1
        except ValueError:
            count = 7
    return count


def step() -> Iterator[int]:
    """Go on with it out of a generator."""
    yield from (number for number in [1, 2])
    fail()


async def wait() -> None:
    """Go on with it out of an awaited coroutine."""
    await wait()


def handlers_of(function: Callable[..., Any]) -> list[int]:
    """Return the places of a function's handlers, in order."""
    return sorted({target for _, target in exception_entries(function)})


def exception_entries(function: Callable[..., Any]) -> list[tuple[int, int]]:
    """Return where each part of a function begins that has a handler, and the handler's place."""
    parts: Any = dis.Bytecode(function)
    return [(entry.start, entry.target) for entry in parts.exception_entries]


def outcomes(function: Callable[..., Any]) -> list[bool]:
    """Return of each handler whether it may handle an exception."""
    return [is_handler(function.__code__, place) for place in handlers_of(function)]


@pytest.mark.parametrize("function", [catch_class, catch_variable, catch_called, catch_all, leave_block])
def test_a_handler_of_the_application(function: Callable[..., Any]) -> None:
    """One of the function's handlers is what the source says; the others clean up behind it."""
    assert outcomes(function).count(True) == 1


@pytest.mark.parametrize("function", [step, wait])
def test_handlers_of_the_interpreter(function: Callable[..., Any]) -> None:
    """What ends generators and awaits raises again."""
    assert True not in outcomes(function)


def test_a_finally_is_none() -> None:
    """The `except` inside it is one, in the copies of it for both ways to come there."""
    first = min(exception_entries(end_finally))

    assert not is_handler(end_finally.__code__, first[-1])
    assert outcomes(end_finally).count(True) == 2


def test_functions_of_libraries_have_none() -> None:
    """Those of Python itself, too."""
    handlers = Handlers()

    assert handlers.find_readings(json.loads.__code__) is None
    assert handlers.find_readings(re.compile.__code__) is None
    assert handlers.find_readings(catch_class.__code__) == {}


def test_few_functions_are_remembered() -> None:
    """An application that makes functions without end costs no more than the bound."""
    handlers = Handlers()

    made = [catch_class.__code__.replace(co_firstlineno=line) for line in range(1, MAX_FUNCTIONS + 10)]
    for code in made:
        handlers.find_readings(code)

    assert 0 < len(handlers.functions) <= MAX_FUNCTIONS


def test_the_line_of_a_handler() -> None:
    """It is the one of the `except`."""
    code: CodeType = catch_class.__code__
    places = [place for place in handlers_of(catch_class) if is_handler(code, place)]

    assert [find_line(code, place) for place in places] == [code.co_firstlineno + 4]
