"""What is thrown into our code from outside reaches the application; what fails in it, or in a value, does not."""

from __future__ import annotations

import ctypes
import functools
import logging
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.plain import to_plain
from tests.conftest import GuardedFailures

PACKAGE = otel_crumbs.__path__[0]
logger = logging.getLogger("application.time_limits")
logger.setLevel(logging.WARNING)


class TimeLimitError(Exception):
    """The application's own time limit."""


class Ending(BaseException):
    """An exception of the application's that is no `Exception`."""


def raise_limit(*_: object) -> None:
    """Handle a signal, as time limits do."""
    raise TimeLimitError


class Handler:
    """Handles signals as an object and as a method."""

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """Raise."""
        raise TimeLimitError(signum)

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Raise from deeper down, as a library does."""
        self(signum, frame)


def handle_with(own: str, signum: int, _: FrameType | None) -> None:
    """Raise, after an argument of its own."""
    raise TimeLimitError(own, signum)


@contextmanager
def handled_by(handler: Callable[..., Any]) -> Iterator[None]:
    """Have a handler for SIGUSR1."""
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize(
    "handler", [raise_limit, Handler(), Handler().handle, functools.partial(handle_with, "own"), lambda *_: sys.exit(3)]
)
def test_signal_handlers_throw_in(handler: Callable[..., Any]) -> None:
    """Whatever kind of function the handler is, and whatever it raises."""
    with handled_by(handler):
        try:
            signal.raise_signal(signal.SIGUSR1)
        except BaseException as error:  # noqa: BLE001 - any
            thrown = is_thrown_in(error)

    assert thrown


def throw_into_this_thread(kind: type[BaseException], seconds: float = 0.01) -> list[bool]:
    """Have another thread throw a class into this one, a moment after there is something in the list."""
    this = threading.get_ident()
    begun: list[bool] = []

    def throw() -> None:
        while not begun:
            time.sleep(seconds)
        # The other thread is in its loop by then, and not in a call that may raise such an exception itself.
        time.sleep(seconds)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(this), ctypes.py_object(kind))

    threading.Thread(target=throw).start()
    return begun


@pytest.mark.parametrize("kind", [TimeLimitError, TimeoutError, SystemExit, Ending, KeyboardInterrupt])
def test_other_threads_throw_in(kind: type[BaseException]) -> None:
    """They can throw a class only, and it comes up in code that does not raise it."""
    begun = throw_into_this_thread(kind)

    def wait() -> None:
        begun.append(True)
        while True:
            uuid.uuid4()

    with pytest.raises(kind) as caught:
        wait()

    assert is_thrown_in(caught.value)


def fail_by_exit() -> None:
    """End the program."""
    sys.exit(3)


def fail_bare() -> None:
    """Raise without a message."""
    raise TimeLimitError


def fail_in_c() -> None:
    """Have a function in C raise."""
    int("many")


def fail_at_end() -> None:
    """Have an iterator end."""
    next(iter(()))


def fail_hard() -> None:
    """Raise what is no `Exception`."""
    raise Ending("hard")


@pytest.mark.parametrize("fail", [fail_by_exit, fail_bare, fail_in_c, fail_at_end, fail_hard])
def test_failures_are_not_thrown_in(fail: Callable[[], None]) -> None:
    """What code raises by itself is its own."""
    try:
        fail()
    except BaseException as error:  # noqa: BLE001 - any
        thrown = is_thrown_in(error)

    assert not thrown


@pytest.mark.parametrize("kind", [ValueError, SystemExit, GeneratorExit, Ending])
def test_what_a_value_raises_stays_inside(kind: type[BaseException]) -> None:
    """Also where it would end the program."""

    class Hostile:
        def __repr__(self) -> str:
            raise kind("in a value")

    assert to_plain(Hostile()) == f"<{Hostile.__module__}.{Hostile.__qualname__}: {kind.__name__} while it was read>"


def test_ctrl_c_in_a_value_passes() -> None:
    """It is the user's."""

    class Slow:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_plain(Slow())


def test_a_time_limit_in_a_value_passes() -> None:
    """The value's own code is interrupted as any other."""

    class Slow:
        def __repr__(self) -> str:
            signal.raise_signal(signal.SIGUSR1)
            return "never"

    with handled_by(raise_limit), pytest.raises(TimeLimitError):
        to_plain(Slow())


def test_odd_exceptions_are_not_asked() -> None:
    """Attributes of an exception may be code of the application's, which is not run."""

    class OddError(Exception):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    def fail() -> None:
        raise OddError("odd")

    try:
        fail()
    except OddError as error:
        thrown = is_thrown_in(error)

    assert not thrown


class Interrupting:
    """
    A trace function that raises at one line of the package, as a signal handler may at any.

    Args:
        line: The number of the line, counted as they run.

    """

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Raise at the line."""
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None if event == "call" else self
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise TimeLimitError
        return self


def work_with_notes() -> None:
    """Leave a note, with data of two kinds."""
    otel_crumbs.record("step", data={"order": 42})
    otel_crumbs.record("step", data={"order": [42]})


def work_with_lines() -> None:
    """Log lines, printed and not."""
    logger.info("row %d", 1)
    logger.info("row %s", [1])
    logger.error("row %d", 1)


def work_with_spans() -> None:
    """Start and end spans."""
    with TRACER.start_as_current_span("request"), TRACER.start_as_current_span("inner"):
        pass


def work_with_operation() -> None:
    """Open an operation and close it."""
    with otel_crumbs.operation("job"):
        pass


TRACER = TracerProvider().get_tracer("application")


@pytest.fixture
def installed_everywhere() -> Iterator[None]:
    """Install, with the tracer's provider as well."""
    installation = otel_crumbs.install(exporter="none")
    TRACER.span_processor.add_span_processor(otel_crumbs.BreadcrumbSpanProcessor())  # type: ignore[attr-defined]
    yield
    TRACER.span_processor._span_processors = ()  # type: ignore[attr-defined]
    installation.uninstall()


@pytest.mark.usefixtures("installed_everywhere")
@pytest.mark.parametrize("work", [work_with_notes, work_with_lines, work_with_spans, work_with_operation])
def test_a_time_limit_passes_at_every_line(work: Callable[[], None], guarded_failures: GuardedFailures) -> None:
    """At whichever line of the package it comes: the application catches it, nothing is said, and we go on."""
    work()  # what is done only the first time, such as an import, is not asked here
    lines = passed = 0
    tracing = sys.gettrace()
    while True:
        lines += 1
        interrupting = Interrupting(lines)
        try:
            sys.settrace(interrupting)
            work()
        except TimeLimitError:
            passed += 1
        finally:
            sys.settrace(tracing)
        if interrupting.left > 0:
            break

    assert passed == lines - 1 > 5
    assert guarded_failures == []
    otel_crumbs.record("afterwards")
    assert otel_crumbs.trail()[-1].message == "afterwards"
