"""Requests of a Django project without tracing are reported with their own trail."""

from __future__ import annotations

import asyncio

import pytest
from django.test import AsyncClient, Client, override_settings

from otel_crumbs.testing import CapturedEvents

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
