"""
Tasks that a task starts hang on it, also where it has left no breadcrumb of its own yet.

A new task gets a copy of its starter's context, and with it the starter's
branch: so the starter must have one by then, or the two would be taken for
siblings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame

from .current_branch import current
from .event_loops import watch_method
from .runner import running_task


def install() -> Callable[[], None]:
    """Have a task that starts another one keep its place; returns what undoes it."""
    active = True

    def watched(original: Callable[..., asyncio.Task[Any]]) -> Callable[..., asyncio.Task[Any]]:
        def create_task(self: Any, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
            if not active:
                return original(self, *args, **kwargs)
            _keep_place()
            try:
                task = original(self, *args, **kwargs)
            except BaseException as error:
                remove_own_frame(error)
                raise
            _say_nothing_of_us(task)
            return task

        return create_task

    restore = watch_method("create_task", watched)

    def undo() -> None:
        nonlocal active
        active = False
        restore()

    return undo


@guarded("a task was started")
def _keep_place() -> None:
    if running_task() is not None:
        current.branch()


@guarded("a task was started in asyncio's debug mode")
def _say_nothing_of_us(task: Any) -> None:
    # Where the task was created, as debug mode tells it; a loop takes itself out likewise.
    if getattr(task, "_source_traceback", None):
        del task._source_traceback[-1]  # noqa: SLF001 - it has no other name
