"""``loop.call_exception_handler``: a task or callback fails and nobody awaits it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextvars import Context
from typing import Any

from opentelemetry.trace import get_current_span

from otel_crumbs.guard import guarded
from otel_crumbs.trail import current, remember

from .enriched import after_its_record
from .once import Reporter


def install(reporter: Reporter) -> Callable[[], None]:
    """
    Report what event loops hand to their exception handler; returns what undoes it.

    Every loop that keeps asyncio's own ``call_exception_handler`` is covered;
    the handler that the application set is called as before.
    """
    original = asyncio.BaseEventLoop.call_exception_handler
    active = True

    @guarded("an event loop's exception was reported")
    def report(context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            reporter.report(error, mechanism="asyncio", handled=False)

    @guarded("the trail of an event loop's exception was looked for")
    def mark(context: dict[str, Any]) -> None:
        error, place = context.get("exception"), _place_of(context)
        if isinstance(error, BaseException) and place is not None:
            place.run(lambda: remember(error, current.branch(), get_current_span().get_span_context()))

    def call_exception_handler(self: asyncio.BaseEventLoop, context: dict[str, Any]) -> None:
        if active:
            mark(context)
            after_its_record(lambda: original(self, context), lambda: report(context))
        else:
            original(self, context)

    def undo() -> None:
        nonlocal active
        active = False
        if asyncio.BaseEventLoop.call_exception_handler is call_exception_handler:
            asyncio.BaseEventLoop.call_exception_handler = original  # type: ignore[method-assign]  # as it was

    asyncio.BaseEventLoop.call_exception_handler = call_exception_handler  # type: ignore[method-assign]  # hook
    return undo


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
