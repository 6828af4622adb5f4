"""An answer of 500 or above that no exception led to is one event; one that an exception led to is the exception's."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from typing import Any

import aiohttp.web
import fastapi
import flask
import httpx
import pytest
import redis
import rq
import starlette.applications
import starlette.requests
import starlette.responses
import starlette.routing
import structlog
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.instrumentation.structlog import StructlogProcessor

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events

from .running import trails_of

logger = logging.getLogger("shop")


def ask(application: Any, path: str) -> int:
    """Make a request to an ASGI application, without a server between; return the answer's status."""

    async def run() -> int:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return (await client.get(path)).status_code

    return asyncio.run(run())


def visit_flask(fail: Callable[[], object]) -> int:
    """Have a view of Flask fail."""
    application = flask.Flask("shop")

    @application.errorhandler(LookupError)
    def answer(_: LookupError) -> tuple[str, int]:
        return "sorry", 500

    @application.route("/pay/<int:number>")
    def pay(number: int) -> Any:
        logger.info("charging %d", number)
        if fail is abort:
            flask.abort(503)
        return fail()

    return application.test_client().get("/pay/3").status_code


def visit_fastapi(fail: Callable[[], object]) -> int:
    """Have a view of FastAPI fail."""
    application = fastapi.FastAPI()

    @application.exception_handler(LookupError)
    async def answer(_: Any, __: Exception) -> fastapi.Response:
        return fastapi.Response("sorry", 500)

    @application.get("/pay/{number}")
    def pay(number: int) -> Any:
        logger.info("charging %d", number)
        if fail is abort:
            raise fastapi.HTTPException(503)
        return fail()

    return ask(application, "/pay/3")


def visit_starlette(fail: Callable[[], object]) -> int:
    """Have a view of Starlette fail."""

    async def answer(_: Any, __: Exception) -> starlette.responses.Response:
        return starlette.responses.Response("sorry", 500)

    def pay(request: starlette.requests.Request) -> starlette.responses.Response:
        logger.info("charging %s", request.path_params["number"])
        if fail is abort:
            return starlette.responses.Response(status_code=503)
        fail()
        return starlette.responses.Response()

    return ask(
        starlette.applications.Starlette(
            routes=[starlette.routing.Route("/pay/{number}", pay)], exception_handlers={LookupError: answer}
        ),
        "/pay/3",
    )


def visit_aiohttp(fail: Callable[[], object]) -> int:
    """Have an application of aiohttp fail."""

    async def pay(request: aiohttp.web.Request) -> aiohttp.web.Response:
        logger.info("charging %s", request.match_info["number"])
        if fail is abort:
            return aiohttp.web.Response(status=503)
        try:
            fail()
        except LookupError:
            return aiohttp.web.Response(status=500)
        return aiohttp.web.Response()

    async def run() -> int:
        application = aiohttp.web.Application()
        application.router.add_get("/pay/{number}", pay)
        async with TestClient(TestServer(application)) as client:
            return (await client.get("/pay/3")).status

    return asyncio.run(run())


def abort() -> None:
    """Stand for the framework's own way to answer 503."""


def lose() -> None:
    """Fail with what a handler makes an answer of."""
    raise LookupError("no receipt")


def lose_and_log() -> None:
    """Fail so, and log it."""
    try:
        lose()
    except LookupError:
        logger.exception("lost")
        raise


def break_down() -> None:
    """Fail with what nobody handles."""
    raise ValueError("boom")


VISITS = [visit_flask, visit_fastapi, visit_starlette, visit_aiohttp]


@pytest.mark.parametrize(
    ("fail", "status", "phrase"), [(abort, 503, "Service Unavailable"), (lose, 500, "Internal Server Error")]
)
@pytest.mark.parametrize("visit", VISITS)
def test_an_answer_of_a_failure_is_an_event(
    visit: Callable[[Any], int], fail: Callable[[], None], status: int, phrase: str, events: CapturedEvents
) -> None:
    """With the request's trail, and without a traceback that nobody has."""
    assert visit(fail) == status

    [event] = events
    assert event.title.startswith(f"HTTP {status}: {phrase}: GET /pay/")
    assert (event.mechanism, event.handled, event.stacktrace) == ("answer", True, "")
    assert "charging 3" in [crumb.message for crumb in event.breadcrumbs]
    assert event.attributes["http.response.status_code"] == status
    assert event.span_id


