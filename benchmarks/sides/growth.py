"""How cost grows: with breadcrumbs in a trail, with the depth of branches, with threads and with tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import thread_time
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.threading import ThreadingIntegration

import otel_crumbs

from . import Batch, SetUp, sentry
from .capture import _failure

OURS, THEIRS, BARE = "otel_crumbs", "sentry-sdk", "asyncio alone"
BREADCRUMBS = (10, 100, 1_000, 10_000)
DEPTHS = (0, 1, 4, 16, 31)
THREADS = (1, 4, 16, 64)
TASKS = (1, 10, 100, 1_000)

Leave = Callable[..., Any]


def start_ours(**options: Any) -> Leave:
    """Install without an exporter, as only the caller's thread is measured; return what leaves a breadcrumb."""
    otel_crumbs.install(exporter="none", rate_limit=0, **options)
    return otel_crumbs.record


def start_theirs(**options: Any) -> Leave:
    """Start sentry-sdk; return what leaves a breadcrumb."""
    sentry.start(**options)
    return sentry_sdk.add_breadcrumb


def leave_one(leave: Leave, number: int = 0) -> None:
    """Leave the breadcrumb that all of this is measured with."""
    leave(message="order checked", category="shop", level="info", data={"order": number, "state": "paid"})


def leave_in_turn(leave: Leave, loops: int) -> float:
    """Leave many; return how long it took."""
    began = thread_time()
    for number in range(loops):
        leave_one(leave, number)
    return thread_time() - began


def capture_ours(count: int) -> Batch:
    """Return a batch of captures with so many breadcrumbs."""
    leave = start_ours(max_breadcrumbs=count)
    return partial(_capture, count, leave, otel_crumbs.capture_exception, otel_crumbs.flush)


def capture_theirs(count: int) -> Batch:
    """Return the same of sentry-sdk."""
    leave = start_theirs(max_breadcrumbs=count)
    return partial(_capture, count, leave, sentry_sdk.capture_exception, sentry_sdk.flush)


def _capture(count: int, leave: Leave, capture: Leave, flush: Callable[[], Any], loops: int) -> float:
    leave_in_turn(leave, count)
    took = 0.0
    for _ in range(loops):
        error = _failure()
        began = thread_time()
        capture(error)
        took += thread_time() - began
        flush()
    return took


def record_deep(depth: int) -> Batch:
    """Return a batch of breadcrumbs in a task that a task started, and so on, so deep in an operation."""
    leave = start_ours()

    async def go_down(levels: int, loops: int) -> float:
        leave_one(leave)
        if levels:
            return await asyncio.create_task(go_down(levels - 1, loops))
        return leave_in_turn(leave, loops)

    async def begin(loops: int) -> float:
        with otel_crumbs.operation("deep"):
            return await go_down(depth, loops)

    return lambda loops: asyncio.run(begin(loops))


@contextmanager
def threads_with_trails(leave: Leave, count: int) -> Iterator[None]:
    """Have so many other threads, each with a trail of its own, that wait."""
    done = threading.Event()
    ready = threading.Barrier(count + 1)

    def live() -> None:
        leave_in_turn(leave, 100)
        ready.wait()
        done.wait()

    others = [threading.Thread(target=live, daemon=True) for _ in range(count)]
    for other in others:
        other.start()
    ready.wait()
    yield
    done.set()
    for other in others:
        other.join()


def record_beside_threads(start: Callable[[], Leave], count: int) -> Batch:
    """Return a batch of breadcrumbs in a thread beside so many others."""
    leave = start()

    def batch(loops: int) -> float:
        with threads_with_trails(leave, count):
            return leave_in_turn(leave, loops)

    return batch


def run_tasks(start: Callable[[], Leave | None], count: int) -> Batch:
    """Return a batch of tasks at once, of which each leaves a breadcrumb before and after it waits."""
    leave = start()

    async def work() -> None:
        if leave is not None:
            leave_one(leave)
        await asyncio.sleep(0)
        if leave is not None:
            leave_one(leave)

    async def gather(loops: int) -> float:
        began = thread_time()
        for _ in range(loops):
            await asyncio.gather(*(work() for _ in range(count)))
        return thread_time() - began

    return lambda loops: asyncio.run(gather(loops))


def start_theirs_for_threads() -> Leave:
    """Start sentry-sdk with what it needs for threads; return what leaves a breadcrumb."""
    return start_theirs(integrations=[ThreadingIntegration()])


_MAKERS: Mapping[str, tuple[tuple[int, ...], Mapping[str, Callable[[int], Batch]]]] = {
    "breadcrumbs": (BREADCRUMBS, {OURS: capture_ours, THEIRS: capture_theirs}),
    "depth": (DEPTHS, {OURS: record_deep}),
    "threads": (
        THREADS,
        {
            OURS: partial(record_beside_threads, start_ours),
            THEIRS: partial(record_beside_threads, start_theirs_for_threads),
        },
    ),
    "tasks": (
        TASKS,
        {
            OURS: partial(run_tasks, start_ours),
            BARE: partial(run_tasks, lambda: None),
        },
    ),
}
AXES = {axis: (values, tuple(makers)) for axis, (values, makers) in _MAKERS.items()}
SIDES: dict[str, SetUp] = {
    f"{axis} {value} {side}": partial(make, value)
    for axis, (values, makers) in _MAKERS.items()
    for value in values
    for side, make in makers.items()
}
