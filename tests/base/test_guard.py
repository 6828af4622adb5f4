"""Our failures never reach the application, are said once, and are seen by tests."""

from __future__ import annotations

import logging
import traceback
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.base import guard
from otel_crumbs.base.guard import guarded, remove_own_frame, report_failure, warn
from otel_crumbs.testing import CapturedEvents
from tests.conftest import GuardedFailures


@guarded("a test was run")
def divide(number: int, by: int) -> int:
    """Divide."""
    return number // by


def test_what_works_is_not_changed(guarded_failures: GuardedFailures) -> None:
    """Arguments, result, name and docstring are the function's own."""
    assert divide(6, by=3) == 2

    assert (divide.__name__, divide.__doc__) == ("divide", "Divide.")
    assert guarded_failures == []


def test_a_failure_is_none_and_a_log_line(guarded_failures: GuardedFailures, caplog: pytest.LogCaptureFixture) -> None:
    """The line says what failed and that the application goes on, with the traceback."""
    assert divide(1, by=0) is None

    [record] = caplog.records
    assert record.name == "otel_crumbs"
    assert "failed while a test was run" in record.getMessage()
    assert record.exc_info is not None
    assert [(doing, type(error)) for doing, error in guarded_failures] == [("a test was run", ZeroDivisionError)]
    guarded_failures.clear()


def test_the_same_failure_is_said_once_a_minute(
    guarded_failures: GuardedFailures, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure in a hot path does not drown the log; watchers are told of each."""
    for _ in range(100):
        divide(1, by=0)

    assert len(caplog.records) == 1
    assert len(guarded_failures) == 100
    guarded_failures.clear()


def test_different_failures_are_all_said(guarded_failures: GuardedFailures, caplog: pytest.LogCaptureFixture) -> None:
    """Each place has its own minute."""
    report_failure("one thing was done", ValueError())
    report_failure("another thing was done", ValueError())

    assert len(caplog.records) == 2
    guarded_failures.clear()


def test_what_stops_a_program_is_not_caught() -> None:
    """Ctrl-C within our code is still Ctrl-C."""

    @guarded("a test was stopped")
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()


def test_a_broken_log_handler_does_not_matter(guarded_failures: GuardedFailures) -> None:
    """Where even logging raises, the application still sees nothing."""

    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError(record)

    handler = Broken()
    guard.logger.addHandler(handler)
    try:
        result = divide(1, by=0)
        warn("test", "a warning")
    finally:
        guard.logger.removeHandler(handler)

    assert result is None
    guarded_failures.clear()


def test_a_warning_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """The user reads it once for each place, with its arguments."""
    for number in range(10):
        warn("place", "number %d", number)

    assert [record.getMessage() for record in caplog.records] == ["number 0"]


def test_our_own_lines_are_no_breadcrumbs(events: CapturedEvents, guarded_failures: GuardedFailures) -> None:
    """What we say of ourselves does not come back to us, and reports nothing."""
    divide(1, by=0)
    warn("place", "a warning")

    assert otel_crumbs.trail() == ()
    assert len(events) == 0
    guarded_failures.clear()


@dataclass(frozen=True)
class FrozenError(Exception):
    """An exception whose attributes cannot be set."""

    order: int


def fail(make: Callable[[], BaseException]) -> None:
    """Raise an exception."""
    raise make()


def stand_in(call: Callable[..., object], *args: object) -> object:
    """Call a function as the package's stand-ins do."""
    try:
        return call(*args)
    except BaseException as error:
        remove_own_frame(error)
        raise


def iterate(call: Callable[..., object], *args: object) -> Iterator[object]:
    """Call a function in a generator that stands between."""
    try:
        yield call(*args)
    except BaseException as error:
        remove_own_frame(error)
        raise


FAILING: list[tuple[Any, ...]] = [
    (fail, ValueError),
    (fail, lambda: FrozenError(7)),
    (int, "no number"),
    (stand_in, int, "no number"),
    (stand_in, stand_in, fail, KeyError),
]


@pytest.mark.parametrize(("call", "args"), [(call, args) for call, *args in FAILING])
@pytest.mark.parametrize("between", [stand_in, lambda *args: list(iterate(*args))])
def test_a_stand_in_leaves_no_frame(between: Callable[..., object], call: Callable[..., object], args: Any) -> None:
    """On every Python, also where a function in C raised the error, and where nobody can set its attributes."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of several classes
        between(call, *args)

    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    own_names = {"stand_in", "iterate"}
    assert [name for name in names if name != "<lambda>"] == [
        "test_a_stand_in_leaves_no_frame",
        *(["fail"] if call is fail or fail in args else []),
    ]
    assert own_names.isdisjoint(names)


def test_no_frame_of_others_is_removed() -> None:
    """A frame goes once, by the stand-in whose it is."""
    with pytest.raises(KeyError) as caught:
        fail(KeyError)

    remove_own_frame(caught.value)

    assert [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)][-1] == "fail"


def test_nothing_keeps_what_passed_a_stand_in() -> None:
    """The exception goes as soon as it was handled, and with it the variables of its frames."""

    class OrderError(Exception):
        """An exception of an application."""

    references: list[weakref.ref[OrderError]] = []
    for _ in range(3):
        try:
            stand_in(fail, OrderError)
        except OrderError as error:
            references.append(weakref.ref(error))

    assert [reference() for reference in references] == [None] * 3


def test_little_room_on_the_stack_is_no_failure() -> None:
    """A recursion that goes too deep ends where it is the application's turn, with the application's error alone."""
    depths: list[int] = []

    @guarded("a test needed the stack")
    def need_the_stack(depth: int) -> None:
        if depth:
            need_the_stack(depth - 1)

    def recurse(depth: int) -> None:
        depths.append(depth)
        need_the_stack(5)
        otel_crumbs.record("deeper", category="recursion")
        recurse(depth + 1)

    with pytest.raises(RecursionError) as caught:
        recurse(0)

    assert caught.value.__context__ is None
    assert len(depths) > 100
