"""The hooks of Python for exceptions that nobody handled: in a thread, and in a finaliser."""

from __future__ import annotations

import gc
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from opentelemetry.trace import INVALID_SPAN_CONTEXT

from otel_crumbs.base.exceptions import read_message
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.trails import Branch, current, mark_exception

from .exceptions_instrumentation import call_in_order
from .expected import is_exit
from .reporter import Reporter

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# Calls `threading.excepthook` for a thread, whose exception is the one being handled.
Invoke = Callable[[threading.Thread], None]

_INVOKE = "_invoke_excepthook"


def install_threading_excepthook(reporter: Reporter) -> Undo | None:
    """
    Report the exception that ends a thread, whichever `threading.excepthook` prints it.

    Each thread has a function that calls the hook of the moment. That function is
    wrapped, and the hook left alone: one that comes later need not call the one
    that it found.

    Returns:
        The function that undoes it, None where threads have no such function.

    """
    if not hasattr(threading, "_make_invoke_excepthook"):
        return None
    wrappers: WeakSet[Invoke] = WeakSet()

    @guarded("a thread's exception was reported")
    def report(error: BaseException | None) -> None:
        if error is not None and not is_exit(error):
            reporter.report(error, mechanism="threading", handled=False)

    def make_invoke(invoke: Invoke, patch: Patch) -> Invoke:
        def invoke_excepthook(thread: threading.Thread) -> None:
            if patch.active and not _is_package_thread(thread):
                call_in_order(lambda: invoke(thread), lambda: report(sys.exc_info()[1]))
            else:
                invoke(thread)

        invoke_excepthook.__wrapped__ = invoke  # type: ignore[attr-defined]  # functions take attributes
        wrappers.add(invoke_excepthook)
        return invoke_excepthook

    def make(original: Callable[[], Invoke], patch: Patch) -> Callable[[], Invoke]:
        _change_in_threads(lambda invoke: make_invoke(invoke, patch))
        return lambda: make_invoke(original(), patch)

    def unwrap(invoke: Any) -> Invoke:
        original: Invoke = invoke.__wrapped__ if invoke in wrappers else invoke
        return original

    return combine(lambda: _change_in_threads(unwrap), replace(threading, "_make_invoke_excepthook", make))


def _change_in_threads(change: Callable[[Invoke], Invoke]) -> None:
    """Change the functions by which the threads that are running call the hook."""
    for thread in threading.enumerate():
        invoke = vars(thread).get(_INVOKE)
        if invoke is not None:
            setattr(thread, _INVOKE, change(invoke))


def install_unraisablehook(reporter: Reporter) -> Undo:
    """Report the exception that a finaliser raises by ``sys.unraisablehook``; return the function that undoes it."""
    phases = OrderedDict.fromkeys(("start", "stop"))
    # A method in C: the collector calls it wherever the application is.
    notice: Any = phases.move_to_end
    gc.callbacks.append(notice)

    @guarded("an unraisable exception was reported")
    def report(error: BaseException | None) -> None:
        if error is None or _is_refused_thread(error):
            return
        if next(reversed(phases)) == "start":
            # The collector runs here by chance: an empty trail is better than somebody else's.
            mark_exception(error, Branch(current.size), INVALID_SPAN_CONTEXT)
        reporter.report(error, mechanism="unraisable", handled=False)

    def make(previous: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def unraisablehook(args: UnraisableHookArgs) -> None:
            if patch.active:
                report(args.exc_value)
            try:
                previous(args)
            except BaseException as error:
                remove_own_frame(error)
                raise

        return unraisablehook

    def forget_collector() -> None:
        with suppress(ValueError):  # the application has emptied the list
            gc.callbacks.remove(notice)

    return combine(forget_collector, replace(sys, "unraisablehook", make))


def _is_package_thread(thread: threading.Thread | None) -> bool:
    """Return whether the thread is a worker of this package: its failure is none of the application's."""
    return thread is not None and thread.name.startswith("otel_crumbs")


def _is_refused_thread(error: BaseException) -> bool:
    """Return whether the interpreter goes down and refuses new threads, which OpenTelemetry's log handler runs into."""
    return issubclass(type(error), RuntimeError) and "at interpreter shutdown" in read_message(error)
