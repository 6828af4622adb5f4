"""Inside an operation a branch sees its own and its ancestors', a parent its children's, siblings nothing."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import Application, in_thread, messages

if TYPE_CHECKING:
    from opentelemetry import trace


@pytest.fixture(autouse=True)
def _installed(events: CapturedEvents) -> None:
    """Have breadcrumbs in place."""


@pytest.fixture
def _threading_instrumented() -> Iterator[None]:
    module = pytest.importorskip("opentelemetry.instrumentation.threading")
    instrumentor = module.ThreadingInstrumentor()
    instrumentor.instrument()
    yield
    instrumentor.uninstrument()


def test_tasks_of_a_request_see_its_past_and_not_each_other(app: Application) -> None:
    """Gathered tasks know what came before them, the request knows all of them in the end."""
    seen: dict[str, list[str]] = {}

    async def part(name: str) -> None:
        otel_crumbs.record(f"{name} begins")
        await asyncio.sleep(0)
        otel_crumbs.record(f"{name} ends")
        seen[name] = messages()

    async def request() -> None:
        with app.request("GET /"):
            otel_crumbs.record("before")
            await asyncio.gather(part("one"), part("two"))
            seen["request"] = messages()

    asyncio.run(request())

    assert seen["one"] == ["before", "one begins", "one ends"]
    assert seen["two"] == ["before", "two begins", "two ends"]
    assert seen["request"] == ["before", "one begins", "two begins", "one ends", "two ends"]


def test_what_a_task_did_is_marked_with_its_name(app: Application) -> None:
    """The request's trail says which task left a breadcrumb."""

    async def request() -> list[str | None]:
        with app.request("GET /"):
            otel_crumbs.record("before")
            await asyncio.create_task(part(), name="warm the cache")
            return [breadcrumb.branch for breadcrumb in otel_crumbs.trail()]

    async def part() -> None:
        otel_crumbs.record("inside")

    assert asyncio.run(request()) == [None, "warm the cache"]


def test_nested_tasks_see_their_ancestors(app: Application) -> None:
    """A task of a task sees all above it, and is seen by all of them, not by its uncle."""
    seen: dict[str, list[str]] = {}

    async def grandchild() -> None:
        otel_crumbs.record("grandchild")
        seen["grandchild"] = messages()

    async def child() -> None:
        otel_crumbs.record("child")
        await asyncio.create_task(grandchild())
        seen["child"] = messages()

    async def uncle() -> None:
        otel_crumbs.record("uncle")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen["uncle"] = messages()

    async def request() -> None:
        with app.request("GET /"):
            await asyncio.gather(child(), uncle())
            seen["request"] = messages()

    asyncio.run(request())

    assert seen["grandchild"] == ["child", "grandchild"]
    assert seen["child"] == ["child", "grandchild"]
    assert seen["uncle"] == ["uncle"]
    assert sorted(seen["request"]) == ["child", "grandchild", "uncle"]


def test_a_task_that_was_silent_sees_what_it_started(app: Application) -> None:
    """Asyncio's own loops behave the same."""
    seen: dict[str, list[str]] = {}

    async def grandchild(name: str) -> None:
        otel_crumbs.record(f"grandchild {name}")

    async def child(name: str) -> None:
        await asyncio.gather(grandchild(f"{name}1"), grandchild(f"{name}2"))
        seen[name] = messages()

    async def request() -> None:
        with app.request("GET /"):
            otel_crumbs.record("before")
            await asyncio.gather(child("a"), child("b"))
            seen["request"] = messages()

    asyncio.run(request())

    assert seen["a"] == ["before", "grandchild a1", "grandchild a2"]
    assert seen["b"] == ["before", "grandchild b1", "grandchild b2"]
    assert sorted(seen["request"][1:]) == sorted([*seen["a"][1:], *seen["b"][1:]])


@pytest.mark.parametrize("inside", [True, False])
def test_a_task_that_was_silent_sees_what_it_had_a_thread_do(app: Application, *, inside: bool) -> None:
    """Work handed to a thread before the task leaves a breadcrumb is the task's, and not its sibling's."""
    seen: dict[str, list[str]] = {}

    async def part(name: str) -> None:
        await asyncio.to_thread(otel_crumbs.record, f"thread of {name}")
        seen[name] = messages()

    async def parts() -> None:
        await asyncio.gather(part("one"), part("two"))

    async def request() -> None:
        with app.request("GET /") if inside else nullcontext():
            await parts()

    asyncio.run(request())

    assert seen == {"one": ["thread of one"], "two": ["thread of two"]}


