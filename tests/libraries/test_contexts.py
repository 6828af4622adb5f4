"""What an application says of its work, in the frameworks where applications say it, and what flags it evaluated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import anyio
import anyio.lowlevel
import fastapi
import flask
import httpx
import pytest
from fastapi import Depends
from openfeature import api
from openfeature.contrib.hook.opentelemetry import TracingHook
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from opentelemetry import trace

import otel_crumbs
from otel_crumbs.testing import CapturedEvents

USERS = [f"u{number}" for number in range(6)]


def users(events: CapturedEvents) -> dict[str, Any]:
    """Return of each event, by its message, the user that it names."""
    return {event.exception.message: event.attributes.get("user.id") for event in events}


def ask_together(application: Any, paths: list[str]) -> None:
    """Make requests to an ASGI application side by side."""

    async def run() -> None:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            await asyncio.gather(*map(client.get, paths))

    asyncio.run(run())


def name_user(user: str) -> None:
    """Be a dependency that runs in a thread."""
    otel_crumbs.context(user_id=user)


async def name_user_async(user: str) -> None:
    """Be a dependency that runs in the request's task."""
    await asyncio.sleep(0)
    otel_crumbs.context(user_id=user)


def name_user_and_yield(user: str) -> Iterator[None]:
    """Be a dependency that yields, in threads."""
    otel_crumbs.context(user_id=user)
    yield


async def be_in_a_block(user: str) -> AsyncIterator[None]:
    """Be a dependency that yields in a block."""
    async with otel_crumbs.context(user_id=user):
        yield


@pytest.mark.parametrize("dependency", [name_user, name_user_async, name_user_and_yield, be_in_a_block])
def test_a_dependency_of_fastapi_names_the_user(dependency: Callable[..., Any], events: CapturedEvents) -> None:
    """Of its own request alone, though others run at the same time in the same threads."""
    application = fastapi.FastAPI()

    @application.get("/{user}", dependencies=[Depends(dependency)])
    async def pay(user: str) -> None:
        await asyncio.sleep(0.01)
        raise ValueError(user)

    @application.get("/quiet/{user}")
    async def fail_quietly(user: str) -> None:
        await asyncio.sleep(0.01)
        raise ValueError(f"quiet {user}")

    ask_together(application, [f"/{user}" for user in USERS] + [f"/quiet/{user}" for user in USERS])

    assert users(events) == {user: user for user in USERS} | {f"quiet {user}": None for user in USERS}


def test_a_function_before_the_view_of_flask_names_the_user(events: CapturedEvents) -> None:
    """In threads that serve one request after the other."""
    application = flask.Flask("shop")
    together = Barrier(2, timeout=30)

    @application.before_request
    def name_the_user() -> None:
        if flask.request.args:
            otel_crumbs.context(user_id=flask.request.args["user"])
        together.wait()

    @application.route("/<user>")
    def pay(user: str) -> str:
        raise ValueError(user)

    with ThreadPoolExecutor(max_workers=2) as pool:
        paths = [path for user in USERS for path in (f"/{user}?user={user}", f"/quiet-{user}")]
        list(pool.map(lambda path: application.test_client().get(path), paths))

    assert users(events) == {user: user for user in USERS} | {f"quiet-{user}": None for user in USERS}


async def work_in_tasks() -> None:
    """Start tasks in blocks of their own, side by side."""

    async def later(user: str) -> None:
        await anyio.sleep(0.01)
        await anyio.to_thread.run_sync(otel_crumbs.capture_exception, ValueError(user))

    async def work(user: str) -> None:
        with otel_crumbs.operation(user), otel_crumbs.context(user_id=user):
            async with anyio.create_task_group() as inner:
                inner.start_soon(later, user)
                await anyio.lowlevel.checkpoint()
        otel_crumbs.capture_exception(ValueError(f"after {user}"))

    async with anyio.create_task_group() as tasks:
        for user in USERS:
            tasks.start_soon(work, user)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_of_anyio_have_what_was_said_where_they_were_started(backend: str, events: CapturedEvents) -> None:
    """On asyncio and on trio, in threads too, and nothing of their siblings."""
    run: Callable[[], Awaitable[None]] = work_in_tasks

    anyio.run(run, backend=backend)

    assert users(events) == {user: user for user in USERS} | {f"after {user}": None for user in USERS}


def test_a_flag_that_was_evaluated_is_a_breadcrumb(events: CapturedEvents) -> None:
    """OpenFeature's hook for OpenTelemetry writes it into the span."""
    flags = {"new-checkout": InMemoryFlag(default_variant="on", variants={"on": True, "off": False})}
    api.set_provider(InMemoryProvider(flags))
    client = api.get_client()
    client.add_hooks([TracingHook()])

    with trace.get_tracer("shop").start_as_current_span("GET /", kind=trace.SpanKind.SERVER):
        assert client.get_boolean_value("new-checkout", default_value=False)
        otel_crumbs.capture_exception(ValueError("boom"))

    described = [(crumb.category, crumb.message) for crumb in events[0].breadcrumbs]
    assert [category for category, _ in described] == ["feature_flag"]
    assert described[0][1].startswith("new-checkout -> on")
