"""The JSON document: what is in it, and that it is what its schema says."""

from __future__ import annotations

import json

import pytest

from otel_crumbs.event import ExceptionInfo
from otel_crumbs.export.http.document import document_of, encode_json
from otel_crumbs.export.http.exporter import HttpExporter
from tests.export.events import event_of
from tests.export.receiver import receiving
from tests.export.schemas import assert_valid_document, validator


def test_the_whole_event_is_in_it() -> None:
    """Nothing of the event is left out."""
    event = event_of(dropped_by_category={"query": 2}, thread="MainThread")

    document = document_of(event)

    assert document["event_id"] == event.event_id
    assert document["timestamp"] == "2026-11-23T15:12:35.000000Z"
    assert (document["title"], document["level"], document["handled"]) == (
        "OutOfStockError: no lamps left",
        "error",
        False,
    )
    assert document["trace"] == {
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "sampled": True,
    }
    assert document["operation"] == "GET checkout/<int:number>"
    assert document["breadcrumbs"] == [breadcrumb.as_dict() for breadcrumb in event.breadcrumbs]
    assert (document["dropped"], document["dropped_by_category"]) == (2, {"query": 2})
    assert document["resource"]["service.name"] == "shop"
    assert document["stacktrace"].startswith("Traceback")
    cause = document["exceptions"][1]
    assert (cause["type"], cause["parent"], cause["link"]) == ("KeyError", 0, "__cause__")
    assert cause["frames"][-1]["function"] == "fail"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"fatal": True, "handled": True},
        {"trace_id": 0, "span_id": 0, "trace_flags": 0},
        {"exceptions": (ExceptionInfo(type="ValueError", message="boom", notes=("spool 7", "tried twice")),)},
        {"operation": None, "thread": None, "breadcrumbs": (), "dropped": 0, "resource": {}},
    ],
)
def test_it_is_what_the_schema_says(fields: dict[str, object]) -> None:
    """The document is valid, also where it has only the required fields."""
    assert_valid_document(encode_json(document_of(event_of(**fields))))


@pytest.mark.parametrize("field", ["version", "event_id", "exceptions", "breadcrumbs", "resource"])
def test_the_schema_refuses_a_document_without(field: str) -> None:
    """A schema that takes everything would promise nothing."""
    document = json.loads(encode_json(document_of(event_of())))
    del document[field]

    assert not validator().is_valid(document)


def test_it_is_posted_compressed_as_json() -> None:
    """The headers are those that were asked for."""
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
