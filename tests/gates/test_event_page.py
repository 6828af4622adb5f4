"""The page of the event names all that goes over the wire."""

from __future__ import annotations

import dataclasses
import json
import re

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo, Frame
from otel_crumbs.export.http.document import document_of
from otel_crumbs.export.otlp.wire import attributes_of

from .project import text_of

FULL_BREADCRUMB = Breadcrumb(
    timestamp=1, message="x", span_id="0" * 16, duration_ms=1.0, branch="worker", repeated=2, in_flight=True
)
FRAME = Frame(path="x.py", line=1, function="f", locals={"order": 7})
FULL_EVENT = ErrorEvent(
    event_id="0" * 32,
    timestamp=1,
    handled=False,
    mechanism="excepthook",
    exceptions=(ExceptionInfo(type="ValueError", message="boom", frames=(FRAME,)),),
    stacktrace="ValueError: boom",
    operation="checkout",
    thread="MainThread",
    breadcrumbs=(FULL_BREADCRUMB,),
    held_back=3,
    scrubbed={"token": 2},
    source="x.py, line 1, in f",
    attributes={"http.request.method": "GET"},
)


def test_every_attribute_of_the_event_is_documented() -> None:
    """Who searches in a back end finds what there is to search for."""
    page = text_of("docs/event.md")

    missing = [name for name in attributes_of(FULL_EVENT) if f"`{name}`" not in page]

    assert missing == []


def test_every_key_of_a_breadcrumb_is_documented() -> None:
    """Who reads the array of maps knows what each key means."""
    page = text_of("docs/event.md")

    missing = [name for name in FULL_BREADCRUMB.as_dict() if f"| `{name}` |" not in page]

    assert missing == []


def test_the_json_document_is_documented() -> None:
    """The example on the page has every key that a document can have."""
    [example] = re.findall(r"```json\n(.*?)```", text_of("docs/event.md"), flags=re.DOTALL)

    document = document_of(dataclasses.replace(FULL_EVENT, trace_id=1, span_id=1))

    assert set(json.loads(example)) == set(document)
