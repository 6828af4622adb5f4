"""``threading.excepthook``: a thread dies."""

from __future__ import annotations

import threading
from collections.abc import Callable

from otel_crumbs.base.guard import guarded

from .exceptions_instrumentation import call_in_order
from .reporter import Reporter


def install(reporter: Reporter) -> Callable[[], None]:
    """Report what ends a thread, then call the hook that was there; returns what undoes it."""
    previous = threading.excepthook
    active = True

    @guarded("a thread's exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None:
            reporter.report(error, mechanism="threading", handled=False)

    def excepthook(args: threading.ExceptHookArgs) -> None:
        # A worker of ours that dies is no failure of the application.
        if active and not (args.thread is not None and args.thread.name.startswith("otel_crumbs")):
            call_in_order(lambda: previous(args), lambda: report(args.exc_value))
        else:
            previous(args)

    def undo() -> None:
        nonlocal active
        active = False
        if threading.excepthook is excepthook:
            threading.excepthook = previous

    threading.excepthook = excepthook
    return undo
