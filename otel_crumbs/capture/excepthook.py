"""``sys.excepthook``: the process dies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType

from otel_crumbs.guard import guarded

from .once import Reporter


def install(reporter: Reporter, *, flush: Callable[[], object]) -> Callable[[], None]:
    """
    Report what ends the process, then let the hook that was there do its part.

    Args:
        reporter: Gets the exception.
        flush: Called after; tries to deliver before the process is gone.

    Returns:
        What undoes it.

    """
    previous = sys.excepthook
    active = True

    @guarded("an uncaught exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None:
            reporter.report(error, mechanism="excepthook", handled=False, fatal=True)
            flush()

    def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        comes_second = active and _has_own_reporter()
        if active and not comes_second:
            report(error)
        previous(kind, error, traceback)
        if comes_second:
            report(error)

    def undo() -> None:
        nonlocal active
        active = False
        if sys.excepthook is excepthook:
            sys.excepthook = previous

    sys.excepthook = excepthook
    return undo


def _has_own_reporter() -> bool:
    """Return whether OpenTelemetry's exceptions instrumentation runs: its record comes first and carries the trail."""
    module = sys.modules.get("opentelemetry.instrumentation.exceptions")
    instrumentor = getattr(module, "ExceptionInstrumentor", None)
    return instrumentor is not None and bool(instrumentor().is_instrumented_by_opentelemetry)
