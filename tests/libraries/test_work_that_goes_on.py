"""Work that goes on beside its request or after it: dependencies, inner tasks, threads, forgotten tasks."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import aiohttp.web
import anyio
import anyio.lowlevel
import fastapi
import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer
from fastapi import Depends

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, assert_no_leaks
from otel_crumbs.trails import current

logger = logging.getLogger("shop")


def stories(events: CapturedEvents) -> dict[str, tuple[str | None, list[str]]]:
    """Return of each event, by its title, the operation and the lines of the application."""
    return {
        event.title: (
            event.operation,
            [crumb.message for crumb in event.breadcrumbs if crumb.category in ("shop", "manual")],
        )
        for event in events
    }


def ask(application: Any, *paths: str, together: bool = False) -> list[int]:
    """Make requests to an ASGI application, one after the other or side by side; return the answers' statuses."""

    async def run() -> list[int]:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            if together:
                return [answer.status_code for answer in await asyncio.gather(*map(client.get, paths))]
            return [(await client.get(path)).status_code for path in paths]

    return asyncio.run(run())


def sync_unit() -> Iterator[None]:
    """Be a dependency that yields inside an operation, in threads."""
    with otel_crumbs.operation("unit"):
        otel_crumbs.record("unit begins")
        yield
        otel_crumbs.record("unit ends")


async def async_unit() -> AsyncIterator[None]:
    """Be one that runs in the request's task."""
    async with otel_crumbs.operation("unit"):
        otel_crumbs.record("unit begins")
        yield
        otel_crumbs.record("unit ends")


def work(number: int) -> dict[str, int]:
    """Do what a view does; fail for an odd number."""
    logger.info("view %d", number)
    if number % 2:
        raise ValueError(number)
    return {}


async def work_async(number: int) -> dict[str, int]:
    """Do the same with a while between."""
    await asyncio.sleep(0)
    return work(number)


@pytest.mark.parametrize("view", [work, work_async])
@pytest.mark.parametrize("unit", [sync_unit, async_unit])
def test_a_dependency_that_yields_in_an_operation(
    unit: Callable[[], Any], view: Callable[[int], Any], events: CapturedEvents, caplog: pytest.LogCaptureFixture
) -> None:
    """A request that goes well is no event, one that fails is one, with its own steps alone; nothing stays current."""
    application = fastapi.FastAPI()
    application.get("/{number}", dependencies=[Depends(unit)])(view)

    statuses = ask(application, "/0", "/1", "/2", "/3") + ask(application, "/5", "/6", "/7", together=True)

    assert statuses == [200, 500, 200, 500, 500, 200, 500]
    assert stories(events) == {
        f"ValueError: {number}": ("unit", ["unit begins", f"view {number}"]) for number in (1, 3, 5, 7)
    }
    assert len(events) == 4
    assert [record for record in caplog.records if record.name == "opentelemetry.context"] == []
    assert current.find_branch().operation is None


def look_up() -> int:
    """Be a dependency that runs in a thread."""
    logger.info("user looked up")
    return 7


@pytest.mark.parametrize("inner", [True, False], ids=["below a middleware", "alone"])
def test_steps_in_threads_belong_to_the_task_that_waits(events: CapturedEvents, *, inner: bool) -> None:
    """Those of sync dependencies too, also where a middleware runs all of it in a task of its own."""
    application = fastapi.FastAPI()

    async def pay(_: int = Depends(look_up)) -> None:
        await asyncio.to_thread(logger.info, "charged")
        await anyio.to_thread.run_sync(logger.info, "booked")
        async with asyncio.TaskGroup() if hasattr(asyncio, "TaskGroup") else anyio.create_task_group():
            logger.info("paying")
        raise ValueError("refused")

    async def pass_on(request: Any, call_next: Callable[[Any], Any]) -> Any:
        return await call_next(request)

    application.get("/pay")(pay)
    if inner:
        application.middleware("http")(pass_on)
    ask(application, "/pay")

    assert stories(events) == {"ValueError: refused": ("GET /pay", ["user looked up", "charged", "booked", "paying"])}


def test_a_forgotten_task_has_its_own_story(events: CapturedEvents, caplog: pytest.LogCaptureFixture) -> None:
    """What its request did and its children too; not what other requests did, though the collector ran there."""

    async def child(name: str) -> None:
        logger.info("child of %s", name)

    async def later(name: str) -> None:
        await asyncio.sleep(0.01)
        logger.info("later of %s", name)
        await asyncio.create_task(child(name))
        await asyncio.to_thread(logger.info, "thread of %s", name)
        raise ValueError(name)

    async def begin(request: aiohttp.web.Request) -> aiohttp.web.Response:
        name = request.match_info["name"]
        logger.info("view of %s", name)
        begin.task = asyncio.create_task(later(name))  # type: ignore[attr-defined]  # until it has failed
        return aiohttp.web.Response()

    async def collect(_: aiohttp.web.Request) -> aiohttp.web.Response:
        logger.info("collecting")
        begin.task = None  # type: ignore[attr-defined]  # it is forgotten
        gc.collect()
        raise KeyError("collector")

    async def main() -> None:
        application = aiohttp.web.Application()
        application.router.add_get("/begin/{name}", begin)
        application.router.add_get("/collect", collect)
        async with TestClient(TestServer(application)) as client:
            for name in ("one", "two"):
                await client.get(f"/begin/{name}")
                await asyncio.sleep(0.1)
                await client.get("/collect")

    asyncio.run(main())

    lines = ["view of {}", "later of {}", "child of {}", "thread of {}"]
    found = stories(events)
    for name in ("one", "two"):
        assert found[f"ValueError: {name}"] == ("GET /begin/{name}", [line.format(name) for line in lines])
    assert found["KeyError: 'collector'"] == ("GET /collect", ["collecting"])
    collectors = [event for event in events if event.title == "KeyError: 'collector'"]
    assert "never retrieved" not in str([event.breadcrumbs for event in collectors])
    assert "Task exception was never retrieved" in caplog.text


async def work_on_trio(token: str) -> None:
    """Leave a stream early, step a generator, and have tasks go on side by side, some of them in threads."""

    async def stream(name: str) -> AsyncIterator[str]:
        async with otel_crumbs.operation(f"stream of {name}"):
            for number in range(3):
                await anyio.lowlevel.checkpoint()
                otel_crumbs.record(f"part {number} of {name}")
                yield name

    @otel_crumbs.operation("rows")
    def rows(name: str) -> Iterator[str]:
        otel_crumbs.record(f"row of {name}")
        yield name
        otel_crumbs.record(f"another row of {name}")

    async def task(name: str) -> None:
        with otel_crumbs.context(user_id=name):
            otel_crumbs.record(f"task of {name}")
            await anyio.to_thread.run_sync(otel_crumbs.record, f"thread of {name}")
            async with aclosing(stream(name)) as parts:
                async for _ in parts:
                    break

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(task, token)
            kept = rows(token)
            next(kept)
            await anyio.lowlevel.checkpoint()
            next(kept, None)
            otel_crumbs.record(f"step {number} of {token}")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_streams_and_generators_of_anyio_do_not_leak(backend: str, events: CapturedEvents) -> None:
    """Pieces of work, each on an event loop of its own, in threads and one after the other."""

    def work(token: str) -> None:
        """Run a piece to its end."""
        otel_crumbs.record(f"begin {token}")
        anyio.run(work_on_trio, token, backend=backend)

    assert_no_leaks(events, work)
