"""The three hooks of Python for exceptions that nobody handled: in the main program, in a thread, in a finaliser."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Patch, Undo, replace

from .exceptions_instrumentation import call_in_order
from .reporter import Reporter

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def install_excepthook(reporter: Reporter, *, flush: Callable[[], object]) -> Undo:
    """
    Report the exception that ends the process by ``sys.excepthook``, and let the hook that was there do its part.

    Args:
        reporter: Gets the exception.
        flush: Called last; tries to deliver before the process is gone.

    Returns:
        The function that undoes it.

    """

    @guarded("an uncaught exception was reported")
    def report(error: BaseException | None) -> None:
        # The interpreter calls no hook for SystemExit; where somebody else does, the program still ends as it says.
        if error is not None and not isinstance(error, SystemExit):
            reporter.report(error, mechanism="excepthook", handled=False, fatal=True)

    def make(previous: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
            if not patch.active:
                previous(kind, error, traceback)
                return
            try:
                call_in_order(lambda: previous(kind, error, traceback), lambda: report(error))
            finally:
                # Delivering takes time, and the traceback is on the terminal by now.
                flush()

        return excepthook

    return replace(sys, "excepthook", make)


def install_threading_excepthook(reporter: Reporter) -> Undo:
    """Report the exception that ends a thread by ``threading.excepthook``; return the function that undoes it."""

    @guarded("a thread's exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None:
            reporter.report(error, mechanism="threading", handled=False)

    def make(previous: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def excepthook(args: threading.ExceptHookArgs) -> None:
            if patch.active and not _is_package_thread(args.thread):
                call_in_order(lambda: previous(args), lambda: report(args.exc_value))
            else:
                previous(args)

        return excepthook

    return replace(threading, "excepthook", make)


def install_unraisablehook(reporter: Reporter) -> Undo:
    """Report the exception that a finaliser raises by ``sys.unraisablehook``; return the function that undoes it."""

    @guarded("an unraisable exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None and not _is_refused_thread(error):
            reporter.report(error, mechanism="unraisable", handled=False)

    def make(previous: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def unraisablehook(args: UnraisableHookArgs) -> None:
            if patch.active:
                report(args.exc_value)
            previous(args)

        return unraisablehook

    return replace(sys, "unraisablehook", make)


def _is_package_thread(thread: threading.Thread | None) -> bool:
    """Return whether the thread is a worker of this package: its failure is none of the application's."""
    return thread is not None and thread.name.startswith("otel_crumbs")


def _is_refused_thread(error: BaseException) -> bool:
    """Return whether the interpreter goes down and refuses new threads, which OpenTelemetry's log handler runs into."""
    return isinstance(error, RuntimeError) and "at interpreter shutdown" in str(error)
