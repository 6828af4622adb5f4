"""Tests of `otel_crumbs.export.http.exporter`."""

from __future__ import annotations

import json

import pytest

from otel_crumbs.event import ErrorEvent
from otel_crumbs.export import DELIVERED, Verdict
from otel_crumbs.export.exporter import is_batching
from otel_crumbs.export.http.exporter import HttpExporter, JsonLinesExporter
from tests.export.events import event_of
from tests.export.receiver import Reply, receiving
from tests.export.schemas import assert_valid_document


def test_a_document_is_posted_compressed() -> None:
    """The request has the configured headers, and those of compressed JSON."""
    event = event_of()
    with receiving() as receiver:
        exporter = HttpExporter(f"{receiver.url}/events", headers={"X-Team": "shop"})
        exporter.export(event, 5.0)
        exporter.shutdown()

        request = receiver.request

    assert request.path == "/events"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["X-Team"] == "shop"
    assert request.headers["User-Agent"].startswith("otel-crumbs/")
    assert_valid_document(request.body)
    assert request.document["event_id"] == event.event_id


def test_json_lines_have_a_document_on_each_line() -> None:
    """Several events leave in one request."""
    events = [event_of() for _ in range(3)]
    with receiving() as receiver:
        exporter = JsonLinesExporter(receiver.url, headers={})
        outcome = exporter.export_batch(events, 5.0)
        exporter.shutdown()

        request = receiver.request

    lines = request.body.splitlines(keepends=True)
    assert outcome == DELIVERED
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.headers["Content-Encoding"] == "gzip"
    assert [json.loads(line)["event_id"] for line in lines] == [event.event_id for event in events]
    assert all(line.endswith(b"\n") for line in lines)
    for line in lines:
        assert_valid_document(line)


def test_one_event_is_one_line() -> None:
    """A receiver of JSON lines gets nothing else."""
    event = event_of()
    with receiving() as receiver:
        exporter = JsonLinesExporter(receiver.url, headers={})
        exporter.export(event, 5.0)
        exporter.shutdown()

        request = receiver.request

    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.body == exporter.show(event).encode()
    assert request.body.count(b"\n") == 1


def test_only_json_lines_are_sent_together() -> None:
    """A receiver of single documents would take the first one at best."""
    assert is_batching(JsonLinesExporter("http://127.0.0.1:1/", headers={}))
    assert not is_batching(HttpExporter("http://127.0.0.1:1/", headers={}))


@pytest.mark.parametrize(
    ("status", "verdict"), [(413, Verdict.TOO_LARGE), (503, Verdict.RETRY), (400, Verdict.REFUSED)]
)
def test_what_a_receiver_says_of_lines_holds_for_all_of_them(status: int, verdict: Verdict) -> None:
    """Whoever sends them halves them, tries again, or gives up."""
    events: list[ErrorEvent] = [event_of(), event_of()]
    with receiving() as receiver:
        receiver.reply = Reply(status=status)
        exporter = JsonLinesExporter(receiver.url, headers={})
        outcome = exporter.export_batch(events, 5.0)
        exporter.shutdown()

    assert outcome.verdict is verdict
