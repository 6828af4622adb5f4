"""``loop.call_exception_handler``: a task or callback fails and nobody awaits it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from otel_crumbs.guard import guarded

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

    def call_exception_handler(self: asyncio.BaseEventLoop, context: dict[str, Any]) -> None:
        if active:
            report(context)
        original(self, context)

    def undo() -> None:
        nonlocal active
        active = False
        if asyncio.BaseEventLoop.call_exception_handler is call_exception_handler:
            asyncio.BaseEventLoop.call_exception_handler = original  # type: ignore[method-assign]  # as it was

    asyncio.BaseEventLoop.call_exception_handler = call_exception_handler  # type: ignore[method-assign]  # hook
    return undo
