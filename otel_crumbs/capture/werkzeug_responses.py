"""
Answers of Flask, and of what else is made with Werkzeug, that go on after the span of their request.

Werkzeug's ``ClosingIterator`` is the body of every answer. It is made while
the request goes on, its steps and its end come later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from otel_crumbs.base.descriptor import watch_lookups
from otel_crumbs.base.guard import remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace

from .ended_operations import EndedOperations


def install(ended: EndedOperations) -> Undo:
    """Have the bodies of answers go on with the operations of their requests; return the function that undoes it."""
    return on_import("werkzeug.wsgi", partial(_attach, ended=ended))


def _attach(wsgi: Any, ended: EndedOperations) -> Undo:
    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def run_step(self: Any) -> Any:
            branch = ended.find_branch(self) if patch.active else None
            try:
                return original(self) if branch is None else ended.call(branch, original, self)
            except StopIteration:
                raise
            except BaseException as error:
                remove_own_frame(error)
                raise

        return run_step

    body = wsgi.ClosingIterator
    return combine(
        watch_lookups(body, "__init__", ended.remember_answer),
        replace(body, "__next__", make),
        replace(body, "close", make),
    )
