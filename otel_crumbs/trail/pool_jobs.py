"""Jobs that one thread of a pool does in turn are siblings, and do not see each other's breadcrumbs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import thread
from typing import Any

from otel_crumbs.guard import guarded

from .current import current


def install() -> Callable[[], None]:
    """
    Have each job of a `concurrent.futures.ThreadPoolExecutor` begin with a branch of its own.

    Nothing tells that a job begins but the private class that runs it; where
    that is another, jobs of one thread share its branch. Returns what undoes it.
    """
    job: Any = getattr(thread, "_WorkItem", None)
    original = getattr(job, "run", None)
    if original is None:
        return lambda: None
    active = True
    begin = guarded("a job of a thread pool began")(current.begin_job)

    def run(self: Any, *args: Any) -> Any:
        if active:
            begin()
        return original(self, *args)

    def undo() -> None:
        nonlocal active
        active = False
        if job.run is run:
            job.run = original

    job.run = run
    return undo
