"""What is running here: an asyncio task, or a thread. Where nobody imported asyncio, neither do we."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

    # An asyncio task, or a thread by its identity.
    Runner = Task[Any] | int


def runner() -> Runner:
    """Return what is running here: the asyncio task, else the identity of the thread."""
    task = running_task()
    # Looked up at each call: gevent replaces it to tell greenlets apart.
    return threading.get_ident() if task is None else task


def running_task() -> Task[Any] | None:
    """Return the asyncio task that is running here, None where there is none."""
    loop = _running_loop()
    return None if loop is None else _current_task(loop)


def name_of(running: Runner) -> str:
    """Return what people call a task or the running thread."""
    return threading.current_thread().name if isinstance(running, int) else running.get_name()


def _before_asyncio() -> AbstractEventLoop | None:
    """Stand in for asyncio's function until there is one; a loop only runs once all of asyncio was imported."""
    global _running_loop, _current_task  # noqa: PLW0603 - this is asked at every span, and must cost nothing then
    asyncio: Any = sys.modules.get("asyncio")
    if not hasattr(asyncio, "__all__"):  # it is there from the first moment of the import, and this at its end
        return None
    _current_task = asyncio.current_task
    _running_loop = asyncio._get_running_loop  # noqa: SLF001 - get_running_loop() raises where there is none
    return _running_loop()


def _no_task(_: AbstractEventLoop) -> None:
    """Know of no task, while there are none."""


_running_loop: Callable[[], AbstractEventLoop | None] = _before_asyncio
_current_task: Callable[[AbstractEventLoop], Task[Any] | None] = _no_task
