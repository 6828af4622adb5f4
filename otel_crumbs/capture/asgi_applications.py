"""
Exceptions that leave an ASGI application after the span of their request.

OpenTelemetry's middleware ends the span with the last part of the answer.
Background tasks run after it, and Starlette's own middlewares raise what broke
a streamed answer when they have ended the answer. What is left is a line in the
server's log, which its level may hold back.

An error page may be such an answer, with the exception on its way: the answer
is an event of its own only if none follows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace
from otel_crumbs.trails import get_operation_branch

from .ended_operations import EndedOperations
from .postponed_answers import postpone_answers


def install(ended: EndedOperations) -> Undo:
    """Report the exceptions that leave OpenTelemetry's ASGI middleware; return the function that undoes it."""
    return on_import("opentelemetry.instrumentation.asgi", partial(_attach, ended=ended))


def _attach(asgi: Any, ended: EndedOperations) -> Undo:
    @guarded("a failure after the answer was reported")
    def report(error: BaseException, before: object) -> None:
        branch = get_operation_branch()
        if branch is not None and branch.root is not before:
            ended.report(error, branch.root)

    def make(original: Callable[..., Awaitable[Any]], patch: Patch) -> Callable[..., Awaitable[Any]]:
        # As many arguments as the original: uvicorn calls an application without any, and what does not refuse is taken
        # for the factory of one.
        async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> Any:  # noqa: N807 - it is one
            known = get_operation_branch()
            before = None if known is None else known.root
            postponed = postpone_answers() if patch.active else None
            try:
                return await original(self, scope, receive, send)
            except BaseException as error:
                if patch.active:
                    report(error, before)
                remove_own_frame(error)
                raise
            finally:
                if postponed is not None:
                    postponed.stop()

        return __call__

    return replace(asgi.OpenTelemetryMiddleware, "__call__", make)
