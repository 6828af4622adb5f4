"""Tests of `otel_crumbs.capture.asyncio_loop`."""

from __future__ import annotations

import asyncio
import gc
import traceback
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.application import Application
from tests.capture.reported import exceptions_of


def test_a_task_that_nobody_awaits_is_an_event(events: CapturedEvents) -> None:
    """Asyncio tells of it late; the loop's own handler hears of it as before."""
    heard: list[Any] = []

    async def work() -> None:
        raise ValueError("boom")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(main())

    assert exceptions_of(events) == [("ValueError: boom", "asyncio", False)]
    assert [str(error) for error in heard] == ["boom"]


def test_a_callback_that_fails_is_an_event(events: CapturedEvents) -> None:
    """`call_soon` callbacks have nobody to raise to."""

    def callback() -> None:
        raise ValueError("boom")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())

    assert exceptions_of(events) == [("ValueError: boom", "asyncio", False)]


def test_a_callback_that_fails_has_its_own_trail(app: Application, events: CapturedEvents) -> None:
    """What the callback recorded, and the request that asked for it, are told with their ids."""

    def callback() -> None:
        otel_crumbs.record("in the callback")
        raise ValueError("boom")

    async def main() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        with app.request() as span:
            otel_crumbs.record("in the request")
            asyncio.get_running_loop().call_soon(callback)
        otel_crumbs.record("after the request")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return span.get_span_context().span_id

    span_id = asyncio.run(main())

    assert [crumb.message for crumb in events[0].breadcrumbs] == ["in the request", "in the callback"]
    assert events[0].span_id == span_id


def test_a_forgotten_task_does_not_get_the_trail_of_where_it_is_collected(
    app: Application, events: CapturedEvents
) -> None:
    """A failed task is told of when it is collected, in the midst of another request; that one is not its story."""

    async def work() -> None:
        otel_crumbs.record("in the task")
        raise ValueError("boom")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with app.request("GET /unconcerned"):
            otel_crumbs.record("in the request")
            del task
            gc.collect()

    asyncio.run(main())

    reported = [crumb.message for crumb in events[0].breadcrumbs]
    assert reported == ["in the task"]
    assert events[0].operation is None
    assert (events[0].trace_id, events[0].span_id) == (0, 0)


def test_a_loop_without_a_handler_logs_as_before(events: CapturedEvents, caplog: pytest.LogCaptureFixture) -> None:
    """Asyncio's own line about the exception is still written, and is no second event."""

    def callback() -> None:
        raise ValueError("boom")

    async def main() -> None:
        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())

    assert "Exception in callback" in caplog.text
    assert exceptions_of(events) == [("ValueError: boom", "asyncio", False)]


def test_what_a_handler_raises_has_no_frame_of_ours(events: CapturedEvents) -> None:
    """An exit in a handler of the application's ends the loop, with a traceback as without us."""

    def stop(*_: Any) -> None:
        raise SystemExit(3)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(stop)
        asyncio.get_running_loop().call_soon(int, "boom")
        await asyncio.sleep(1)

    with pytest.raises(SystemExit) as caught:
        asyncio.run(main())

    assert [entry.name for entry in caught.traceback][-3:] == ["_run", "call_exception_handler", "stop"]
    assert len(events) == 1


def test_a_stack_names_the_files_that_it_goes_through(events: CapturedEvents) -> None:
    """The frame of ours that a handler finds is under its own name: only loops in C have none for logging to find."""
    stacks: list[traceback.StackSummary] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: stacks.append(traceback.extract_stack()))
        asyncio.get_running_loop().call_exception_handler({"message": "boom"})

    asyncio.run(main())

    assert [frame.filename for frame in stacks[0] if "logging" in frame.filename] == []
    assert list(events) == []


def notes_of(events: CapturedEvents) -> dict[str, tuple[str | None, list[str]]]:
    """Return of each event, by its message, the operation and the notes of its trail."""
    return {
        event.exception.message: (
            event.operation,
            [crumb.message for crumb in event.breadcrumbs if crumb.category == "manual"],
        )
        for event in events
    }


@pytest.mark.parametrize("circle", [True, False], ids=["by the collector", "at once"])
def test_a_forgotten_task_has_its_children_s_steps(
    app: Application, events: CapturedEvents, caplog: pytest.LogCaptureFixture, *, circle: bool
) -> None:
    """However it is freed, in an operation of others; the line that asyncio logs of it is not in their trail."""

    async def child() -> None:
        otel_crumbs.record("child")

    async def work() -> None:
        kept = [asyncio.current_task()] if circle else []
        otel_crumbs.record("task")
        await asyncio.create_task(child())
        await asyncio.to_thread(otel_crumbs.record, "thread")
        raise ValueError(f"{len(kept)} kept")

    async def sibling() -> None:
        otel_crumbs.record("sibling")

    async def main() -> list[str]:
        with app.request("GET /begin"):
            otel_crumbs.record("request")
            task = asyncio.create_task(work())
            await asyncio.create_task(sibling())
        await asyncio.wait([task])
        with app.request("GET /unconcerned"):
            otel_crumbs.record("unconcerned")
            del task
            gc.collect()
            return [crumb.message for crumb in otel_crumbs.trail()]

    unconcerned = asyncio.run(main())

    assert notes_of(events) == {f"{int(circle)} kept": ("GET /begin", ["request", "task", "child", "thread"])}
    assert len(events) == 1
    assert unconcerned == ["unconcerned"]
    assert "Task exception was never retrieved" in caplog.text


def test_a_task_that_left_nothing_has_what_its_starter_did(app: Application, events: CapturedEvents) -> None:
    """And nothing of its siblings, nor of the request that it is collected in."""

    async def work() -> None:
        raise ValueError("silent")

    async def sibling() -> None:
        otel_crumbs.record("sibling")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: otel_crumbs.record("handled"))
        with app.request("GET /begin"):
            otel_crumbs.record("request")
            task = asyncio.create_task(work())
            await asyncio.create_task(sibling())
        await asyncio.wait([task])
        with app.request("GET /unconcerned"):
            otel_crumbs.record("unconcerned")
            del task
            gc.collect()
        otel_crumbs.record("afterwards")
        assert [crumb.message for crumb in otel_crumbs.trail()] == ["afterwards"]

    asyncio.run(main())

    assert notes_of(events) == {"silent": ("GET /begin", ["request"])}


def test_a_callback_of_a_task_has_the_task_s_steps(app: Application, events: CapturedEvents) -> None:
    """Whoever reports a task's exception from there reports the task's failure, and no sibling's."""

    async def work(name: str) -> None:
        otel_crumbs.record(f"step of {name}")
        await asyncio.sleep(0)
        raise KeyError(name)

    def done(task: asyncio.Task[None]) -> None:
        otel_crumbs.record("callback")
        otel_crumbs.capture_exception(task.exception())

    async def main() -> None:
        with app.request("GET /"):
            otel_crumbs.record("request")
            for name in ("one", "two"):
                asyncio.create_task(work(name)).add_done_callback(done)
        await asyncio.sleep(0.01)

    asyncio.run(main())

    assert notes_of(events) == {
        f"'{name}'": ("GET /", ["request", f"step of {name}", "callback"]) for name in ("one", "two")
    }
