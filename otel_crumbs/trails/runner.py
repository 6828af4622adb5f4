"""The runner of the current code: an asyncio task, or a thread. asyncio is never imported for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextvars import Context, ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

    # An asyncio task, or a thread by its identity.
    Runner = Task[Any] | int


_unset: ContextVar[None] = ContextVar("otel_crumbs_unset")
# The old value of a variable that had none: `Token.MISSING`, which is not there in a sub-interpreter of Python 3.12 or
# newer. See https://github.com/python/cpython/issues/138192
NO_VALUE: Any = Context().run(_unset.set, None).old_value


def find_runner() -> Runner:
    """Return the runner of the current code: the asyncio task, else the identity of the thread."""
    task = find_task()
    # Looked up at each call: gevent replaces it to tell greenlets apart.
    return threading.get_ident() if task is None else task


def find_task() -> Task[Any] | None:
    """Return the asyncio task that is running here, None where there is none."""
    loop = running_loop()
    return None if loop is None else current_task(loop)


def is_in_main_program() -> bool:
    """Return whether the main thread is running, and no event loop in it."""
    return (
        threading.get_ident() == threading.main_thread().ident
        # The first look finds out whether asyncio itself can be asked.
        and find_task() is None
        and running_loop() is None
    )


def name_of(running: Runner) -> str:
    """Return the name of a task or of the current thread."""
    return threading.current_thread().name if isinstance(running, int) else running.get_name()


def _adopt_asyncio(asyncio: Any) -> Task[Any] | None:
    """Ask asyncio itself from now on; a loop only runs once all of it was imported."""
    global running_loop, current_task  # noqa: PLW0603 - these are asked at every span, and must be one call in C
    if not hasattr(asyncio, "__all__"):  # it is there from the first moment of the import, and this at its end
        return None
    # Before Python 3.12 the function is one of Python, and looks there.
    tasks = getattr(asyncio.tasks, "_current_tasks", None) if sys.version_info < (3, 12) else None
    current_task = asyncio.current_task if tasks is None else tasks.get
    running_loop = asyncio._get_running_loop  # noqa: SLF001 - get_running_loop() raises where there is none
    return find_task()


# Until somebody imports asyncio, the module stands in for the loop: a look that is all in C.
running_loop: Callable[[], AbstractEventLoop | None] = partial(sys.modules.get, "asyncio")  # type: ignore[assignment]  # the module stands in for a loop
current_task: Callable[[AbstractEventLoop], Task[Any] | None] = _adopt_asyncio
