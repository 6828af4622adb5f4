"""Operations opened by hand: a context manager and decorator, plain and async."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import Application, messages


def reported(events: CapturedEvents) -> list[tuple[str | None, str, list[str]]]:
    """Return of each event its operation, its exception, and what its trail tells."""
    return [
        (event.operation, event.exception.message, [crumb.message for crumb in event.breadcrumbs]) for event in events
    ]


def test_an_operation_has_a_trail_of_its_own(events: CapturedEvents) -> None:
    """What is recorded inside is seen inside, and what was before is not."""
    otel_crumbs.record("before")

    with otel_crumbs.operation("import"):
        otel_crumbs.record("inside")
        inside = messages()

    assert inside == ["inside"]
    assert messages() == ["before"]
    assert len(events) == 0


def test_an_exception_that_leaves_is_reported_with_the_trail(events: CapturedEvents) -> None:
    """The event bears the operation's name and trail, and the exception goes on."""

    def run() -> None:
        with otel_crumbs.operation("import"):
            otel_crumbs.record("file opened")
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run()

    assert reported(events) == [("import", "boom", ["file opened"])]
    assert events[0].handled is False


def test_an_async_operation_has_a_trail_of_its_own(events: CapturedEvents) -> None:
    """Interleaved `async with` blocks keep apart."""

    async def run(number: int) -> None:
        async with otel_crumbs.operation(f"import {number}"):
            otel_crumbs.record(f"file {number}")
            await asyncio.sleep(0)
            raise ValueError(number)

    async def main() -> None:
        await asyncio.gather(run(1), run(2), return_exceptions=True)

    asyncio.run(main())

    assert sorted(reported(events)) == [("import 1", "1", ["file 1"]), ("import 2", "2", ["file 2"])]


def test_a_decorated_function_is_an_operation_at_each_call(events: CapturedEvents) -> None:
    """Two calls are two operations with the function's name; arguments, result and name stay."""

    @otel_crumbs.operation()
    def work(number: int) -> int:
        """Do it."""
        otel_crumbs.record(f"work {number}")
        if number == 2:
            raise ValueError(number)
        return number

    result = work(1)
    with suppress(ValueError):
        work(2)

    assert result == 1
    assert work.__name__ == "work"
    assert work.__doc__ == "Do it."
    [(operation, _, trail)] = reported(events)
    assert operation is not None
    assert operation.endswith("work")
    assert trail == ["work 2"]


def test_a_decorated_coroutine_function_is_an_operation_at_each_call(events: CapturedEvents) -> None:
    """The operation lasts as long as the coroutine runs, and is still a coroutine function."""

    @otel_crumbs.operation("job")
    async def work(number: int) -> None:
        otel_crumbs.record(f"work {number}")
        await asyncio.sleep(0)
        raise ValueError(number)

    async def main() -> None:
        await asyncio.gather(work(1), work(2), return_exceptions=True)

    asyncio.run(main())

    assert inspect.iscoroutinefunction(work)
    assert sorted(reported(events)) == [("job", "1", ["work 1"]), ("job", "2", ["work 2"])]


def test_an_operation_inside_another_has_its_own_trail(events: CapturedEvents) -> None:
    """Inner and outer do not see each other's breadcrumbs."""
    with otel_crumbs.operation("outer"):
        otel_crumbs.record("outer")
        with otel_crumbs.operation("inner"):
            otel_crumbs.record("inner")
            inner = messages()
        outer = messages()

    assert (inner, outer) == (["inner"], ["outer"])
    assert len(events) == 0


def test_one_exception_through_nested_operations_is_one_event(events: CapturedEvents) -> None:
    """It is told by the innermost, where the story is."""
    with suppress(ValueError), otel_crumbs.operation("outer"):
        otel_crumbs.record("outer")
        with otel_crumbs.operation("inner"):
            otel_crumbs.record("inner")
            raise ValueError("boom")

    assert reported(events) == [("inner", "boom", ["inner"])]


def test_an_operation_inside_a_request_has_its_own_trail(app: Application, events: CapturedEvents) -> None:
    """Spans and notes inside belong to it, also under the request's span."""
    with app.request("GET /"):
        otel_crumbs.record("request")
        with otel_crumbs.operation("batch"):
            otel_crumbs.record("batch")
            with app.tracer.start_as_current_span("span in the batch"):
                otel_crumbs.record("note under the span")
            batch = messages()
        otel_crumbs.record("request again")
        request = messages()

    assert sorted(batch) == ["batch", "note under the span", "span in the batch"]
    assert request == ["request", "request again"]
    assert len(events) == 0


