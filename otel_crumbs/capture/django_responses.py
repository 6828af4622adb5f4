"""Answers of Django that go on after the span of their request: a streamed body, and what runs when it is closed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from otel_crumbs.base.descriptor import watch_lookups
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace

from .ended_operations import EndedOperations, OperationAsyncIterator, OperationIterator

_WRAPPED = (OperationIterator, OperationAsyncIterator)


def install(ended: EndedOperations) -> Undo:
    """Have the bodies of answers go on with the operations of their requests; return the function that undoes it."""
    return on_import("django.http.response", partial(_attach, ended=ended))


def _attach(responses: Any, ended: EndedOperations) -> Undo:
    @guarded("a streamed answer began")
    def wrap_steps(response: Any) -> None:
        branch = ended.find_branch(response)
        iterator: Any = getattr(response, "_iterator", None)
        if branch is not None and type(iterator) not in _WRAPPED:
            kind = OperationAsyncIterator if hasattr(iterator, "__anext__") else OperationIterator
            response._iterator = kind(ended, branch, iterator)  # noqa: SLF001 - it has no public name

    def make_close(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def close(self: Any) -> None:
            branch = ended.find_branch(self) if patch.active else None
            try:
                if branch is None:
                    original(self)
                else:
                    ended.call(branch, original, self)
            except BaseException as error:
                remove_own_frame(error)
                raise

        return close

    streamed, every = responses.StreamingHttpResponse, responses.HttpResponseBase
    return combine(
        watch_lookups(every, "__init__", ended.remember_answer),
        watch_lookups(streamed, "__iter__", wrap_steps),
        watch_lookups(streamed, "__aiter__", wrap_steps) if hasattr(streamed, "__aiter__") else None,
        replace(every, "close", make_close),
    )