def test_to_thread_stays_in_the_request(app: Application) -> None:
    """Work that asyncio hands to a thread is a branch of the request."""

    def work() -> list[str]:
        otel_crumbs.record("in the thread")
        return messages()

    async def request() -> tuple[list[str], list[str]]:
        with app.request("GET /"):
            otel_crumbs.record("before")
            inside = await asyncio.to_thread(work)
            return inside, messages()

    inside, outside = asyncio.run(request())

    assert inside == ["before", "in the thread"]
    assert outside == ["before", "in the thread"]


def test_threads_with_the_requests_context_are_its_branches(app: Application) -> None:
    """Threads that are given a copy of the context see the request's past and not each other's."""
    seen: list[list[str]] = []

    def work(number: int) -> None:
        otel_crumbs.record(f"thread {number}")
        seen.append(messages())

    with app.request("GET /"):
        otel_crumbs.record("before")
        for number in range(2):
            in_thread(lambda number=number: contextvars.copy_context().run(work, number))  # no context yet
        for number in range(2, 4):
            context = contextvars.copy_context()
            in_thread(lambda number=number, context=context: context.run(work, number))
        own = messages()

    assert seen == [["thread 0"], ["thread 1"], ["before", "thread 2"], ["before", "thread 3"]]
    assert own == ["before", "thread 2", "thread 3"]


@pytest.mark.usefixtures("_threading_instrumented")
def test_the_threading_instrumentation_makes_branches(app: Application) -> None:
    """With OpenTelemetry's instrumentation of threads, plain threads belong to the request."""
    seen: list[list[str]] = []

    def work(number: int) -> None:
        otel_crumbs.record(f"thread {number}")
        seen.append(messages())

    with app.request("GET /"):
        otel_crumbs.record("before")
        for number in range(2):
            thread = threading.Thread(target=work, args=(number,))
            thread.start()
            thread.join()
        own = messages()

    assert seen == [["before", "thread 0"], ["before", "thread 1"]]
    assert own == ["before", "thread 0", "thread 1"]


@pytest.mark.usefixtures("_threading_instrumented")
def test_a_pools_thread_belongs_to_the_request_it_works_for(app: Application) -> None:
    """One executor thread that serves two requests and then none mixes nothing up."""
    with ThreadPoolExecutor(1) as pool:

        def work(name: str) -> list[str]:
            otel_crumbs.record(name)
            return messages()

        seen = []
        for number in range(2):
            with app.request(f"GET /{number}"):
                otel_crumbs.record(f"request {number}")
                seen.append(pool.submit(work, f"work {number}").result())
                seen.append(messages())
        seen.append(pool.submit(work, "nobody's").result())

    assert seen == [
        ["request 0", "work 0"],
        ["request 0", "work 0"],
        ["request 1", "work 1"],
        ["request 1", "work 1"],
        ["nobody's"],
    ]


def test_a_span_belongs_to_where_it_started(app: Application) -> None:
    """A span that another thread ends is told in the branch that started it."""
    seen: list[str] = []
    with app.request("GET /"):
        span = app.tracer.start_span("handed over")

        def end() -> None:
            span.end()
            seen.extend(messages())

        in_thread(end)

        assert messages() == ["handed over"]
    assert seen == []


