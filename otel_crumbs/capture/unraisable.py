"""``sys.unraisablehook``: a finaliser fails and nobody can be told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from otel_crumbs.base.guard import guarded

from .reporter import Reporter

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def install(reporter: Reporter) -> Callable[[], None]:
    """Report what a finaliser raises, then call the hook that was there; returns what undoes it."""
    previous = sys.unraisablehook
    active = True

    @guarded("an unraisable exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None and not _is_the_end(error):
            reporter.report(error, mechanism="unraisable", handled=False)

    def unraisablehook(args: UnraisableHookArgs) -> None:
        if active:
            report(args.exc_value)
        previous(args)

    def undo() -> None:
        nonlocal active
        active = False
        if sys.unraisablehook is unraisablehook:
            sys.unraisablehook = previous

    sys.unraisablehook = unraisablehook
    return undo


def _is_the_end(error: BaseException) -> bool:
    """Return whether the interpreter refuses new threads since it goes down; OpenTelemetry's handler trips over it."""
    return isinstance(error, RuntimeError) and "at interpreter shutdown" in str(error)
