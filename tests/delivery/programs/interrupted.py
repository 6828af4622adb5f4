"""
Capture errors while other code comes between, in the same thread, and does things that lead back to the capture.

Called as ``interrupted.py finaliser|signal|trace WHAT`` or ``interrupted.py terminate STEP``. The garbage collector, a
timer or a trace function lets the other code run: anywhere, that is.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import otel_crumbs

MANY = 20
SECONDS = 300
# How many steps of the package pass between two interruptions, where each of them is traced.
STEPS = 211

logger = logging.getLogger("shop")
logger.addHandler(logging.NullHandler())
logger.propagate = False


def fail() -> None:
    """Fail, which a finaliser may."""
    raise OSError("already closed")


def log() -> None:
    """Log an exception."""
    try:
        fail()
    except OSError:
        logger.exception("while closing")


def open_operation() -> None:
    """Open an operation, and leave a breadcrumb in it."""
    with otel_crumbs.operation("closing"):
        otel_crumbs.record("closed")


WAYS: dict[str, Callable[[], object]] = {
    "raises": fail,
    "logs": log,
    "captures": lambda: otel_crumbs.capture_exception(OSError("already closed")),
    "records": lambda: otel_crumbs.record("closed"),
    "opens an operation": open_operation,
    "flushes": lambda: otel_crumbs.flush(0.001),
}


class Connection:
    """Something that does one of these things when it is finalised."""

    def __init__(self, what: str) -> None:
        self.what = what
        # Garbage for the collector alone.
        self.itself = self

    def __del__(self) -> None:
        WAYS[self.what]()


def interrupt(what: str) -> None:
    """Have a finaliser run here and now."""
    connection = Connection(what)
    del connection.itself


def capture(number: int) -> None:
    """Capture an error, with a trail."""
    otel_crumbs.record(f"before job {number}", data={"number": number})
    otel_crumbs.capture_exception(ValueError(f"job {number}"))


def with_finalisers(what: str) -> None:
    """Have the collector run wherever memory is asked for."""
    for number in range(MANY):
        for _ in range(10):
            gc.set_threshold(random.randint(1, 60), 1000, 1000)  # noqa: S311 - any number does
            Connection(what)
            capture(number)
    gc.set_threshold(700, 10, 10)


def with_signals(what: str) -> None:
    """Have a timer interrupt every few steps; it counts processor time, so that the work goes on in between."""

    def handle(*_: object) -> None:
        interrupt(what)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.001)

    signal.signal(signal.SIGVTALRM, handle)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.001)
    for number in range(MANY):
        for _ in range(10):
            capture(number)
    signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def call_at_steps(should_call: Callable[[int], bool], function: Callable[[], object]) -> None:
    """Call a function at some of the steps of the package's code that this thread runs."""
    package = str(Path(otel_crumbs.__file__).parent)
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            count += 1
            if should_call(count):
                function()
        return trace

    sys.settrace(trace)


def with_trace(what: str) -> None:
    """Interrupt between any two steps: another one in each round."""
    capture(0)  # the first one imports what an error needs
    for number in range(2):
        for offset in range(0, STEPS, 16):
            call_at_steps(lambda count, offset=offset: count % STEPS == offset, lambda: interrupt(what))  # type: ignore[misc]
            capture(number)
            sys.settrace(None)
            # The queue is bounded, and each of them captures some hundred errors.
            otel_crumbs.flush(SECONDS)


def terminate(step: str) -> None:
    """Have SIGTERM come in the middle of a capture."""
    for number in range(MANY):
        capture(number)
    call_at_steps(int(step).__eq__, lambda: os.kill(os.getpid(), signal.SIGTERM))
    capture(MANY)
    sys.settrace(None)
    os.kill(os.getpid(), signal.SIGTERM)


def main(how: str, what: str) -> None:
    """Capture the errors, and flush."""
    random.seed(5)
    sys.unraisablehook = lambda _: None
    otel_crumbs.install()
    {"finaliser": with_finalisers, "signal": with_signals, "trace": with_trace, "terminate": terminate}[how](what)
    sys.stdout.write(f"flushed {otel_crumbs.flush(SECONDS)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
