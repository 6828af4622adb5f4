"""Jobs that one thread of a pool does in turn keep apart."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor, thread
from contextvars import copy_context

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events


def job(token: str) -> list[str]:
    """Leave a breadcrumb and return the trail's messages."""
    otel_crumbs.record(token)
    return [breadcrumb.message for breadcrumb in otel_crumbs.trail()]


@pytest.mark.usefixtures("events")
def test_jobs_outside_any_operation_keep_apart() -> None:
    """Each sees its own breadcrumb only, though one thread does them all."""
    with ThreadPoolExecutor(1) as pool:
        seen = list(pool.map(job, ["one", "two", "three"]))

    assert seen == [["one"], ["two"], ["three"]]


@pytest.mark.usefixtures("events")
def test_jobs_of_one_operation_keep_apart_and_the_operation_sees_them_all() -> None:
    """They see the operation's past, not each other; the operation sees both."""
    with otel_crumbs.operation("all"), ThreadPoolExecutor(1) as pool:
        otel_crumbs.record("before")
        jobs = [pool.submit(copy_context().run, job, token) for token in ("one", "two")]
        seen = [job.result() for job in jobs]
        whole = [breadcrumb.message for breadcrumb in otel_crumbs.trail()]

    assert seen == [["before", "one"], ["before", "two"]]
    assert whole == ["before", "one", "two"]


def test_a_job_that_fails_is_seen_by_whoever_waits_for_it(events: CapturedEvents) -> None:
    """The exception brings the job's own trail along, and its traceback has no frame of ours."""
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="boom") as caught:
        pool.submit(int, "boom").result()

    frames = [entry.path for entry in caught.traceback]
    assert [path for path in frames if "otel_crumbs" in str(path) and "tests" not in str(path)] == []
    assert list(events) == []


@pytest.mark.usefixtures("events")
def test_a_job_runs_where_it_would_without_us() -> None:
    """The stack of a job has no frame of ours."""
    with ThreadPoolExecutor(1) as pool:
        stack = pool.submit(traceback.extract_stack).result()

    names = [frame.name for frame in stack]
    assert names[-2:] == ["_worker", "run"]


def test_it_is_undone() -> None:
    """The class that runs jobs is as it was."""
    before = vars(thread._WorkItem)["run"]

    with capture_events():
        assert vars(thread._WorkItem)["run"] is not before
        assert thread._WorkItem.run is before

    assert vars(thread._WorkItem)["run"] is before
