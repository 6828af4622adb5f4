"""
Tasks that start tasks: a task is a child of the one that started it.

A new task gets a copy of its starter's context, and with it the starter's
branch. So the starter must have a branch by then, even if it has recorded
nothing yet, or the two would be taken for siblings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo

from .current_branch import current
from .event_loops import replace_loop_method
from .runner import find_task


def install() -> Undo:
    """Give every task that starts another one its branch before that; return the function that undoes it."""
    return replace_loop_method("create_task", _make_create_task)


def _make_create_task(original: Callable[..., asyncio.Task[Any]], patch: Patch) -> Callable[..., asyncio.Task[Any]]:
    def create_task(self: Any, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        if patch.active:
            _ensure_branch()
        try:
            task = original(self, *args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if patch.active:
            _hide_own_frame(task)
        return task

    return create_task


@guarded("a task was started")
def _ensure_branch() -> None:
    if find_task() is not None:
        current.find_branch()


@guarded("a task was started in asyncio's debug mode")
def _hide_own_frame(task: Any) -> None:
    # In debug mode a task remembers the stack it was created by; event loops remove their own frame from it, too.
    if getattr(task, "_source_traceback", None):
        del task._source_traceback[-1]  # noqa: SLF001 - asyncio has no public name for it
