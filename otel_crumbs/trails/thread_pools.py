"""
Jobs of a thread pool: siblings where one thread does them in turn, and children of whoever submitted them.

A job that works in its submitter's context hangs on the branch that it was
submitted from, also where nothing was recorded there yet.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import thread
from typing import Any

from otel_crumbs.base.guard import guarded

from .current_branch import current

_SUBMITTER = "_otel_crumbs_submitter"


def install() -> Callable[[], None]:
    """
    Have each job of a `concurrent.futures.ThreadPoolExecutor` begin with a branch of its own.

    Nothing tells that a job is submitted or begins but the private class that
    runs it; where that is another, jobs of one thread share its branch.
    Returns what undoes it.
    """
    job: Any = getattr(thread, "_WorkItem", None)
    if not hasattr(job, "run"):
        return lambda: None
    undos = (_watch_submissions(job), _watch_runs(job))

    def undo() -> None:
        for each in undos:
            each()

    return undo


def _watch_submissions(job: Any) -> Callable[[], None]:
    original = job.__init__
    active = True

    @guarded("a job was submitted to a thread pool")
    def remember_submitter(self: Any) -> None:
        setattr(self, _SUBMITTER, current.branch())

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
        original(self, *args, **kwargs)
        if active:
            remember_submitter(self)

    def undo() -> None:
        nonlocal active
        active = False
        if job.__init__ is __init__:
            job.__init__ = original

    job.__init__ = __init__
    return undo


def _watch_runs(job: Any) -> Callable[[], None]:
    original = job.run
    active = True

    @guarded("a job of a thread pool began")
    def begin(self: Any) -> None:
        current.begin_job(getattr(self, _SUBMITTER, None))

    def run(self: Any, *args: Any) -> Any:
        if not active:
            return original(self, *args)
        begin(self)
        try:
            return original(self, *args)
        finally:
            current.end_job()

    def undo() -> None:
        nonlocal active
        active = False
        if job.run is run:
            job.run = original

    job.run = run
    return undo
