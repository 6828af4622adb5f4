"""
Tasks that start tasks: a task is a child of the one that started it.

A new task gets a copy of its starter's context, and with it the starter's
branch. So the starter must have a branch by then, even if it has recorded
nothing yet, or the two would be taken for siblings. Nothing in a task or its
context says who started it, so that this cannot be made up for later. Where
the starter is in a generator's operation block, or has left it, the context
must say so by then as well.
"""

from __future__ import annotations

from typing import Any

from otel_crumbs.base.descriptor import watch_lookups
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Undo, combine, on_import

from .current_branch import current
from .runner import find_task


def install() -> Undo:
    """Give every task that starts another one its branch before that; return the function that undoes it."""

    def hook(module: str, loop: str) -> Undo:
        return on_import(module, lambda imported: watch_lookups(getattr(imported, loop), "create_task", _ensure_branch))

    return combine(hook("asyncio.base_events", "BaseEventLoop"), hook("uvloop", "Loop"))


@guarded("a task was started")
def _ensure_branch(_: Any) -> None:
    if find_task() is not None:
        current.find_branch()
    current.make_inheritable()
