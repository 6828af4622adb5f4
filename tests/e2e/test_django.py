"""A Django project without one line about breadcrumbs, behind the web servers that people use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.collector.received import LogRecord

from .applications import Launcher, StartWebsite
from .website import Website

pytestmark = pytest.mark.e2e

SERVERS = ("runserver", "gunicorn-sync", "gunicorn-gthread")

# What the view did before it raised, in order: the category, and words of the message.
WHAT_CHECKOUT_DOES = [
    ("query", 'FROM "shopfront_order" WHERE "shopfront_order"."id" = '),
    ("http", "/stock -> 200 in "),
    ("shopfront.checkout", "order 7 has 0 lines"),
    ("cart.priced", "cart.priced"),
    ("shopfront.checkout", "stock is low for order 7"),
]

behind_every_server = pytest.mark.parametrize("kind", SERVERS)


def visit(website: Website, *paths: str) -> list[int]:
    """Return how the pages were answered, after the server has stopped and sent all that it had."""
    statuses = [website.get(path)[0] for path in paths]
    website.stop()
    return statuses


def what_checkout_did(event: LogRecord) -> list[dict[str, Any]]:
    """Return the breadcrumbs of the view's own doing, without what Django asks of a new connection."""
    categories = {category for category, _ in WHAT_CHECKOUT_DOES}
    found = [crumb for crumb in event.trail if crumb["category"] in categories]
    return [crumb for crumb in found if crumb["category"] != "query" or "shopfront" in crumb["message"]]


@behind_every_server
def test_a_failing_view_is_one_event_with_what_led_to_it(
    start_website: StartWebsite, launcher: Launcher, kind: str
) -> None:
    """SQL, the outgoing call, log lines and the span event are in the trail once each, in the order of time."""
    statuses = visit(start_website(kind), "/checkout/7")

    [event] = launcher.received().events
    assert statuses == [500]
    assert (event.attributes["exception.type"], event.attributes["exception.message"]) == (
        "shopfront.views.StockError",
        "no stock for order 7",
    )
    crumbs = what_checkout_did(event)
    assert [crumb["category"] for crumb in crumbs] == [category for category, _ in WHAT_CHECKOUT_DOES]
    for crumb, (_, words) in zip(crumbs, WHAT_CHECKOUT_DOES, strict=True):
        assert words in crumb["message"]
        assert crumb["data"]
    times = [crumb["timestamp"] for crumb in event.trail]
    assert times == sorted(times)


def test_each_breadcrumb_says_what_its_source_knew(start_website: StartWebsite, launcher: Launcher) -> None:
    """The data of a query, a call, a log line and a span event are theirs, and can be searched."""
    visit(start_website(), "/checkout/7")

    [event] = launcher.received().events
    query, call, line, priced, _ = (crumb["data"] for crumb in what_checkout_did(event))
    assert query["db.system"] == "sqlite"
    assert query["duration_ms"] >= 0
    assert (call["method"], call["status_code"]) == ("GET", 200)
    assert call["url"].endswith("/stock?order=7")
    assert line["order"] == 7
    assert priced == {"total": 42.5, "currency": "EUR"}


@behind_every_server
def test_an_unsampled_trace_has_its_trail_and_exports_no_span(
    start_website: StartWebsite, launcher: Launcher, kind: str
) -> None:
    """With sampling at nothing the trail is complete all the same, and not one span leaves the process."""
    statuses = visit(start_website(kind, OTEL_TRACES_SAMPLER="always_off"), "/orders/1", "/checkout/7")

    received = launcher.received()
    [event] = received.events
    assert statuses == [200, 500]
    assert [crumb["category"] for crumb in what_checkout_did(event)] == [name for name, _ in WHAT_CHECKOUT_DOES]
    assert int(event.trace_id, 16) != 0
    assert int(event.span_id, 16) != 0
    assert received.spans == []


@behind_every_server
def test_the_event_belongs_to_the_span_of_its_request(
    start_website: StartWebsite, launcher: Launcher, kind: str
) -> None:
    """Whoever looks at the trace finds the event, and the other way round."""
    visit(start_website(kind), "/orders/1", "/checkout/7")

    received = launcher.received()
    [event] = received.events
    [request] = [span for span in received.spans if span.attributes.get("http.route") == "checkout/<int:number>"]
    assert (event.trace_id, event.span_id) == (request.trace_id, request.span_id)
    assert event.resource == request.resource
    assert event.attributes["otel_crumbs.operation"] == request.name


@behind_every_server
def test_an_event_knows_nothing_of_earlier_requests(start_website: StartWebsite, launcher: Launcher, kind: str) -> None:
    """Two failures in one worker after a request that went well share no breadcrumb."""
    visit(start_website(kind), "/orders/1", "/checkout/7", "/orders/2", "/checkout/8")

    # A process that ends sends what is left in two threads, and either may be the first.
    first, second = sorted(launcher.received().events, key=lambda event: event.time)
    assert "no stock for order 7" in first.body
    assert "no stock for order 8" in second.body
    assert len(what_checkout_did(first)) == len(what_checkout_did(second)) == len(WHAT_CHECKOUT_DOES)
    assert "order 7" not in str(second.trail)
    assert "somebody looks at order" not in str([first.trail, second.trail])


def test_a_page_that_is_not_there_is_no_event(start_website: StartWebsite, launcher: Launcher) -> None:
    """An unknown path is no failure, and a view's `Http404` is none either."""
    statuses = visit(start_website(), "/nowhere", "/missing/3", "/orders/1")

    assert statuses == [404, 404, 200]
    assert launcher.received().events == []


def test_an_exception_that_was_handled_and_logged_is_an_event_that_says_so(
    start_website: StartWebsite, launcher: Launcher
) -> None:
    """The view answered, and what it logged with its traceback arrives as handled, with its trail."""
    statuses = visit(start_website(), "/excused/5")

    [event] = launcher.received().events
    assert statuses == [200]
    assert event.attributes["exception.type"] == "IndexError"
    assert event.attributes["otel_crumbs.handled"] is True
    assert "query" in [crumb["category"] for crumb in event.trail]


def test_a_view_that_fails_answers_while_the_collector_is_silent(
    start_website: StartWebsite, launcher: Launcher, silent_endpoint: str
) -> None:
    """Visitors do not wait for a Collector that takes connections and never answers."""
    website = start_website(
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"{silent_endpoint}/v1/logs",
        OTEL_LOGS_EXPORTER="none",
        OTEL_CRUMBS_FLUSH_TIMEOUT="1",
    )

    statuses = visit(website, *(f"/checkout/{number}" for number in range(20)))

    spans = launcher.received().spans
    requests = [span for span in spans if span.attributes.get("http.route") == "checkout/<int:number>"]
    assert statuses == [500] * 20
    assert len(requests) == 20
    assert max(span.end - span.start for span in requests) < 5e9
