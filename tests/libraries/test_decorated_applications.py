"""Servers take a decorated ASGI application for what it is, by whatever it is decorated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import hypercorn.asyncio
import hypercorn.config
import pytest
import uvicorn

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.loopback import free_port

Application = Callable[..., Awaitable[None]]
Serve = Callable[[Any, int, asyncio.Event], Awaitable[None]]


async def answer(scope: dict[str, Any], receive: Application, send: Application) -> None:
    """Start with the server, and fail at each request."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    otel_crumbs.record(f"asked for {scope['path']}")
    raise ValueError("no receipt")


class Shop:
    """An application as an object, whose method is decorated."""

    @otel_crumbs.operation("shop")
    async def __call__(self, scope: dict[str, Any], receive: Application, send: Application) -> None:
        """Answer."""
        await answer(scope, receive, send)


class Plain:
    """An application as an object, that is decorated itself."""

    async def __call__(self, scope: dict[str, Any], receive: Application, send: Application) -> None:
        """Answer."""
        await answer(scope, receive, send)


APPLICATIONS = {
    "function": otel_crumbs.operation("shop")(answer),
    "method": Shop(),
    "object": otel_crumbs.operation("shop")(Plain()),
    "context": otel_crumbs.operation("shop")(otel_crumbs.context(tenant="t1")(answer)),
}


async def serve_uvicorn(application: Any, port: int, ends: asyncio.Event) -> None:
    """Serve by uvicorn."""
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_config=None, lifespan="on"))
    # The application, and not what a call of it gave; and not by the interface that took two calls.
    server.config.load()
    assert server.config.interface == "asgi3"
    serving = asyncio.create_task(server.serve())
    await ends.wait()
    server.should_exit = True
    await serving


async def serve_hypercorn(application: Any, port: int, ends: asyncio.Event) -> None:
    """Serve by Hypercorn, which looks whether the application is one of ASGI."""
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{port}"]
    await hypercorn.asyncio.serve(application, config, shutdown_trigger=ends.wait)


async def ask(application: Any, serve: Serve) -> int:
    """Make a request once the server is there; return the status."""
    port, ends = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve(application, port, ends))
    async with httpx.AsyncClient() as client:
        while True:
            try:
                status = (await client.get(f"http://127.0.0.1:{port}/pay")).status_code
            except httpx.ConnectError:
                assert not serving.done()
                await asyncio.sleep(0.02)
            else:
                break
    ends.set()
    await serving
    return status


@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.parametrize("serve", [serve_uvicorn, serve_hypercorn])
def test_a_server_serves_a_decorated_application(name: str, serve: Serve, events: CapturedEvents) -> None:
    """It is no factory and no application of ASGI 2, and its failed request is an event with its own trail."""
    assert asyncio.run(ask(APPLICATIONS[name], serve)) == 500

    assert [(event.operation, event.title, [crumb.message for crumb in event.breadcrumbs]) for event in events] == [
        ("shop", "ValueError: no receipt", ["asked for /pay"])
    ]
