"""A received record becomes the document that the schema describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.view.error_document import clean_document, make_document
from otel_crumbs.view.received_event import ReceivedEvent, read_logs

from .events import error_event

SCHEMA = Path(__file__).parents[2] / "docs" / "event.schema.json"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = ("title", "level", "timestamp", "exceptions", "breadcrumbs", "dropped", "resource", "trace", "held_back")


@pytest.fixture(scope="module")
def schema() -> Any:
    """Read the published schema."""
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def test_an_event_of_ours_keeps_what_the_record_says(schema: Any) -> None:
    """What the record has only as text is read back: frames and their source."""
    [received] = read_logs(request_of(error_event()))

    document = make_document(received)

    jsonschema.validate(document, schema)
    assert document["exceptions"][0]["frames"][-1]["function"] == "pay"
    assert document["attributes"] == {"http.request.method": "POST", "url.path": "/orders/7/pay/"}
    assert document["breadcrumbs"][0]["message"] == "cart has 3 items"


@pytest.mark.parametrize(
    ("body", "message", "title"),
    [
        ("at the end", "at the end", "LookupError: at the end"),
        ("LookupError: at the end", "at the end", "LookupError: at the end"),
        ("no order", "at the end", "no order"),
        ("", "", "LookupError"),
    ],
)
def test_a_title_names_the_exception(body: str, message: str, title: str) -> None:
    """The record of another instrumentation, which the event is told in, has the message alone as its body."""
    attributes = {"otel_crumbs.event_id": "a", "exception.type": "LookupError", "exception.message": message}
    received = ReceivedEvent(
        timestamp=1,
        event_name="exception",
        severity_number=17,
        severity_text="ERROR",
        body=body,
        trace_id="",
        span_id="",
        attributes=attributes,
        resource={},
    )

    assert make_document(received)["title"] == title


def test_a_failed_answer_has_its_status_as_type() -> None:
    """Nothing was raised."""
    attributes = {"otel_crumbs.event_id": "a", "error.type": "503", "exception.message": "Service Unavailable"}
    received = ReceivedEvent(
        timestamp=1,
        event_name="exception",
        severity_number=17,
        severity_text="ERROR",
        body="HTTP 503",
        trace_id="",
        span_id="",
        attributes=attributes,
        resource={},
    )

    assert make_document(received)["exceptions"][0]["type"] == "HTTP 503"


@given(st.fixed_dictionaries({"event_id": st.text(min_size=1)}, optional=dict.fromkeys(FIELDS, PLAIN)))
def test_whatever_was_sent_the_document_is_valid(plain: dict[str, Any]) -> None:
    """The pages and the agents rely on the schema."""
    document = clean_document(plain)

    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    json.dumps(document, allow_nan=False).encode()
