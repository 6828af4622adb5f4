"""``loop.call_exception_handler``: a task or callback fails and nobody awaits it."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from contextvars import Context
from typing import Any

from opentelemetry.trace import get_current_span

from otel_crumbs.base.guard import guarded
from otel_crumbs.trails import current, mark_exception
from otel_crumbs.trails.event_loops import watch_method

from .exceptions_instrumentation import exceptions_instrumentation_active
from .reporter import Reporter


def install(reporter: Reporter) -> Callable[[], None]:
    """
    Report what event loops hand to their exception handler; returns what undoes it.

    The handler that the application set is called as before.
    """
    active = True

    @guarded("an event loop's exception was reported")
    def report(context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            reporter.report(error, mechanism="asyncio", handled=False)

    def watched(original: Callable[..., None]) -> Callable[..., None]:
        def call_exception_handler(self: Any, context: dict[str, Any]) -> None:
            mine, reports_last = active, exceptions_instrumentation_active()
            if mine:
                _mark(context)
            if mine and not reports_last:
                report(context)
            original(self, context)
            if mine and reports_last:
                report(context)

        return _passed_over(call_exception_handler)

    restore = watch_method("call_exception_handler", watched)

    def undo() -> None:
        nonlocal active
        active = False
        restore()

    return undo


@guarded("the trail of an event loop's exception was looked for")
def _mark(context: dict[str, Any]) -> None:
    error, place = context.get("exception"), _place_of(context)
    if isinstance(error, BaseException) and place is not None:
        place.run(lambda: mark_exception(error, current.branch(), get_current_span().get_span_context()))


def _passed_over(function: Callable[..., None]) -> Callable[..., None]:
    """
    Have `logging` take a function for one of its own when it looks for who logged.

    uvloop has no frames: what it logs would seem to come from here, and not
    from where it seemed to come from without us.
    """
    function.__code__ = function.__code__.replace(co_filename=logging.Logger.log.__code__.co_filename)
    return function


def _place_of(context: dict[str, Any]) -> Context | None:
    """
    Return the context of the task or callback that failed, None where it is the one here.

    A task's failure is told when it is collected as garbage, in the midst of
    anything else; an empty trail is better than somebody else's.
    """
    failed = context.get("handle") or context.get("task") or context.get("future")
    if failed is None:
        return None
    # Until Python 3.12 has Task.get_context(), only the garbage collector can tell.
    held = (item for item in gc.get_referents(failed) if isinstance(item, Context))
    known = next(held, None)
    return Context() if known is None else known.copy()
