"""Tests of `otel_crumbs.export.http.exporter`."""

from __future__ import annotations

from otel_crumbs.export.http.exporter import HttpExporter
from tests.export.events import event_of
from tests.export.receiver import receiving
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
