"""
Jobs of a thread pool: each has a branch of its own, below the branch that submitted it.

Jobs that one thread does in turn are siblings. A job that works in the
context of whoever submitted it hangs on that branch, even if nothing was
recorded there yet.
"""

from __future__ import annotations

from typing import Any

from otel_crumbs.base.descriptor import watch_lookups
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Undo, combine, on_import

from .current_branch import current

_SUBMITTER = "_otel_crumbs_submitter"


def install() -> Undo:
    """
    Have each job of a `concurrent.futures.ThreadPoolExecutor` begin with a branch of its own.

    Only the private class ``_WorkItem`` shows when a job is submitted and when
    it begins. Where Python has another class instead, jobs of one thread share
    its branch.

    Returns:
        The function that undoes it.

    """
    return on_import("concurrent.futures.thread", _attach)


def _attach(thread: Any) -> Undo | None:
    job: Any = getattr(thread, "_WorkItem", None)
    if not hasattr(job, "run"):
        return None
    return combine(watch_lookups(job, "__init__", _remember_submitter), watch_lookups(job, "run", _begin))


@guarded("a job was submitted to a thread pool")
def _remember_submitter(job: Any) -> None:
    if job is not None:
        setattr(job, _SUBMITTER, current.find_branch())


@guarded("a job of a thread pool began")
def _begin(job: Any) -> None:
    if job is not None:
        current.begin_job(getattr(job, _SUBMITTER, None))
