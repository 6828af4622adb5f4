"""
Answers of Django that go on after the span of their request: a streamed body, and what runs when it is closed.

Django's own signals say where a request begins: what a thread did before is
none of its business then, also where the request has no span.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from otel_crumbs.base.descriptor import watch_lookups
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.trails import current

from .ended_operations import EndedOperations, ResumedIterator


def install(ended: EndedOperations) -> Undo:
    """Have the bodies of answers go on with the operations of their requests; return the function that undoes it."""
    return combine(
        on_import("django.core.signals", _connect),
        on_import("django.http.response", partial(_attach, ended=ended)),
    )


def _connect(signals: Any) -> Undo:
    @guarded("Django's request_started was received")
    def receive(**_: Any) -> None:
        current.forget_ended_operation()

    signals.request_started.connect(receive, weak=False)
    return lambda: signals.request_started.disconnect(receive)


def _attach(responses: Any, ended: EndedOperations) -> Undo:
    @guarded("a streamed answer began")
    def resume_steps(response: Any) -> None:
        branch = current.find_ended_operation()
        iterator: Any = getattr(response, "_iterator", None)
        if branch is not None and hasattr(iterator, "__next__") and not isinstance(iterator, ResumedIterator):
            response._iterator = ResumedIterator(ended, branch.root, iterator)  # noqa: SLF001 - it has no public name

    @guarded("a streamed answer began")
    def resume_in_task(_: Any) -> None:
        branch = current.find_ended_operation()
        if branch is not None:
            # The server has a task for each request, and reports what comes out of it.
            current.resume(branch.root)

    def make_close(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def close(self: Any) -> None:
            branch = _find_ended() if patch.active else None
            try:
                if branch is None:
                    original(self)
                else:
                    ended.call(branch.root, original, self)
            except BaseException as error:
                remove_own_frame(error)
                raise

        return close

    streamed = responses.StreamingHttpResponse
    return combine(
        watch_lookups(streamed, "__iter__", resume_steps),
        watch_lookups(streamed, "__aiter__", resume_in_task) if hasattr(streamed, "__aiter__") else None,
        replace(responses.HttpResponseBase, "close", make_close),
    )


_find_ended = guarded("the operation of an answer was looked for")(current.find_ended_operation)
