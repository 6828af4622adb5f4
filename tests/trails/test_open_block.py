"""Operation blocks that generators have open, and blocks that are left elsewhere than they were entered."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import Context, copy_context
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import Application, messages


def reported(events: CapturedEvents) -> dict[str, tuple[str | None, list[str]]]:
    """Return of each event by its message the operation and what its trail says."""
    return {
        event.exception.message: (event.operation, [crumb.message for crumb in event.breadcrumbs]) for event in events
    }


def lines(name: str, steps: int = 2) -> Iterator[int]:
    """Note each step, and fail at the end."""
    with otel_crumbs.operation(name):
        for number in range(steps):
            otel_crumbs.record(f"{name} {number}")
            yield number
        raise ValueError(name)


async def stream(name: str, steps: int = 2) -> AsyncIterator[int]:
    """Do the same with awaits between."""
    async with otel_crumbs.operation(name):
        for number in range(steps):
            await asyncio.sleep(0)
            otel_crumbs.record(f"{name} {number}")
            yield number
        raise ValueError(name)


@pytest.fixture(autouse=True)
def _no_line_of_opentelemetry(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.name == "opentelemetry.context"] == []


def test_generators_that_are_stepped_in_turn_keep_apart(events: CapturedEvents) -> None:
    """Neither does whoever steps them get their notes, nor they the other's."""
    one, other = lines("one"), lines("other", 3)
    for number, generator in enumerate((one, other) * 4):
        with suppress(ValueError, StopIteration):
            next(generator)
        otel_crumbs.record(f"outside {number}")

    assert reported(events) == {
        "one": ("one", ["one 0", "one 1"]),
        "other": ("other", ["other 0", "other 1", "other 2"]),
    }
    assert messages() == [f"outside {number}" for number in range(8)]


def test_async_generators_that_are_stepped_in_turn_keep_apart(events: CapturedEvents) -> None:
    """In one task, and with tasks of their own that take the parts."""

    async def step(generator: AsyncIterator[int]) -> None:
        with suppress(ValueError, StopAsyncIteration):
            await generator.__anext__()

    async def main() -> list[str]:
        one, other = stream("one"), stream("other", 3)
        for generator in (one, other) * 4:
            await step(generator)
            otel_crumbs.record("outside")
        third, fourth = stream("third"), stream("fourth")
        for _ in range(4):
            await asyncio.gather(step(third), step(fourth))
        return messages()

    assert set(asyncio.run(main())) == {"outside"}
    assert reported(events) == {
        "one": ("one", ["one 0", "one 1"]),
        "other": ("other", ["other 0", "other 1", "other 2"]),
        "third": ("third", ["third 0", "third 1"]),
        "fourth": ("fourth", ["fourth 0", "fourth 1"]),
    }


def test_a_generator_that_is_left_early_stays_nowhere_current(events: CapturedEvents) -> None:
    """Neither while it is suspended, nor when the event loop or the collector has closed it in another context."""

    async def first(name: str) -> list[str]:
        async for _ in stream(name):
            break
        otel_crumbs.record(f"after {name}")
        return messages()

    async def main() -> list[list[str]]:
        found = await asyncio.gather(first("a"), first("b"))
        gc.collect()
        await asyncio.sleep(0.01)
        return [*found, messages()]

    assert asyncio.run(main()) == [["after a"], ["after b"], ["after a", "after b"]]
    generator = lines("c")
    next(generator)
    assert "c 0" not in messages()
    del generator
    assert "c 0" not in messages()
    assert len(events) == 0
    gc.collect()
    assert not current.open_blocks


def test_a_generator_may_be_stepped_and_closed_in_other_threads(events: CapturedEvents) -> None:
    """As Starlette steps those of streamed answers, each time in a copy of the context."""
    generator, left = lines("rows", 3), lines("left")
    with ThreadPoolExecutor(3) as pool:
        for _ in range(4):
            future = pool.submit(copy_context().run, next, generator)
            with suppress(ValueError):
                future.result()
        pool.submit(next, left).result()
        pool.submit(left.close).result()  # type: ignore[attr-defined]  # it is a generator
        afterwards = list(pool.map(lambda _: messages(), range(3)))

    assert reported(events) == {"rows": ("rows", ["rows 0", "rows 1", "rows 2"])}
    assert afterwards == [[], [], []]


