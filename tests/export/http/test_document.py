"""Tests of `otel_crumbs.export.http.document`: the document has the whole event, and is valid by its schema."""

from __future__ import annotations

import json

import pytest

from otel_crumbs.event import ExceptionInfo
from otel_crumbs.export.http.document import document_of, encode_json
from tests.export.events import event_of
from tests.export.schemas import assert_valid_document, validator


def test_the_document_has_the_whole_event() -> None:
    """Every field of the event is in the document."""
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
def test_the_document_is_valid(fields: dict[str, object]) -> None:
    """The schema accepts events with all fields, and with the required ones alone."""
    assert_valid_document(encode_json(document_of(event_of(**fields))))


@pytest.mark.parametrize("field", ["version", "event_id", "exceptions", "breadcrumbs", "resource"])
def test_the_schema_requires_a_field(field: str) -> None:
    """A document without it is not valid."""
    document = json.loads(encode_json(document_of(event_of())))
    del document[field]

    assert not validator().is_valid(document)
