"""The decorator `operation`: functions of every kind, and what they return."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import traceback
import types
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context as otel_context

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import messages

PACKAGE = str(Path(otel_crumbs.__file__).parent)


def reported(events: CapturedEvents) -> list[tuple[str | None, str, list[str]]]:
    """Return of each event its operation, its title, and what its trail says."""
    return [(event.operation, event.title, [crumb.message for crumb in event.breadcrumbs]) for event in events]


@otel_crumbs.operation("rows")
def rows(fails_at: int = 3) -> Generator[int, Any, str]:
    """Yield numbers, and note what is sent."""
    try:
        for number in range(fails_at):
            sent = yield number
            otel_crumbs.record(f"sent {sent} at {number}")
    except KeyError:
        otel_crumbs.record("handled")
        yield -1
    finally:
        otel_crumbs.record("end of rows")
    if fails_at < 3:
        raise ValueError("bad row")
    return "done"


@otel_crumbs.operation("pages")
async def pages(fails_at: int = 3) -> AsyncGenerator[int, Any]:
    """Do the same with awaits between."""
    try:
        for number in range(fails_at):
            sent = yield number
            await asyncio.sleep(0)
            otel_crumbs.record(f"sent {sent} at {number}")
    except KeyError:
        otel_crumbs.record("handled")
        yield -1
    finally:
        await asyncio.sleep(0)
        otel_crumbs.record("end of pages")
    if fails_at < 3:
        raise ValueError("bad page")


def test_a_generator_is_an_operation_while_it_runs(events: CapturedEvents) -> None:
    """Its failure has its own trail, without that of the loop that takes the rows."""
    otel_crumbs.record("before")
    with suppress(ValueError):
        for number in rows(2):
            otel_crumbs.record(f"took {number}")

    assert reported(events) == [("rows", "ValueError: bad row", ["sent None at 0", "sent None at 1", "end of rows"])]
    assert messages() == ["before", "took 0", "took 1"]


def test_a_generator_stays_what_it_was(events: CapturedEvents) -> None:
    """It is a generator with the same name, takes values and exceptions, and returns what it returned."""
    generator = rows()

    assert inspect.isgeneratorfunction(rows)
    assert inspect.isgenerator(generator)
    assert generator.__name__ == "rows"
    assert next(generator) == 0
    assert generator.send("one") == 1
    assert generator.throw(KeyError("left out")) == -1
    with pytest.raises(StopIteration) as ended:
        next(generator)
    assert ended.value.value == "done"
    assert len(events) == 0


def test_an_async_generator_is_an_operation_while_it_runs(events: CapturedEvents) -> None:
    """Its failure has its own trail, without that of the loop that takes the pages."""

    async def read() -> list[str]:
        otel_crumbs.record("before")
        with suppress(ValueError):
            async for number in pages(2):
                otel_crumbs.record(f"took {number}")
        return messages()

    assert asyncio.run(read()) == ["before", "took 0", "took 1"]
    assert reported(events) == [("pages", "ValueError: bad page", ["sent None at 0", "sent None at 1", "end of pages"])]


def test_an_async_generator_stays_what_it_was(events: CapturedEvents) -> None:
    """It takes values and exceptions, and ends when it is closed."""

    async def read() -> list[Any]:
        generator = pages()
        seen = [await generator.__anext__(), await generator.asend("one"), await generator.athrow(KeyError("left out"))]
        with pytest.raises(StopAsyncIteration):
            await generator.__anext__()
        closed = pages()
        await closed.__anext__()
        await closed.aclose()
        with pytest.raises(StopAsyncIteration):
            await closed.__anext__()
        return seen

    assert inspect.isasyncgenfunction(pages)
    assert asyncio.run(read()) == [0, 1, -1]
    assert len(events) == 0


@pytest.mark.parametrize("kind", ["generator", "async generator"])
def test_an_exception_that_is_thrown_in_and_leaves_is_reported(kind: str, events: CapturedEvents) -> None:
    """By its identity it is the one that was thrown."""
    error = TypeError("thrown in")

    async def throw() -> None:
        generator = pages()
        await generator.__anext__()
        await generator.athrow(error)

    def run() -> None:
        if kind == "generator":
            generator = rows()
            next(generator)
            generator.throw(error)
        else:
            asyncio.run(throw())

    with pytest.raises(TypeError) as caught:
        run()

    assert caught.value is error
    name = "rows" if kind == "generator" else "pages"
    assert reported(events) == [(name, "TypeError: thrown in", [f"end of {name}"])]


def test_a_generator_that_is_closed_ends_in_its_operation() -> None:
    """The notes of its `finally` are in its own trail, and nothing stays current."""
    seen: list[list[str]] = []

    @otel_crumbs.operation()
    def steps() -> Iterator[int]:
        try:
            yield 1
        finally:
            otel_crumbs.record("closed")
            seen.append(messages())

    generator = steps()
    next(generator)
    otel_crumbs.record("outside")
    generator.close()  # type: ignore[attr-defined]  # it is a generator
    assert messages() == ["outside"]
    for _ in steps():
        break
    gc.collect()

    assert seen == [["closed"], ["closed"]]
    assert messages() == ["outside"]
    assert not current.open_blocks


def test_an_async_generator_that_is_closed_ends_in_its_operation() -> None:
    """By a block, or by the event loop when it was left early."""
    seen: list[list[str]] = []

    @otel_crumbs.operation()
    async def steps() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            otel_crumbs.record("closed")
            seen.append(messages())

    async def main() -> list[str]:
        async with aclosing(steps()) as generator:
            await generator.__anext__()
            otel_crumbs.record("outside")
        async for _ in steps():
            break
        gc.collect()
        await asyncio.sleep(0.01)
        return messages()

    assert asyncio.run(main()) == ["outside"]
    assert seen == [["closed"]] * 2


def test_a_loop_that_ends_closes_an_async_generator_once(caplog: pytest.LogCaptureFixture) -> None:
    """The generator below the decorated one is none of the loop's business."""

    async def main() -> None:
        generator = pages()
        await generator.__anext__()
        main.generator = generator  # type: ignore[attr-defined]  # it lives longer than the loop's task

    asyncio.run(main())

    assert caplog.records == []


