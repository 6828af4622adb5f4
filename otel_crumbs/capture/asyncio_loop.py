"""``loop.call_exception_handler``: a task or a callback of an event loop fails, and nobody awaits it."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from contextvars import Context
from types import FunctionType
from typing import Any

from opentelemetry.trace import get_current_span

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo
from otel_crumbs.trails import Branch, current, mark_exception, remember_context
from otel_crumbs.trails.event_loops import replace_loop_method

from .exceptions_instrumentation import is_exceptions_instrumentation_active
from .reporter import Reporter


def install(reporter: Reporter) -> Undo:
    """
    Report the exceptions that event loops hand to their exception handlers.

    The handler that the application set is called as before. The exception is an
    argument of the method, so the stand-in cannot do without a frame: a handler
    that looks at the stack finds it.

    Returns:
        The function that undoes it.

    """

    @guarded("an event loop's exception was reported")
    def report(context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            reporter.report(error, mechanism="asyncio", handled=False)

    def make(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def call_exception_handler(self: Any, context: dict[str, Any]) -> None:
            active, reports_last = patch.active, is_exceptions_instrumentation_active()
            branch = _find_branch(context) if active else None
            if active and not reports_last:
                report(context)
            token = None if branch is None else _attach(branch)
            try:
                original(self, context)
            except BaseException as error:
                remove_own_frame(error)
                raise
            finally:
                if token is not None:
                    current.release_branch(token)
            if active and reports_last:
                report(context)

        return (
            call_exception_handler if isinstance(original, FunctionType) else _hide_from_logging(call_exception_handler)
        )

    return replace_loop_method("call_exception_handler", make)


@guarded("the trail of an event loop's exception was looked for")
def _find_branch(context: dict[str, Any]) -> Branch | None:
    """Return the branch of the task or callback that failed, and mark its exception; None for the current code."""
    failed = _find_failed(context)
    if failed is None:
        return None
    found = next((item for item in gc.get_referents(failed) if isinstance(item, Context)), None)
    error = context.get("exception")

    def find_and_mark() -> Branch:
        # Of a callback nothing but the context is left.
        branch = current.find_branch_of_task(failed) if hasattr(failed, "get_coro") else current.find_branch()
        if isinstance(error, BaseException):
            remember_context(mark_exception(error, branch, get_current_span().get_span_context()))
        return branch

    # An empty trail is better than somebody else's.
    return (Context() if found is None else found.copy()).run(find_and_mark)


@guarded("an event loop's exception was handled")
def _attach(branch: Branch) -> Any:
    """Have the line that the exception handler logs belong to what failed."""
    return current.attach_branch(branch)


def _hide_from_logging(function: Callable[..., None]) -> Callable[..., None]:
    """
    Have `logging` skip a function when it looks for the caller of a log method, as it skips its own.

    uvloop has no Python frames: the lines that it logs would seem to come from
    this function, and not from where they seem to come without it.
    """
    function.__code__ = function.__code__.replace(co_filename=logging.Logger.log.__code__.co_filename)
    return function


def _find_failed(context: dict[str, Any]) -> Any:
    """
    Return the task or callback that failed, None where that was the current code.

    A task's failure is reported when the task is collected as garbage, in the
    midst of anything else. Its context is found by the garbage collector's
    means: Task.get_context() is new in Python 3.12.
    """
    return context.get("handle") or context.get("task") or context.get("future")