@pytest.mark.parametrize(
    ("fail", "title"), [(lose_and_log, "LookupError: no receipt"), (break_down, "ValueError: boom")]
)
@pytest.mark.parametrize("visit", VISITS)
def test_an_answer_that_an_exception_led_to_is_no_second_event(
    visit: Callable[[Any], int], fail: Callable[[], None], title: str, events: CapturedEvents
) -> None:
    """Neither where it leaves the view nor where it was logged."""
    assert visit(fail) == 500

    assert [event.title for event in events] == [title]


@pytest.mark.parametrize("visit", VISITS)
def test_a_setting_turns_answers_off(visit: Callable[[Any], int]) -> None:
    """Exceptions are events as before."""
    with capture_events(capture="operation,logging") as events:
        visit(abort)
        visit(lose)
        visit(break_down)

        assert [event.title for event in events] == ["ValueError: boom"]


@pytest.mark.parametrize("visit", VISITS)
def test_exceptions_that_are_ignored_are_no_answers(visit: Callable[[Any], int]) -> None:
    """What is expected is no failure, whatever was answered."""
    with capture_events(ignore_errors=[ValueError]) as events:
        assert visit(break_down) == 500
        otel_crumbs.flush()

        assert [event.title for event in events] == []


@pytest.mark.parametrize("rest", [False, True])
def test_answers_of_django(*, rest: bool) -> None:
    """Of its own views, and of REST framework's, which makes answers of its exceptions."""
    if rest:
        pytest.importorskip("rest_framework")

    found = trails_of("failing_answers", *(["rest"] if rest else []))

    assert found == {
        "answer": [["answer", "HTTP 503: Service Unavailable: GET answer", False]],
        "fail": [["django", "ValueError: boom", True]],
        "log": [["logging", "LookupError: no receipt", True]],
        "refuse": [],
    } | (
        {
            "api-fail": [["answer", "HTTP 503: Service Unavailable: GET api-fail", False]],
            "api-answer": [["answer", "HTTP 502: Bad Gateway: GET api-answer", False]],
        }
        if rest
        else {}
    )


def fail_as_job() -> None:
    """Be a job that fails."""
    raise ValueError("no such order")


def test_a_job_of_rq_that_fails_is_one_event(redis_port: int, events: CapturedEvents) -> None:
    """Its worker logs the stack trace as text."""
    connection = redis.Redis(port=redis_port)
    queue = rq.Queue("crumbs", connection=connection)
    queue.enqueue(fail_as_job)

    rq.SimpleWorker([queue], connection=connection).work(burst=True)

    assert [event.title for event in events] == ["ValueError: no such order"]
    assert any(frame.function == "fail_as_job" for frame in events[0].exception.frames)


def print_event(_: Any, __: str, event: dict[str, Any]) -> str:
    """Render a line of structlog."""
    return str(event["event"])


def test_a_line_of_structlog_is_one_event(events: CapturedEvents) -> None:
    """Rendered before anybody sees it, into the standard `logging`; and as a record of OpenTelemetry's."""
    rendered = structlog.wrap_logger(
        logging.getLogger("shop"),
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    emitted = structlog.wrap_logger(
        structlog.PrintLogger(io.StringIO()), processors=[StructlogProcessor(), print_event]
    )
    for log in (rendered, emitted):
        try:
            lose()
        except LookupError:
            log.error("failed", exc_info=True)  # noqa: G201 - as structlog hands no exception on

    assert [(event.title, event.mechanism) for event in events] == [("LookupError: no receipt", "log_text")] * 2
    assert all(event.exception.frames[-1].function == "lose" for event in events)
