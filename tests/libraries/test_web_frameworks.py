"""A request that fails is an event with its own trail; the request itself and the noise of ASGI are not in it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp.web
import fastapi
import flask
import httpx
import pytest
import requests
import starlette.applications
import starlette.exceptions
import starlette.requests
import starlette.responses
import starlette.routing
import uvicorn
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

import otel_crumbs
from otel_crumbs.testing import CapturedEvents

from .describing import reported
from .partner import Partner
from .running import trails_of

MANY_PARTS = 500


def work(partner: str) -> None:
    """Do what a view does, and fail."""
    logging.getLogger("shop").info("charging")
    requests.get(f"{partner}/503", timeout=5)
    raise ValueError("no receipt")


def ask(application: Any, path: str) -> None:
    """Make a request to an ASGI application, without a server between."""

    async def run() -> None:
        """Ask."""
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            await client.get(path)

    asyncio.run(run())


def visit_flask(partner: str) -> None:
    """Have a Flask application fail."""
    application = flask.Flask("shop")
    application.add_url_rule("/pay", view_func=lambda: work(partner), endpoint="pay")
    application.test_client().get("/pay")


def visit_fastapi(partner: str) -> None:
    """Have a FastAPI application fail, after a part of the answer was sent."""
    application = fastapi.FastAPI()
    application.get("/pay")(lambda: work(partner))
    ask(application, "/pay")


def visit_starlette(partner: str) -> None:
    """Have a Starlette application fail."""
    application = starlette.applications.Starlette(routes=[starlette.routing.Route("/pay", lambda _: work(partner))])
    ask(application, "/pay")


def visit_aiohttp(partner: str) -> None:
    """Have an application of aiohttp fail."""

    async def pay(_: aiohttp.web.Request) -> aiohttp.web.Response:
        """Fail."""
        await asyncio.to_thread(lambda: None)
        work(partner)
        return aiohttp.web.Response()

    async def run() -> None:
        """Ask."""
        application = aiohttp.web.Application()
        application.router.add_get("/pay", pay)
        async with TestClient(TestServer(application)) as client:
            await client.get("/pay")

    asyncio.run(run())


@pytest.mark.parametrize("visit", [visit_flask, visit_fastapi, visit_starlette, visit_aiohttp])
def test_a_request_that_fails(visit: Callable[[str], None], partner: Partner, events: CapturedEvents) -> None:
    """What happened in it is in its trail, and nothing from around it."""
    otel_crumbs.record("from before")

    visit(partner.url)

    [event] = events
    assert event.title == "ValueError: no receipt"
    assert reported(list(event.breadcrumbs))[:2] == [
        ("default", "shop", "info", "charging"),
        ("http", "http", "error", f"GET {partner.url}/503 -> 503 in a moment"),
    ]
    assert "from before" not in str(event.breadcrumbs)
    assert "http send" not in str(event.breadcrumbs)


def test_a_streamed_answer_pushes_nothing_out(events: CapturedEvents) -> None:
    """Each of its parts is a span; the story of the request is still there after all of them."""
    application = fastapi.FastAPI()

    async def parts() -> AsyncIterator[bytes]:
        """Send many, then fail."""
        otel_crumbs.record("opening")
        for number in range(MANY_PARTS):
            otel_crumbs.record(f"step {number}") if number < 3 else None
            yield b"."
        raise ValueError("broken off")

    application.get("/report")(lambda: StreamingResponse(parts()))
    ask(application, "/report")

    [event] = events
    messages = [each.message for each in event.breadcrumbs if each.category == "manual"]
    assert messages == ["opening", "step 0", "step 1", "step 2"]
    assert event.dropped == 0


def test_an_application_within_another(partner: Partner, events: CapturedEvents) -> None:
    """It is one event with the exception, and its span of the request is no call that somebody makes."""
    outer, inner = fastapi.FastAPI(), fastapi.FastAPI()
    inner.get("/pay")(lambda: work(partner.url))
    outer.mount("/inner", inner)

    ask(outer, "/inner/pay")

    [event] = events
    calls = [each.message for each in event.breadcrumbs if each.category == "http"]
    assert [call.split(" in ")[0] for call in calls] == [f"GET {partner.url}/503 -> 503"]


def test_a_failure_that_was_answered_inside(events: CapturedEvents) -> None:
    """Where OpenTelemetry's middleware is outermost, the answer is there before the exception: one event has it."""

    def fail(_: starlette.requests.Request) -> None:
        raise ValueError("no receipt")

    def refuse(_: starlette.requests.Request) -> None:
        raise starlette.exceptions.HTTPException(503)

    routes = [starlette.routing.Route("/pay", fail), starlette.routing.Route("/shut", refuse)]
    application = OpenTelemetryMiddleware(starlette.applications.Starlette(routes=routes))
    ask(application, "/pay")
    ask(application, "/shut")

    assert [event.title for event in events] == [
        "ValueError: no receipt",
        "HTTP 503: Service Unavailable: GET /shut",
    ]


def test_an_answer_whose_background_task_goes_on(events: CapturedEvents) -> None:
    """It is an event before the task ends."""
    seen: list[int] = []

    async def wait() -> None:
        deadline = time.monotonic() + 20
        while not events and time.monotonic() < deadline:  # noqa: ASYNC110 - waits for what is no task
            await asyncio.sleep(0.05)
        seen.append(len(events))

    def refuse(_: starlette.requests.Request) -> starlette.responses.Response:
        return starlette.responses.Response(status_code=503, background=BackgroundTask(wait))

    ask(OpenTelemetryMiddleware(starlette.applications.Starlette(routes=[starlette.routing.Route("/", refuse)])), "/")

    assert seen == [1]
    assert len(events) == 1


def test_answers_of_http_are_no_events(events: CapturedEvents) -> None:
    """An `HTTPException` below 500 is how a view answers."""
    application = fastapi.FastAPI()

    def refuse() -> None:
        raise fastapi.HTTPException(404)

    application.get("/gone")(refuse)
    ask(application, "/gone")

    assert len(events) == 0


@pytest.mark.usefixtures("events")
def test_uvicorn_takes_an_application_for_one() -> None:
    """It calls what it is given without arguments, and what does not refuse is a factory to it."""
    application = OpenTelemetryMiddleware(fastapi.FastAPI())
    config = uvicorn.Config(application, proxy_headers=False, log_config=None)

    config.load()

    assert config.loaded_app is application
    assert config.interface == "asgi3"


@pytest.mark.parametrize(("application", "route"), [("flask", "<int:number>"), ("starlette", "{number}")])
def test_requests_of_a_server_that_a_command_runs(application: str, route: str) -> None:
    """Each has its own trail, though click's instrumentation has the whole server in one span."""
    trails = trails_of("commands", application)

    assert trails == {number: [[f"GET /{route}", [f"view {number}"]]] for number in ("1", "2")}
