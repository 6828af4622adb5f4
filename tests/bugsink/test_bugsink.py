"""
What Bugsink stores of our events, with Sentry's own schema as the judge.

It answers 200 to events that it does not store, so what counts is what can be
read back.
"""

from __future__ import annotations

import re
import sys

import pytest

import otel_crumbs
from otel_crumbs import ErrorEvent
from otel_crumbs.event import Builder, ExceptionInfo, capture_error
from otel_crumbs.export import DELIVERED, Verdict
from otel_crumbs.export.sentry.dsn import read_dsn
from otel_crumbs.export.sentry.exporter import SentryExporter
from otel_crumbs.trails import View
from tests.e2e.applications import StartWebsite
from tests.export.events import CELERY_TRACEBACK, Hostile, HostileError, an_empty_branch, chained, event_of, raised

from .browser import breadcrumbs_page, logged_in
from .server import Bugsink, Stored

pytestmark = pytest.mark.bugsink

needs_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


MAX_BYTES = 1_000_000


def stored(bugsink: Bugsink, event: ErrorEvent) -> Stored:
    """Send an event as large as it was built, and return what is stored of it."""
    exporter = SentryExporter(read_dsn(bugsink.dsn), max_bytes=MAX_BYTES)
    outcome = exporter.export(event, 30.0)
    exporter.shutdown()
    assert outcome.verdict is Verdict.DELIVERED, outcome.reason
    return bugsink.stored(event.event_id)


def built(error: BaseException, max_bytes: int = 256 * 1024) -> ErrorEvent:
    """Return the event of an exception with the trail of where it is called."""
    event = Builder(max_bytes=max_bytes).build(capture_error(error, mechanism="operation", handled=False))
    assert event is not None
    return event


def test_an_event_is_stored_as_it_was_sent(bugsink: Bugsink) -> None:
    """Every field is one that the schema knows."""
    event = event_of(dropped=150, thread="worker")

    payload = stored(bugsink, event).payload

    assert payload["transaction"] == "GET checkout/<int:number>"
    assert payload["release"] == "1.2.3"
    assert payload["contexts"]["trace"]["trace_id"] == f"{event.trace_id:032x}"
    assert payload["tags"]["service.name"] == "shop"
    assert payload["_meta"]["breadcrumbs"][""]["len"] == 153
    assert [each["message"] for each in payload["breadcrumbs"]["values"]] == [
        "GET http://stock.example/7 -> 503 in 120 ms",
        "trying again (x3)",
        "checkout",
    ]


def test_a_long_chain_is_stored(bugsink: Bugsink) -> None:
    """Thirty-two exceptions of two hundred frames each."""
    payload = stored(bugsink, event_of(chained(31))).payload

    assert [value["type"] for value in payload["exception"]["values"]] == ["RecursionError"] * 32


@needs_groups
def test_a_group_is_stored_as_a_tree(bugsink: Bugsink) -> None:
    """The members belong to the group."""
    group = ExceptionGroup("many", [ValueError("a"), ExceptionGroup("more", [KeyError("b")])])  # noqa: F821 - 3.11

    payload = stored(bugsink, event_of(group)).payload

    parents = [value["mechanism"].get("parent_id") for value in payload["exception"]["values"]]
    assert parents == [2, 0, 0, None]


def test_what_cannot_be_encoded_is_stored_in_other_words(bugsink: Bugsink) -> None:
    """Lone surrogates, which would make Bugsink's page fail, and values of every kind."""
    with otel_crumbs.operation("checkout \ud800"):
        otel_crumbs.record("lone \udfff", category="c\udc80", data={"k\ud800": "v\udfff", "inf": float("inf")})
        otel_crumbs.record("odd", data={"big": 10**5000, "hostile": Hostile(), b"bytes": b"\xff", "set": {1}})
        event = built(HostileError("\ud800"))

    kept = stored(bugsink, event)

    assert kept.messages == ["lone \\udfff", "odd"]
    assert kept.payload["transaction"] == "checkout \\ud800"


