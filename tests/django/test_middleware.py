"""Requests of a Django project without tracing are reported with their own trail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.test import AsyncClient, Client, override_settings

from otel_crumbs.testing import CapturedEvents, capture_events

from .project import MIDDLEWARE


@pytest.fixture
def client() -> Client:
    """Return a client that answers 500 instead of raising."""
    return Client(raise_request_exception=False)


def test_a_failing_view_is_one_event(client: Client, events: CapturedEvents) -> None:
    """The event names the route, is not handled, and has the request's breadcrumbs only."""
    client.get("/fine/")

    response = client.get("/fails/7/")

    assert response.status_code == 500
    (event,) = events
    assert (event.mechanism, event.handled) == ("django", False)
    assert event.operation == "GET fails/<int:number>/"
    assert event.title == "LookupError: no such thing: 7"
    assert [breadcrumb.message for breadcrumb in event.breadcrumbs] == ["looking for 7"]


@pytest.mark.parametrize("path", ["unavailable", "unavailable-async"])
@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_an_answer_of_a_failure_is_one_event(make: type[Any], path: str, events: CapturedEvents) -> None:
    """Where no exception led to it."""
    answer = make().get(f"/{path}/")
    if make is AsyncClient:
        answer = asyncio.run(answer)

    assert answer.status_code == 503
    (event,) = events
    assert (event.mechanism, event.title) == ("answer", f"HTTP 503: Service Unavailable: GET {path}/")
    assert event.breadcrumbs[0].message == "closed"


@pytest.mark.parametrize("options", [{"ignore_errors": [LookupError]}, {"capture": "django"}])
def test_an_answer_that_an_exception_led_to_is_none(options: dict[str, Any], client: Client) -> None:
    """Reported or ignored, it is the exception's; and answers can be turned off."""
    with capture_events(**options) as events:
        client.get("/fails/7/")
        if "capture" in options:
            client.get("/unavailable/")

        assert [event.mechanism for event in events] == ["django"] * ("capture" in options)


def test_an_error_in_a_template_is_reported(client: Client, events: CapturedEvents) -> None:
    """What a template raises is the request's failure."""
    client.get("/template/")

    (event,) = events
    assert event.title == "ZeroDivisionError: in the template"


def test_an_error_in_a_middleware_is_reported(events: CapturedEvents) -> None:
    """No view was asked, and the event is there all the same."""
    with override_settings(MIDDLEWARE=[MIDDLEWARE, f"{__package__}.project.raising_middleware"]):
        Client(raise_request_exception=False).get("/fine/")

    (event,) = events
    assert event.title == "RuntimeError: the middleware broke"


@pytest.mark.parametrize("path", ["/missing/", "/forbidden/", "/nowhere/", "/fine/"])
def test_answers_below_500_are_no_errors(client: Client, events: CapturedEvents, path: str) -> None:
    """A page that is not there and a refusal are answers."""
    assert client.get(path).status_code < 500

    assert list(events) == []


@pytest.mark.parametrize("middleware", [[MIDDLEWARE], []])
@pytest.mark.parametrize("path", ["async", "fails"])
def test_concurrent_async_requests_keep_apart(events: CapturedEvents, path: str, middleware: list[str]) -> None:
    """Each of many failing requests has its own breadcrumb, and no other's, also where nothing opens an operation."""

    async def ask_all() -> None:
        client = AsyncClient(raise_request_exception=False)
        await asyncio.gather(*(client.get(f"/{path}/{number}/") for number in range(20)))

    with override_settings(MIDDLEWARE=middleware):
        asyncio.run(ask_all())

    assert len(events) == 20
    for event in events:
        number = event.exception.message.rpartition(" ")[2]
        notes = [item.message for item in event.breadcrumbs if item.message.startswith("looking for")]
        assert notes == [f"looking for {number}"]
