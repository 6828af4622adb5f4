"""
Threads of anyio: what runs in one belongs below the task that waits for it.

anyio has workers of its own, and copies the task's context for each call. So
the task must have a branch by then, even if it has recorded nothing yet, or
the thread would hang on whatever started the task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace

from .current_branch import current

_METHOD = "run_sync_in_worker_thread"


def install() -> Undo:
    """Give every task that runs something in a thread its branch before that; return the function that undoes it."""
    return on_import("anyio._backends._asyncio", _attach)


def _attach(backend: Any) -> Undo | None:
    owner = getattr(backend, "AsyncIOBackend", None)
    return replace(owner, _METHOD, _make) if hasattr(owner, _METHOD) else None


def _make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    async def run_sync_in_worker_thread(*args: Any, **kwargs: Any) -> Any:
        if patch.active:
            _ensure_branch()
        try:
            return await original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise

    return run_sync_in_worker_thread


@guarded("a task ran something in a thread of anyio")
def _ensure_branch() -> None:
    current.find_branch()
    current.make_inheritable()
