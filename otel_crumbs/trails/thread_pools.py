"""
Jobs of a thread pool: each has a branch of its own, below the branch that submitted it.

Jobs that one thread does in turn are siblings. A job that works in the
context of whoever submitted it hangs on that branch, even if nothing was
recorded there yet.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import thread
from typing import Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Patch, Undo, combine, replace

from .current_branch import current

_SUBMITTER = "_otel_crumbs_submitter"


def install() -> Undo | None:
    """
    Have each job of a `concurrent.futures.ThreadPoolExecutor` begin with a branch of its own.

    Only the private class ``_WorkItem`` shows when a job is submitted and when
    it begins. Where Python has another class instead, jobs of one thread share
    its branch.

    Returns:
        The function that undoes it, None where there is no such class.

    """
    job: Any = getattr(thread, "_WorkItem", None)
    if not hasattr(job, "run"):
        return None
    return combine(replace(job, "__init__", _make_init), replace(job, "run", _make_run))


def _make_init(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
    @guarded("a job was submitted to a thread pool")
    def remember_submitter(job: Any) -> None:
        setattr(job, _SUBMITTER, current.find_branch())

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it replaces one
        original(self, *args, **kwargs)
        if patch.active:
            remember_submitter(self)

    return __init__


def _make_run(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    @guarded("a job of a thread pool began")
    def begin(job: Any) -> None:
        current.begin_job(getattr(job, _SUBMITTER, None))

    def run(self: Any, *args: Any) -> Any:
        if not patch.active:
            return original(self, *args)
        begin(self)
        try:
            return original(self, *args)
        finally:
            current.end_job()

    return run