def test_generators_that_run_in_turn_keep_apart(events: CapturedEvents) -> None:
    """Each failure has its own notes alone, in whichever order they end."""

    @otel_crumbs.operation("part")
    def part(name: str, steps: int) -> Iterator[None]:
        for number in range(steps):
            otel_crumbs.record(f"{name} {number}")
            yield
        raise ValueError(name)

    generators = [part("a", 3), part("b", 1), part("c", 2)]
    while generators:
        for generator in list(generators):
            try:
                next(generator)
            except ValueError:
                generators.remove(generator)

    assert sorted(reported(events)) == [
        ("part", "ValueError: a", ["a 0", "a 1", "a 2"]),
        ("part", "ValueError: b", ["b 0"]),
        ("part", "ValueError: c", ["c 0", "c 1"]),
    ]
    assert messages() == []


def test_the_context_is_the_same_afterwards() -> None:
    """A loop over a generator leaves OpenTelemetry's context as it was."""
    before = otel_context.get_current()

    list(rows())

    assert otel_context.get_current() is before


def frames_of(error: BaseException) -> list[str]:
    """Return the files of an exception's traceback, and of those that it was raised from."""
    chained = traceback.TracebackException.from_exception(error)
    files: list[str] = []
    link: traceback.TracebackException | None = chained
    while link is not None:
        files += [frame.filename for frame in link.stack]
        link = link.__context__
    return files


def read_sync() -> None:
    """Read a generator to its failure."""
    list(rows(1))


def throw_sync() -> None:
    """Throw an exception into a generator."""
    generator = rows()
    next(generator)
    generator.throw(ValueError("thrown"))


def read_async() -> None:
    """Read an async generator to its failure."""

    async def read() -> None:
        async for _ in pages(1):
            pass

    asyncio.run(read())


def throw_async() -> None:
    """Throw an exception into an async generator."""

    async def throw() -> None:
        generator = pages()
        await generator.__anext__()
        await generator.athrow(ValueError("thrown"))

    asyncio.run(throw())


@otel_crumbs.operation("plain")
def fail() -> None:
    """Fail."""
    raise ValueError("plain")


@otel_crumbs.operation("coroutine")
async def fail_async() -> None:
    """Fail."""
    raise ValueError("coroutine")


@pytest.mark.parametrize(
    "run", [read_sync, throw_sync, read_async, throw_async, fail, lambda: asyncio.run(fail_async())]
)
def test_a_traceback_has_no_frame_of_the_decorator(run: Callable[[], None], events: CapturedEvents) -> None:
    """The exception that leaves is printed as it would be without it."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - each has a message of its own
        run()

    assert not [file for file in frames_of(caught.value) if file.startswith(PACKAGE)]
    assert len(events) == 1


def test_an_exception_in_the_end_of_an_async_generator_has_no_new_context() -> None:
    """What fails while it is closed was raised while one GeneratorExit was handled, not two."""

    @otel_crumbs.operation()
    async def steps() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            raise ValueError("while closing")

    async def main() -> BaseException | None:
        generator = steps()
        await generator.__anext__()
        with pytest.raises(ValueError, match="while closing") as caught:
            await generator.aclose()
        assert isinstance(caught.value.__context__, GeneratorExit)
        return caught.value.__context__.__context__

    assert asyncio.run(main()) is None


class Job:
    """Callables of every kind."""

    async def __call__(self, number: int) -> int:
        """Work a while."""
        return await work(number)

    @otel_crumbs.operation("method")
    async def run(self, number: int) -> int:
        """Work a while."""
        return await work(number)


class Rows:
    """An object that is called for a generator."""

    def __call__(self, number: int) -> Iterator[int]:
        """Yield once, and fail."""
        otel_crumbs.record("begin")
        yield number
        otel_crumbs.record("end")
        raise ValueError(number)


async def work(number: int) -> int:
    """Fail after a while."""
    otel_crumbs.record("begin")
    await asyncio.sleep(0)
    otel_crumbs.record("end")
    if number:
        raise ValueError(number)
    return number


CALLABLES: list[Callable[[int], Awaitable[int]]] = [
    work,
    lambda number: work(number),  # noqa: PLW0108 - it is no coroutine function
    functools.partial(work),
    Job(),
    functools.partial(Job()),
    Job().run,
]


@pytest.mark.parametrize("function", CALLABLES)
def test_what_returns_a_coroutine_is_an_operation_until_that_ends(
    function: Callable[[int], Awaitable[int]], events: CapturedEvents
) -> None:
    """In whichever task it is awaited, and with the trail of that task's apart."""
    decorated = otel_crumbs.operation("job")(function)

    async def main() -> list[Any]:
        otel_crumbs.record("outside")
        return [
            await decorated(0),
            *await asyncio.gather(*map(decorated, (1, 2)), return_exceptions=True),
            messages(),
        ]

    zero, one, two, outside = asyncio.run(main())

    assert (zero, str(one), str(two), outside) == (0, "1", "2", ["outside"])
    names = {"method"} if function == CALLABLES[-1] else {"job"}
    assert {event.operation for event in events} == names
    assert sorted(reported(events)) == [(*names, f"ValueError: {number}", ["begin", "end"]) for number in (1, 2)]


