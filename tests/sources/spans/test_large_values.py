"""Large values of spans: a trail keeps copies that are cut, and what the application exports is as it was."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

import otel_crumbs
from otel_crumbs.base.plain import MAX_MESSAGE
from otel_crumbs.sources.spans.entry import SpanEntry
from otel_crumbs.sources.spans.large_values import (
    MAX_CHARACTERS,
    count_characters,
    cut_attributes,
    cut_events,
    cut_status,
    has_large_attributes,
    has_large_values,
)
from otel_crumbs.sources.spans.unsampled_span import RecordedEvent
from otel_crumbs.testing import capture_events
from otel_crumbs.trails import current
from tests.application import running_application

LARGE = 500_000


def set_text(span: Span, text: str) -> None:
    """Set an attribute."""
    span.set_attribute("body", text)


def set_list(span: Span, text: str) -> None:
    """Set a list of texts."""
    span.set_attribute("bodies", [text])


def set_number(span: Span, text: str) -> None:
    """Set an integer that takes as much memory."""
    span.set_attribute("body", 1 << 8 * len(text))


def rename(span: Span, text: str) -> None:
    """Give the span a long name."""
    span.update_name(text)


def add_event(span: Span, text: str) -> None:
    """Add a span event."""
    span.add_event("received", {"body": text})


def fail(span: Span, text: str) -> None:
    """Set a status with a long description."""
    span.set_status(Status(StatusCode.ERROR, text))


@pytest.mark.parametrize("put", [set_text, set_list, set_number, rename, add_event, fail])
@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "unsampled"])
def test_a_trail_keeps_little_of_large_values(put: Callable[[Any, str], None], sampler: Sampler) -> None:
    """A hundred spans with half a megabyte each are fifty megabytes if they are kept as they are."""
    with running_application(sampler) as app, capture_events() as events:
        tracemalloc.start()
        try:
            for number in range(100):
                with app.tracer.start_as_current_span("call") as span:
                    put(span, str(number % 10) * LARGE)
            app.exporter.clear()
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        otel_crumbs.capture_exception(ValueError("boom"))
        [event] = events

    assert kept < 8_000_000
    assert len(event.breadcrumbs) + event.dropped >= 1


@pytest.mark.parametrize("large", [LARGE * "x", [LARGE * "x"], 1 << 8 * LARGE], ids=["text", "list", "number"])
@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "unsampled"])
@pytest.mark.parametrize("kind", [SpanKind.INTERNAL, SpanKind.SERVER], ids=["child", "root"])
def test_values_that_a_span_begins_with_are_cut(kind: SpanKind, sampler: Sampler, large: Any) -> None:
    """They come before anybody sets one."""
    with running_application(sampler) as app, capture_events():
        with app.tracer.start_as_current_span("call", kind=kind, attributes={"body": large, "status": 200}):
            branch = current.find_branch()
        if branch.operation is not None:
            kept: Any = branch.operation.attributes
        else:
            [entry] = branch.copy()
            kept = SpanEntry._make(entry).attributes

    assert kept["status"] == 200
    assert len(repr(kept["body"])) < 3000


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "unsampled"])
def test_an_operation_with_large_values_has_any_name(sampler: Sampler) -> None:
    """The API says that a name is a text, and nobody checks it."""
    with running_application(sampler) as app, capture_events():
        attributes = {"body": LARGE * "x"}
        with app.tracer.start_as_current_span(5, kind=SpanKind.SERVER, attributes=attributes):  # type: ignore[arg-type]
            operation = current.find_branch().operation

    assert operation is not None
    assert operation.ended
    assert operation.name == "5"


def test_names_of_dropped_spans_are_cut() -> None:
    """A name may be a whole statement; one that is no text is told as a text."""
    with running_application(ALWAYS_OFF) as app, capture_events() as events:
        for name in (LARGE * "x", 5, ["list"]):
            with app.tracer.start_as_current_span(name):  # type: ignore[arg-type]  # as the SDK takes them
                pass
        otel_crumbs.capture_exception(ValueError("boom"))
        [event] = events

    assert [len(breadcrumb.message) < 9000 for breadcrumb in event.breadcrumbs] == [True] * 3
    assert [breadcrumb.message for breadcrumb in event.breadcrumbs[1:]] == ["5", "['list']"]


def test_what_is_exported_is_as_it_was() -> None:
    """The trail has a copy of its own."""
    with running_application() as app, capture_events() as events:
        with app.tracer.start_as_current_span("call") as span:
            span.set_attribute("body", "begins" + "x" * LARGE + "ends")
            span.add_event("received", {"body": "y" * LARGE})
        otel_crumbs.capture_exception(ValueError("boom"))
        [exported] = app.exported_spans
        [event] = events

    assert len(exported.attributes["body"]) == LARGE + 10  # type: ignore[index,arg-type]
    assert len(exported.events[0].attributes["body"]) == LARGE  # type: ignore[index,arg-type]
    body = event.breadcrumbs[0].data["body"]
    assert body.startswith("begins")
    assert body.endswith("ends")
    assert len(body) < 3000


def test_ordinary_values_are_not_copied() -> None:
    """Nothing is cut of a span whose values are together of the usual size."""
    attributes: dict[str, Any] = {"http.url": "x" * 2000, "status": 200, "flag": True, "list": ("a", "b")}

    assert not has_large_values("GET", attributes, (), Status())
    assert has_large_values("GET", attributes | {"body": "x" * MAX_CHARACTERS}, (), Status())
    assert has_large_values("GET", {}, [RecordedEvent("e", {"body": "x" * MAX_CHARACTERS}, 0)] * 2, Status())


@pytest.mark.parametrize(
    "value", ["x" * 40_000, [["y" * 40_000]], {"k": "v" * 40_000}, 2**100, [1] * 5000, [[[[[[[1]]]]]]]]
)
def test_of_any_kind_the_characters_are_counted(value: object) -> None:
    """Lists in lists, mappings and integers of many digits too."""
    assert count_characters(value) > MAX_CHARACTERS
    assert has_large_attributes("GET", {"value": value})
    assert not has_large_attributes("GET", {"value": "x" * 1000, "status": 200, "flag": True})


def test_every_attribute_stays() -> None:
    """The first ones have no room from the last ones, which say how it ended."""
    cut = cut_attributes({f"{number}": "x" * 5000 for number in range(128)} | {"http.status_code": 503})

    assert len(cut) == 129
    assert cut["http.status_code"] == 503
    assert sum(map(len, map(str, cut.values()))) < 100_000


def test_of_many_events_the_newest_have_the_room() -> None:
    """The last one is the exception, as a rule."""
    events = [RecordedEvent("e", {"body": "x" * 2000}, number) for number in range(128)]

    cut = cut_events(events)

    assert [event.timestamp for event in cut] == [*range(128)]
    assert cut[-1].attributes == events[-1].attributes
    assert len(cut[0].attributes["body"]) < 100


def test_a_description_is_cut() -> None:
    """One of the usual length is not."""
    short, long = Status(StatusCode.ERROR, "boom"), Status(StatusCode.ERROR, "x" * LARGE)

    assert cut_status(short) is short
    assert len(cut_status(long).description or "") == MAX_MESSAGE
