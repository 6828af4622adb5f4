"""``sys.excepthook``: the process dies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType

from otel_crumbs.base.guard import guarded

from .exceptions_instrumentation import call_in_order
from .reporter import Reporter


def install(reporter: Reporter, *, flush: Callable[[], object]) -> Callable[[], None]:
    """
    Report what ends the process, then let the hook that was there do its part.

    Args:
        reporter: Gets the exception.
        flush: Called last; tries to deliver before the process is gone.

    Returns:
        What undoes it.

    """
    previous = sys.excepthook
    active = True

    @guarded("an uncaught exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None:
            reporter.report(error, mechanism="excepthook", handled=False, fatal=True)

    def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if not active:
            previous(kind, error, traceback)
            return
        try:
            call_in_order(lambda: previous(kind, error, traceback), lambda: report(error))
        finally:
            # Last, for it may take its time: the traceback is on the terminal by then.
            flush()

    def undo() -> None:
        nonlocal active
        active = False
        if sys.excepthook is excepthook:
            sys.excepthook = previous

    sys.excepthook = excepthook
    return undo