def test_the_call_and_its_coroutine_have_one_trail(events: CapturedEvents) -> None:
    """What a function does before it returns a coroutine belongs to it."""

    @otel_crumbs.operation("job")
    def start(number: int) -> Any:
        otel_crumbs.record("called")
        return work(number)

    with pytest.raises(ValueError, match="1"):
        asyncio.run(start(1))

    assert reported(events) == [("job", "ValueError: 1", ["called", "begin", "end"])]


def test_a_coroutine_that_nobody_awaits_is_warned_of_once() -> None:
    """By its own name."""

    @otel_crumbs.operation("job")
    def start() -> Any:
        return work(1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start()
        gc.collect()

    assert [str(warning.message) for warning in caught] == ["coroutine 'work' was never awaited"]


def test_an_object_that_is_called_for_a_generator_is_decorated(events: CapturedEvents) -> None:
    """The class has the function that says so."""
    decorated = otel_crumbs.operation("rows")(Rows())

    with pytest.raises(ValueError, match="7"):
        list(decorated(7))

    assert reported(events) == [("rows", "ValueError: 7", ["begin", "end"])]


def test_a_generator_that_can_be_awaited_still_can(events: CapturedEvents) -> None:
    """`types.coroutine` makes such functions."""

    @otel_crumbs.operation("old")
    @types.coroutine
    def step() -> Generator[Any, Any, None]:
        otel_crumbs.record("begin")
        yield
        raise ValueError("old")

    async def main() -> None:
        await step()

    with pytest.raises(ValueError, match="old"):
        asyncio.run(main())

    assert reported(events) == [("old", "ValueError: old", ["begin"])]


def test_other_results_are_handed_on() -> None:
    """A function that returns a generator or an iterator returns that same object."""
    numbers = iter(range(3))

    async def stream() -> AsyncIterator[int]:
        yield 1

    streamed = stream()

    assert otel_crumbs.operation()(lambda: numbers)() is numbers
    assert otel_crumbs.operation()(lambda: streamed)() is streamed


def test_a_decorated_generator_may_become_a_context_manager(events: CapturedEvents) -> None:
    """Its operation lasts for the body, then, plain and async."""

    @contextmanager
    @otel_crumbs.operation("unit")
    def unit() -> Iterator[None]:
        otel_crumbs.record("begin")
        yield

    @asynccontextmanager
    @otel_crumbs.operation("unit")
    async def async_unit() -> AsyncIterator[None]:
        otel_crumbs.record("begin")
        yield

    async def run() -> None:
        async with async_unit():
            otel_crumbs.record("body")
            raise ValueError("async")

    with suppress(ValueError), unit():
        otel_crumbs.record("body")
        raise ValueError("plain")
    with suppress(ValueError):
        asyncio.run(run())

    assert reported(events) == [("unit", f"ValueError: {kind}", ["begin", "body"]) for kind in ("plain", "async")]
    assert messages() == []


def test_a_reader_s_own_operation_is_its_own(events: CapturedEvents) -> None:
    """A generator that is left early in it is none of its story, however many are."""

    async def main() -> None:
        async with otel_crumbs.operation("reader"):
            otel_crumbs.record("reader begins")
            for number in range(3):
                async for _ in pages():
                    otel_crumbs.record(f"took from {number}")
                    break
            next(rows())
            raise ValueError("reader")

    with suppress(ValueError):
        asyncio.run(main())

    assert reported(events) == [
        ("reader", "ValueError: reader", ["reader begins", *[f"took from {number}" for number in range(3)]])
    ]