def test_a_heavy_trail_is_stored(bugsink: Bugsink) -> None:
    """Of a hundred breadcrumbs of 20 kB each, what fits is there, and how many did not is said."""
    with otel_crumbs.operation("import"):
        for number in range(100):
            otel_crumbs.record(f"{number} {'x' * 20_000}", data={"more": "y" * 20_000})
        usual, large = built(ValueError("boom")), built(ValueError("boom"), max_bytes=900_000)

    for event in (usual, large):
        kept = stored(bugsink, event)
        assert len(kept.messages) + event.dropped == 100
        assert kept.messages[-1].startswith("99 xxx")
        assert kept.payload["_meta"]["breadcrumbs"][""]["len"] == 100
    assert len(usual.breadcrumbs) > 20
    assert len(large.breadcrumbs) > 70


def test_a_traceback_that_is_only_text_is_stored_with_its_frames(bugsink: Bugsink) -> None:
    """Celery workers record such tracebacks."""
    info = ExceptionInfo(type="shop.tasks.OutOfStock", message="no lamps left")

    payload = stored(bugsink, event_of(exceptions=(info,), stacktrace=CELERY_TRACEBACK)).payload

    frames = payload["exception"]["values"][-1]["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["trace_task", "ship"]


def test_an_exception_that_was_never_raised_is_stored(bugsink: Bugsink) -> None:
    """There is no frame then, and nothing else to tell than its type and its words."""
    event = Builder().build(
        capture_error(KeyError("lamp"), views=(View(an_empty_branch()),), mechanism="capture_exception", handled=True)
    )
    assert event is not None

    [value] = stored(bugsink, event).payload["exception"]["values"]

    assert (value["type"], value["value"], value["mechanism"]["handled"]) == ("KeyError", "'lamp'", True)


def test_a_wrong_key_is_final_and_says_so(bugsink: Bugsink) -> None:
    """Nobody waits for a project that is not there."""
    exporter = SentryExporter(read_dsn(bugsink.dsn.replace("0123456789abcdef", "f" * 16, 1)))

    outcome = exporter.export(event_of(), 30.0)
    exporter.shutdown()

    assert outcome.verdict is Verdict.REFUSED
    assert "Project not found or key incorrect" in outcome.reason


def test_the_same_event_twice_is_stored_once(bugsink: Bugsink) -> None:
    """A second attempt after a lost response does no harm."""
    event = event_of(raised())
    exporter = SentryExporter(read_dsn(bugsink.dsn))

    outcomes = [exporter.export(event, 30.0) for _ in range(2)]
    exporter.shutdown()

    assert [outcome.verdict for outcome in outcomes] == [DELIVERED.verdict] * 2
    assert bugsink.newest().count(event.event_id) == 1


def test_a_django_request_that_fails_is_seen_with_every_breadcrumb(
    bugsink: Bugsink, browser_program: str, start_website: StartWebsite
) -> None:
    """The event is stored without a line of code in the project, and a real browser shows each message."""
    before = set(bugsink.newest(0))
    website = start_website()

    status, _ = website.get("/checkout/7")
    website.stop()
    [event_id] = set(bugsink.newest()) - before
    kept = bugsink.stored(event_id)
    with logged_in(bugsink, browser_program) as page:
        rows = breadcrumbs_page(page, bugsink, kept, "bugsink-breadcrumbs.png")

    assert status == 500
    error = kept.payload["exception"]["values"][-1]
    assert (error["type"], error["value"]) == ("StockError", "no stock for order 7")
    assert error["stacktrace"]["frames"][-1]["context_line"].strip().startswith("raise StockError(")
    assert error["stacktrace"]["frames"][-1]["in_app"] is True
    assert error["stacktrace"]["frames"][0]["in_app"] is False
    assert (kept.payload["release"], kept.payload["environment"]) == ("4.2.0", "staging")
    assert kept.payload["transaction"] == "GET checkout/<int:number>"
    assert any("/stock -> 200 in" in message for message in kept.messages)
    assert any('FROM "shopfront_order"' in message for message in kept.messages)
    assert "stock is low for order 7" in kept.messages
    seen = [re.sub(r"\s+", " ", cell) for row in rows for cell in row]
    assert [message for message in kept.messages if re.sub(r"\s+", " ", message) not in seen] == []