def test_tasks_inside_an_operation_belong_to_it(events: CapturedEvents) -> None:
    """Tasks started in the block are its branches."""
    seen: dict[str, list[str]] = {}

    async def part(name: str) -> None:
        otel_crumbs.record(name)
        await asyncio.sleep(0)
        seen[name] = messages()

    async def main() -> None:
        otel_crumbs.record("outside")
        async with otel_crumbs.operation("job"):
            otel_crumbs.record("job")
            await asyncio.gather(part("one"), part("two"))
            seen["job"] = messages()

    asyncio.run(main())

    assert seen == {"one": ["job", "one"], "two": ["job", "two"], "job": ["job", "one", "two"]}
    assert len(events) == 0


def test_an_operation_works_where_nothing_is_installed() -> None:
    """Without otel_crumbs.install the block runs, keeps its trail, and lets exceptions through."""

    def run() -> None:
        with otel_crumbs.operation("job"):
            otel_crumbs.record("inside")
            assert messages() == ["inside"]
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run()


def test_an_operation_that_succeeds_reports_nothing(events: CapturedEvents) -> None:
    """What was handled inside stays a breadcrumb at the most."""
    with otel_crumbs.operation("job"), suppress(ValueError):
        raise ValueError("handled inside")

    assert len(events) == 0


def test_one_operation_object_may_be_used_again(events: CapturedEvents) -> None:
    """A context manager kept in a variable opens a new operation each time."""
    job = otel_crumbs.operation("job")
    for number in range(2):
        with suppress(ValueError), job:
            otel_crumbs.record(f"round {number}")
            raise ValueError(number)

    assert reported(events) == [("job", "0", ["round 0"]), ("job", "1", ["round 1"])]


def test_a_recursive_use_of_one_object_keeps_the_trails_apart(events: CapturedEvents) -> None:
    """An object that is entered while it is open comes back to the outer trail."""
    job = otel_crumbs.operation("job")
    with job:
        otel_crumbs.record("outer")
        with job:
            otel_crumbs.record("inner")
        outer = messages()

    assert outer == ["outer"]
    otel_crumbs.record("outside")
    assert messages() == ["outside"]
    assert len(events) == 0


def test_one_object_in_many_threads_keeps_the_trails_apart(events: CapturedEvents) -> None:
    """Threads that share the object each come back to where they were."""
    job = otel_crumbs.operation("job")
    barrier = threading.Barrier(2)

    def work(number: int) -> list[str]:
        otel_crumbs.record(f"thread {number}")
        with suppress(ValueError), job:
            barrier.wait()
            otel_crumbs.record(f"work {number}")
            barrier.wait()
            raise ValueError(number)
        return messages()

    with ThreadPoolExecutor(2) as pool:
        outside = list(pool.map(work, range(2)))

    assert sorted(reported(events)) == [("job", "0", ["work 0"]), ("job", "1", ["work 1"])]
    assert outside == [["thread 0"], ["thread 1"]]


def test_nobody_looks_for_blocks_once_all_are_closed() -> None:
    """The table of open blocks is empty again, so spans and notes skip the look-up."""
    with otel_crumbs.operation("outer"), otel_crumbs.operation("inner"):
        assert len(current.open_blocks) == 2

    gc.collect()
    assert not current.open_blocks


def test_a_block_is_known_while_a_task_still_works_in_it() -> None:
    """A task that outlives the block it was started in goes on in the block's trail."""

    async def late(opened: asyncio.Event) -> tuple[str, ...]:
        await opened.wait()
        otel_crumbs.record("late")
        return tuple(each.message for each in otel_crumbs.trail())

    async def main() -> tuple[str, ...]:
        opened = asyncio.Event()
        async with otel_crumbs.operation("job"):
            otel_crumbs.record("early")
            task = asyncio.create_task(late(opened))
            await asyncio.sleep(0)
        opened.set()
        return await task

    assert asyncio.run(main()) == ("early", "late")
    gc.collect()
    assert not current.open_blocks


def test_a_block_that_is_never_closed_is_forgotten_with_its_context() -> None:
    """A generator that is dropped in the middle of a block leaves nothing behind."""

    def steps() -> Iterator[None]:
        with otel_crumbs.operation("half"):
            yield

    def begin() -> None:
        next(steps())

    copy_context().run(begin)

    gc.collect()
    assert not current.open_blocks
