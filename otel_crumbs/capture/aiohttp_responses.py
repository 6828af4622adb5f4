"""
Answers of aiohttp that go on after the span of their request.

The instrumentation is a middleware, whose span ends when the handler returns.
The body that a handler gave the answer is sent afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from otel_crumbs.base.descriptor import watch_lookups
from otel_crumbs.base.guard import remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, on_import, replace

from .ended_operations import EndedOperations


def install(ended: EndedOperations) -> Undo:
    """Have the bodies of answers go on with the operations of their requests; return the function that undoes it."""
    return combine(
        on_import("aiohttp.web_response", partial(_attach_to_responses, ended=ended)),
        on_import("aiohttp.web_protocol", partial(_attach_to_server, ended=ended)),
    )


def _attach_to_responses(responses: Any, ended: EndedOperations) -> Undo:
    return watch_lookups(responses.StreamResponse, "__init__", ended.remember_answer)


def _attach_to_server(protocol: Any, ended: EndedOperations) -> Undo:
    def make(original: Callable[..., Awaitable[Any]], patch: Patch) -> Callable[..., Awaitable[Any]]:
        async def finish_response(*args: Any, **kwargs: Any) -> Any:
            branch = ended.find_branch(find_argument(args, kwargs, 2, "resp")) if patch.active else None
            try:
                finished = original(*args, **kwargs)
                return await (finished if branch is None else ended.wait_for(branch, finished))
            except BaseException as error:
                remove_own_frame(error)
                raise

        return finish_response

    return replace(protocol.RequestHandler, "finish_response", make)