def test_tasks_belong_to_whom_started_them(events: CapturedEvents) -> None:
    """A generator's tasks are in its operation, those of its reader are not; threads of both likewise."""
    seen: dict[str, list[str]] = {}

    async def part(name: str) -> None:
        otel_crumbs.record(name)
        seen[name] = messages()

    def thread_part(name: str) -> None:
        otel_crumbs.record(name)
        seen[name] = messages()

    async def produce() -> AsyncIterator[int]:
        async with otel_crumbs.operation("produce"):
            for number in range(2):
                otel_crumbs.record(f"step {number}")
                await asyncio.create_task(part(f"inner task {number}"))
                await asyncio.to_thread(thread_part, f"inner thread {number}")
                yield number

    async def main() -> None:
        otel_crumbs.record("outside")
        async for number in produce():
            await asyncio.create_task(part(f"outer task {number}"))
            await asyncio.to_thread(thread_part, f"outer thread {number}")

    asyncio.run(main())

    for number in range(2):
        assert seen[f"inner task {number}"][-1] == f"inner task {number}"
        assert "outside" not in seen[f"inner task {number}"]
        assert "step 0" in seen[f"inner task {number}"]
        assert "step 0" in seen[f"inner thread {number}"]
        assert "step 0" not in seen[f"outer task {number}"]
        assert seen[f"outer thread {number}"] == ["outside", f"outer thread {number}"]
    assert len(events) == 0


def test_a_task_of_a_generator_that_runs_in_turn_is_in_its_operation(events: CapturedEvents) -> None:
    """Also where the context names the other one's."""
    seen: dict[str, list[str]] = {}

    async def part(name: str) -> None:
        seen[name] = messages()

    async def produce(name: str) -> AsyncIterator[None]:
        async with otel_crumbs.operation(name):
            otel_crumbs.record(name)
            yield
            await asyncio.create_task(part(name))
            yield

    async def main() -> None:
        one, other = produce("one"), produce("other")
        for _ in range(2):
            await one.__anext__()
            await other.__anext__()
        seen["reader"] = messages()

    asyncio.run(main())

    assert seen == {"one": ["one"], "other": ["other"], "reader": []}
    assert len(events) == 0


@pytest.mark.parametrize("kind", ["contextmanager", "asynccontextmanager", "ExitStack", "AsyncExitStack", "yield from"])
def test_the_block_of_a_context_manager_is_current_in_its_body(kind: str, events: CapturedEvents) -> None:
    """A generator that contextlib runs is suspended while the body runs."""

    def begin() -> Iterator[None]:
        with otel_crumbs.operation("unit"):
            otel_crumbs.record("begin")
            yield

    @contextmanager
    def unit() -> Iterator[None]:
        yield from begin()

    @asynccontextmanager
    async def async_unit() -> AsyncIterator[None]:
        async with otel_crumbs.operation("unit"):
            otel_crumbs.record("begin")
            yield

    async def run() -> None:
        async with AsyncExitStack() as stack:
            if kind == "asynccontextmanager":
                await stack.enter_async_context(async_unit())
            elif kind == "AsyncExitStack":
                await stack.enter_async_context(otel_crumbs.operation("unit"))
                otel_crumbs.record("begin")
            elif kind == "ExitStack":
                stack.enter_context(ExitStack()).enter_context(otel_crumbs.operation("unit"))
                otel_crumbs.record("begin")
            else:
                stack.enter_context((unit if kind == "yield from" else contextmanager(begin))())
            otel_crumbs.record("body")
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        asyncio.run(run())

    assert reported(events) == {"boom": ("unit", ["begin", "body"])}


