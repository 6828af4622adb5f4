"""What is watched of asyncio's event loops is watched of uvloop's."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import messages

uvloop = pytest.importorskip("uvloop", reason="there is none for this system")


def run(main: Coroutine[Any, Any, Any]) -> None:
    """Run on uvloop."""
    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()


def test_an_exception_that_nobody_awaited_has_its_own_tasks_trail(events: CapturedEvents) -> None:
    """The trail has nothing of a task beside it."""

    async def lost(name: str) -> None:
        otel_crumbs.record(f"lost {name}")
        raise ValueError(name)

    async def main() -> None:
        tasks = [asyncio.get_running_loop().create_task(lost(name)) for name in ("one", "two")]
        await asyncio.sleep(0.01)
        del tasks
        gc.collect()

    run(main())

    reported = {event.exception.message: [item.message for item in event.breadcrumbs] for event in events}
    assert {name: [words for words in said if words.startswith("lost")] for name, said in reported.items()} == {
        "one": ["lost one"],
        "two": ["lost two"],
    }
    assert {event.mechanism for event in events} == {"asyncio"}


def test_who_logged_an_exception_is_who_it_was_without_us(caplog: pytest.LogCaptureFixture) -> None:
    """Loops in C have no frames, so it is who ran the loop."""

    async def lost() -> None:
        raise ValueError("lost")

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(lost())
        await asyncio.sleep(0.01)
        del task
        gc.collect()

    run(main())
    with capture_events():
        run(main())

    without, with_us = (
        (record.pathname, record.lineno, record.funcName)
        for record in caplog.records
        if record.message.startswith("Task exception was never retrieved")
    )
    assert with_us == without


@pytest.mark.usefixtures("events")
def test_a_task_that_was_silent_sees_what_it_started() -> None:
    """Asyncio's own loops behave the same."""
    seen: dict[str, list[str]] = {}

    async def grandchild(name: str) -> None:
        otel_crumbs.record(f"grandchild {name}")

    async def child(name: str) -> None:
        await asyncio.gather(grandchild(f"{name}1"), grandchild(f"{name}2"))
        seen[name] = messages()

    async def main() -> None:
        await asyncio.gather(child("a"), child("b"))

    run(main())

    assert seen == {"a": ["grandchild a1", "grandchild a2"], "b": ["grandchild b1", "grandchild b2"]}


def test_it_is_undone() -> None:
    """The methods are uvloop's own again."""
    names = ("call_exception_handler", "create_task")
    before = [getattr(uvloop.Loop, name) for name in names]

    with capture_events():
        assert all(name in vars(uvloop.Loop) for name in names)

    assert [getattr(uvloop.Loop, name) for name in names] == before
    assert not any(name in vars(uvloop.Loop) for name in names)
