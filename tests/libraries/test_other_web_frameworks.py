"""Web frameworks that have no instrumentation of their own, or another one: what comes of a request that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import litestar
import pytest
from litestar.exceptions import HTTPException
from litestar.middleware._internal.exceptions.middleware import ExceptionHandlerMiddleware

import otel_crumbs
from otel_crumbs.testing import CapturedEvents

from .describing import reported
from .running import trails_of

# What servers log, or run, when they start.
OF_THE_START = frozenset({"sanic.root", "subprocess", "uvicorn.error"})

# By framework: the operation of the requests, what follows their own line, and whether lines of the start come first.
FRAMEWORKS: dict[str, tuple[str | None, list[list[str]], bool]] = {
    "tornado": ("GET /pay/{number}", [], False),
    "litestar": (None, [], True),
    "litestar_with_plugin": ("GET /pay/{}", [], False),
    "quart": (None, [["site", "error", "Exception on request GET /pay/{}"]], True),
    "quart_with_middleware": ("GET /pay/{}", [["site", "error", "Exception on request GET /pay/{}"]], False),
    "sanic": (None, [["sanic.error", "error", "Exception occurred while handling uri: '/pay/{}'"]], True),
    "twisted_in_operations": ("pay {}", [], False),
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_requests_that_fail(framework: str) -> None:
    """Each is one event, with its own line and none of another request; the one that succeeds is none."""
    operation, lines, with_start = FRAMEWORKS[framework]

    trails = trails_of("frameworks", framework)

    assert list(trails) == ["0 ValueError: no receipt 1", "1 ValueError: no receipt 2"]
    for number, (name, *breadcrumbs) in enumerate(trails.values(), 1):
        story = [_without_address(each) for each in breadcrumbs if each[0] not in OF_THE_START]
        own = [[word.replace("{}", str(number)) for word in line] for line in lines]
        assert name == [operation.replace("{}", str(number)) if operation else None]
        assert story == [["shop", "info", f"charging {number}"], *own]
        assert (story != breadcrumbs) == with_start


def _without_address(breadcrumb: list[str]) -> list[str]:
    *others, message = breadcrumb
    before, address, after = message.partition("http://127.0.0.1:")
    return [*others, before + after.lstrip("0123456789") if address else message]


def test_twisted_without_operations() -> None:
    """Its requests share one context: an event for each, with what the reactor did before."""
    trails = trails_of("frameworks", "twisted")

    assert list(trails) == ["0 ValueError: no receipt 1", "1 ValueError: no receipt 2"]
    lines = {title: [each[2] for each in trail[1:] if each[0] == "shop"] for title, trail in trails.items()}
    assert list(lines.values()) == [["charging 0", "charging 1"], ["charging 0", "charging 1", "charging 2"]]


def ask_litestar(error: Exception, **options: Any) -> int:
    """Have a handler of Litestar's raise an error in an operation; return the status of the answer."""

    @litestar.get("/")
    async def view() -> None:
        logging.getLogger("shop").info("charging")
        raise error

    async def run() -> int:
        """Ask, without a server between."""
        transport = httpx.ASGITransport(litestar.Litestar([view], **options), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return (await client.get("/")).status_code

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (ValueError("no receipt"), 500, "ValueError: no receipt"),
        (HTTPException("full", status_code=503), 503, "HTTPException: 503: full"),
        (HTTPException("gone", status_code=404), 404, None),
    ],
)
def test_what_litestar_answers(error: Exception, status: int, title: str | None, events: CapturedEvents) -> None:
    """An answer below 500 is no failure."""
    assert ask_litestar(error) == status

    assert [event.title for event in events] == ([title] if title else [])
    for event in events:
        assert ("default", "shop", "info", "charging") in reported(list(event.breadcrumbs))
        assert event.mechanism == "operation"


def test_what_an_application_of_litestars_answers_itself(events: CapturedEvents) -> None:
    """An exception that its own handler made an answer below 500 of is dealt with; one of 500 and above is not."""

    def answer(status: int) -> int:
        response = litestar.Response("sorry", status_code=status)
        return ask_litestar(ValueError(str(status)), exception_handlers={ValueError: lambda *_: response})

    assert (answer(409), answer(502)) == (409, 502)

    assert [event.title for event in events] == ["ValueError: 502"]


def test_litestar_without_us(events: CapturedEvents) -> None:
    """Its middleware is as it was after the end."""
    assert hasattr(ExceptionHandlerMiddleware.handle_request_exception, "__wrapped__")

    otel_crumbs.uninstall()

    assert not hasattr(ExceptionHandlerMiddleware.handle_request_exception, "__wrapped__")
    assert ask_litestar(ValueError("no receipt")) == 500
    assert len(events) == 0