def test_a_context_manager_in_a_generator_belongs_to_the_generator(events: CapturedEvents) -> None:
    """It is current while the generator runs, and not for its reader."""

    class Unit:
        """A context manager that has one."""

        def __enter__(self) -> None:
            self.block = otel_crumbs.operation("unit")
            self.block.__enter__()

        def __exit__(self, *_: object) -> None:
            self.block.__exit__(*sys.exc_info())

    @contextmanager
    def unit() -> Iterator[None]:
        with otel_crumbs.operation("unit"):
            yield

    def read(manager: Callable[[], Any], name: str) -> Iterator[int]:
        with manager():
            otel_crumbs.record(f"{name} read")
            yield 1
            otel_crumbs.record(f"{name} read on")
            raise ValueError(name)

    generators = [read(unit, "a"), read(Unit, "b"), read(lambda: contextlib.closing(ExitStack()), "c")]
    for generator in generators * 2:
        with suppress(ValueError):
            next(generator)
        otel_crumbs.record("outside")

    assert reported(events) == {"a": ("unit", ["a read", "a read on"]), "b": ("unit", ["b read", "b read on"])}
    assert set(messages()) == {"outside", "c read", "c read on"}


def test_blocks_of_one_generator_close_in_their_order(events: CapturedEvents) -> None:
    """An inner block that is closed gives way to the one around it, wherever the generator is stepped."""

    def steps() -> Iterator[None]:
        with otel_crumbs.operation("outer"):
            otel_crumbs.record("outer 1")
            yield
            with otel_crumbs.operation("inner"):
                otel_crumbs.record("inner")
                yield
            yield
            otel_crumbs.record("outer 2")
            otel_crumbs.capture_exception(ValueError("outer"))
            yield

    generator = steps()
    for _ in range(4):
        Context().run(next, generator)
    generator.close()  # type: ignore[attr-defined]  # it is a generator

    assert reported(events) == {"outer": ("outer", ["outer 1", "outer 2"])}


def test_one_object_in_many_generators_keeps_the_trails_apart(events: CapturedEvents) -> None:
    """An operation that is kept in a variable may be open in several at once."""
    job = otel_crumbs.operation("job")

    def steps(name: str) -> Iterator[None]:
        with job:
            otel_crumbs.record(f"{name} 1")
            yield
            otel_crumbs.record(f"{name} 2")
            raise ValueError(name)

    generators = [steps("a"), steps("b")]
    for generator in generators * 2:
        with suppress(ValueError):
            next(generator)

    assert reported(events) == {"a": ("job", ["a 1", "a 2"]), "b": ("job", ["b 1", "b 2"])}


def test_a_block_of_the_reader_is_not_the_generator_s(events: CapturedEvents) -> None:
    """Whatever is opened around a step, the generator's own block counts in it; and what it opens itself."""

    def steps() -> Iterator[None]:
        with otel_crumbs.operation("rows"):
            otel_crumbs.record("row 1")
            yield
            otel_crumbs.record("row 2")
            with otel_crumbs.operation("write"):
                otel_crumbs.record("written")
                otel_crumbs.capture_exception(ValueError("write"))
            otel_crumbs.capture_exception(ValueError("rows"))
            yield

    generator = steps()
    next(generator)
    with otel_crumbs.operation("reader"):
        otel_crumbs.record("reader")
        next(generator)
        otel_crumbs.capture_exception(ValueError("reader"))

    assert reported(events) == {
        "write": ("write", ["written"]),
        "rows": ("rows", ["row 1", "row 2"]),
        "reader": ("reader", ["reader"]),
    }