def test_a_span_ended_by_another_task_belongs_to_where_it_started(app: Application) -> None:
    """A sibling task that ends a span does not get it into its own trail."""
    seen: dict[str, list[str]] = {}

    async def starts(spans: asyncio.Queue[trace.Span]) -> None:
        await spans.put(app.tracer.start_span("handed over"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen["starts"] = messages()

    async def ends(spans: asyncio.Queue[trace.Span]) -> None:
        (await spans.get()).end()
        seen["ends"] = messages()

    async def request() -> None:
        spans: asyncio.Queue[trace.Span] = asyncio.Queue()
        with app.request("GET /"):
            await asyncio.gather(starts(spans), ends(spans))

    asyncio.run(request())

    assert seen == {"starts": ["handed over"], "ends": []}


def test_a_span_inside_an_async_generator_that_another_task_closes(app: Application) -> None:
    """A generator's span is told where it began, also if a stranger finishes the generator."""

    async def numbers() -> AsyncIterator[int]:
        with app.tracer.start_as_current_span("cursor"):
            yield 1
            yield 2

    async def request() -> list[str]:
        with app.request("GET /"):
            generator = numbers()
            await generator.__anext__()
            await asyncio.create_task(generator.aclose())
            # OpenTelemetry logs that it could not detach the context, which is a breadcrumb as well.
            return [crumb.message for crumb in otel_crumbs.trail() if crumb.category == "span"]

    assert asyncio.run(request()) == ["cursor"]


def test_a_background_task_outlives_its_request(app: Application, events: CapturedEvents) -> None:
    """What a task does after its request is over is told in its own error, and in no later request's."""

    async def background(go_on: asyncio.Event) -> None:
        otel_crumbs.record("background begins")
        await go_on.wait()
        otel_crumbs.record("background goes on")
        raise ValueError("background")

    async def serve() -> None:
        go_on = asyncio.Event()
        with app.request("GET /first"):
            otel_crumbs.record("first")
            task = asyncio.create_task(background(go_on))
            await asyncio.sleep(0)
        with app.request("GET /second"):
            otel_crumbs.record("second")
            go_on.set()
            with pytest.raises(ValueError, match="background") as raised:
                await task
            otel_crumbs.capture_exception(raised.value)
            otel_crumbs.capture_exception(KeyError("second"))

    asyncio.run(serve())

    trails = {event.exception.type: [crumb.message for crumb in event.breadcrumbs] for event in events}
    assert "first" not in trails["KeyError"]
    assert "background goes on" not in trails["KeyError"]


def test_a_background_task_after_its_request_still_knows_its_past(app: Application) -> None:
    """A task that outlives its request sees the request's beginning and its own, and no later request."""
    seen: list[str] = []

    async def background(go_on: asyncio.Event) -> None:
        await go_on.wait()
        otel_crumbs.record("background goes on")
        seen.extend(messages())

    async def serve() -> None:
        go_on = asyncio.Event()
        with app.request("GET /first"):
            otel_crumbs.record("first")
            task = asyncio.create_task(background(go_on))
        with app.request("GET /second"):
            otel_crumbs.record("second")
            go_on.set()
            await task

    asyncio.run(serve())

    assert seen == ["first", "background goes on"]


def test_tasks_outside_any_operation_follow_the_same_rule() -> None:
    """Ambient tasks see their ancestors', parents their children's, siblings nothing."""
    seen: dict[str, list[str]] = {}

    async def part(name: str) -> None:
        otel_crumbs.record(name)
        await asyncio.sleep(0)
        seen[name] = messages()

    async def main() -> None:
        otel_crumbs.record("main")
        await asyncio.gather(part("one"), part("two"))
        seen["main"] = messages()

    asyncio.run(main())

    assert seen == {"one": ["main", "one"], "two": ["main", "two"], "main": ["main", "one", "two"]}


def test_a_deep_chain_of_tasks_costs_a_bounded_amount(app: Application) -> None:
    """Tasks that start each other a thousand deep keep working, and the newest sees its own."""

    async def link(depth: int) -> int:
        otel_crumbs.record(f"link {depth}")
        if depth:
            return await asyncio.create_task(link(depth - 1))
        assert messages()[-1] == "link 0"
        return len(list(current.find_branch().iterate_lineage()))

    async def request() -> tuple[int, int]:
        with app.request("GET /"):
            return await link(150), len(messages())

    lineage, seen = asyncio.run(request())

    assert lineage <= 40
    assert seen == 100


def test_a_task_that_is_gone_leaves_no_memory(app: Application) -> None:
    """A thousand tasks of one long operation do not stay in its trail beyond the bound."""

    async def part(number: int) -> None:
        otel_crumbs.record(f"part {number}")

    async def request() -> int:
        with app.request("GET /"):
            for number in range(1000):
                await asyncio.create_task(part(number))
            return len(messages())

    assert asyncio.run(request()) == 100


def test_a_thread_sees_what_its_loops_tasks_recorded_outside_any_operation() -> None:
    """What leaves asyncio.run() ends up in the thread, which had recorded nothing before."""

    async def work() -> None:
        otel_crumbs.record("of the task")

    asyncio.run(work())

    assert [breadcrumb.message for breadcrumb in otel_crumbs.trail()] == ["of the task"]