def test_spans_belong_to_the_generator_that_starts_them(app: Application, events: CapturedEvents) -> None:
    """Also where the reader has a span of its own around the step."""

    def steps(name: str) -> Iterator[None]:
        with otel_crumbs.operation(name):
            for number in range(2):
                with app.tracer.start_as_current_span(f"{name} {number}"):
                    otel_crumbs.record(f"note {name} {number}")
                yield
            raise ValueError(name)

    with app.request("GET /"):
        one, other = steps("one"), steps("other")
        next(one)
        with app.tracer.start_as_current_span("read"):
            for generator in (other, one, other, one, other):
                with suppress(ValueError):
                    next(generator)
            otel_crumbs.record("in between")
        found = messages()

    expected = {
        name: sorted(f"{note}{name} {number}" for note in ("", "note ") for number in (0, 1))
        for name in ("one", "other")
    }
    assert {name: (where, sorted(trail)) for name, (where, trail) in reported(events).items()} == {
        name: (name, trail) for name, trail in expected.items()
    }
    assert found == ["read", "in between"]


def test_a_block_that_is_closed_elsewhere_stays_nowhere_current(events: CapturedEvents) -> None:
    """As a framework that runs the two halves of a context manager in two threads leaves it."""

    @contextmanager
    def unit() -> Iterator[None]:
        with otel_crumbs.operation("unit"):
            yield

    here = unit()
    here.__enter__()
    otel_crumbs.record("inside")
    inside = messages()
    thread = threading.Thread(target=copy_context().run, args=(here.__exit__, None, None, None))
    thread.start()
    thread.join()

    assert inside == ["inside"]
    assert messages() == []
    assert len(events) == 0


def test_a_context_that_was_copied_for_the_end_of_a_block_is_as_before() -> None:
    """It names what was current before the block."""
    seen: list[Any] = []
    token = otel_context.attach(otel_context.set_value("tenant", 7))
    before = otel_context.get_current()
    block = otel_crumbs.operation("unit")
    block.__enter__()

    def leave() -> None:
        block.__exit__(None, None, None)
        seen.append(otel_context.get_current())

    copy_context().run(leave)

    assert seen == [before]
    otel_context.detach(token)


def test_what_was_attached_since_stays_attached() -> None:
    """A block takes itself out of the context, and nothing else."""
    block = otel_crumbs.operation("unit")
    block.__enter__()
    token = otel_context.attach(otel_context.set_value("tenant", 7))
    block.__exit__(None, None, None)

    assert otel_context.get_value("tenant") == 7
    assert current.find_branch().operation is None
    otel_context.detach(token)
    assert current.find_branch().operation is None


def test_a_closed_block_is_not_current_under_a_foreign_span(events: CapturedEvents) -> None:
    """A span that no processor saw has its own trail afterwards."""
    span = NonRecordingSpan(SpanContext(0x1234, 0x56, is_remote=False, trace_flags=TraceFlags(0)))
    with trace.use_span(span):
        with otel_crumbs.operation("unit"):
            otel_crumbs.record("inside")
        otel_crumbs.record("outside")
        found = messages()

    assert found == ["outside"]
    assert len(events) == 0


def test_many_generators_that_are_left_early_leave_nothing(events: CapturedEvents) -> None:
    """Nothing grows with their number."""

    async def main() -> int:
        for number in range(200):
            async for _ in stream(f"stream {number}"):
                break
        await asyncio.sleep(0.01)
        gc.collect()
        named = otel_context.get_value(next(iter(otel_context.get_current() or [""]), ""))
        depth = 0
        while named is not None:
            named, depth = getattr(named, "around", None), depth + 1
        return max(depth, len(current.open_blocks))

    assert asyncio.run(main()) <= 2
    assert len(events) == 0


def test_opentelemetry_s_own_complaint_is_no_event(events: CapturedEvents, caplog: pytest.LogCaptureFixture) -> None:
    """A span that an application leaves in another context is no failure of the application's."""

    def half() -> Iterator[None]:
        with trace.get_tracer("t").start_as_current_span("half"):
            yield

    generator = half()
    Context().run(next, generator)
    with caplog.at_level(logging.ERROR):
        Context().run(generator.close)  # type: ignore[attr-defined]  # it is a generator

    assert [record.name for record in caplog.records] == ["opentelemetry.context"]
    assert len(events) == 0
    caplog.clear()
