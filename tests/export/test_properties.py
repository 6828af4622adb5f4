"""No input makes an exporter raise, lose an event, or send an invalid document."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.trace import SpanContext, TraceFlags

import otel_crumbs
from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import Builder, CapturedError, capture_error, capture_recorded
from otel_crumbs.event.model import ExceptionInfo, Frame
from otel_crumbs.event.stack_text import parse_stack
from otel_crumbs.export import DELIVERED
from otel_crumbs.export.app_logs import AppLogsExporter
from otel_crumbs.export.console import format_event
from otel_crumbs.export.http.document import document_of, encode_json
from otel_crumbs.export.otlp.wire import encode_request
from otel_crumbs.export.sentry.exporter import envelope_of
from otel_crumbs.trails import Branch, Operation, View
from tests.application import Application

from .events import Hostile, HostileError, an_empty_branch
from .schemas import assert_valid_document, assert_valid_envelope

SPAN = SpanContext(trace_id=2**128 - 1, span_id=2**64 - 1, is_remote=False, trace_flags=TraceFlags(1))

# Machines that run other jobs, too, are slow at times.
thorough = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


class HostileDict(dict[str, Any]):
    """A mapping that does not let itself be read."""

    def items(self) -> Any:
        """Raise."""
        raise RuntimeError("no items")


def circle() -> list[Any]:
    """Return a list that contains itself."""
    items: list[Any] = [1]
    items.append(items)
    return items


def huge() -> int:
    """Return a number that Python itself refuses to write out."""
    return 10**5000


# Lone surrogates included.
texts = st.text(max_size=40) | st.text(alphabet=st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=4)
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.binary(max_size=20)
    | st.builds(Hostile)
    | st.builds(HostileDict)
    | st.builds(circle)
    | st.builds(huge)
    | st.complex_numbers()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts | st.integers() | st.none() | st.binary(max_size=4), inner, max_size=4)
        | st.frozensets(texts, max_size=3)
    ),
    max_leaves=8,
)
data = st.dictionaries(texts | st.integers() | st.binary(max_size=4), values, max_size=5)
notes = st.fixed_dictionaries(
    {}, optional={"message": texts, "category": texts, "level": texts, "type": texts, "data": data}
)
errors = st.builds(ValueError, texts, values) | st.builds(HostileError) | st.builds(KeyError, values)


@st.composite
def trees(draw: Any) -> BaseException:
    """Return an exception with causes, contexts, and at times one that is its own."""
    error: BaseException = draw(errors)
    root = error
    for _ in range(draw(st.integers(0, 3))):
        other = draw(errors)
        if draw(st.booleans()):
            error.__cause__ = other
        else:
            error.__context__ = other
        error = other
    if draw(st.booleans()):
        error.__context__ = root
    return root


def assert_encodable(event: ErrorEvent) -> None:
    """Encode an event for each receiver, and fail if one would not take it."""
    for as_json in (False, True):
        sent = encode_request(event, as_json=as_json)
        [record] = ExportLogsServiceRequest.FromString(sent).resource_logs[0].scope_logs[0].log_records
        attributes = {attribute.key: attribute.value for attribute in record.attributes}
        assert attributes["exception.type"].string_value
        assert len(attributes) == len(record.attributes)
        if as_json:
            assert len(json.loads(attributes["otel_crumbs.breadcrumbs"].string_value)) == len(event.breadcrumbs)
        else:
            assert len(attributes["otel_crumbs.breadcrumbs"].array_value.values) == len(event.breadcrumbs)
    assert_valid_document(encode_json(document_of(event)))
    assert_valid_envelope(envelope_of(event))
    format_event(event).encode()


def build_event(captured: CapturedError, **hooks: Any) -> ErrorEvent:
    """Return the event that exporters get."""
    event = Builder(**hooks).build(captured)
    assert event is not None
    return event


@thorough
@given(error=trees(), left=st.lists(notes, max_size=4), resource=data)
def test_any_exception_and_any_note_can_be_sent(
    error: BaseException, left: list[dict[str, Any]], resource: dict[Any, Any]
) -> None:
    """Values may be of any type, in any depth, with any key."""
    with otel_crumbs.operation("checkout \ud800"):
        for note in left:
            otel_crumbs.record(**note)
        captured = capture_error(error, span_context=SPAN, mechanism="operation", handled=False)

    event = build_event(captured, resource=lambda: resource)

    assert_encodable(event)


@thorough
@given(error=texts, message=texts, stacktrace=texts | st.lists(texts, max_size=6).map("\n".join), name=values)
def test_any_recorded_exception_can_be_sent(error: str, message: str, stacktrace: str, name: Any) -> None:
    """The text may be a traceback of another language, or none."""
    branch = Branch(10, Operation(name=name))
    info = ExceptionInfo(type=error or "Error", message=message)
    captured = capture_recorded(info, stacktrace, branch=branch, span_context=SPAN, mechanism="operation")

    assert_encodable(build_event(captured))


@thorough
@given(field=st.sampled_from(sorted(Breadcrumb.__slots__)), value=values)
def test_any_breadcrumb_of_a_hook_can_be_sent(field: str, value: Any) -> None:
    """A hook may set any field to any value."""
    with otel_crumbs.operation("checkout"):
        otel_crumbs.record("about to fail")
        captured = capture_error(ValueError("boom"), mechanism="operation", handled=False)

    event = build_event(captured, before_breadcrumb=lambda breadcrumb: replace(breadcrumb, **{field: value}))

    assert len(event.breadcrumbs) == 1
    assert_encodable(event)


@thorough
@given(field=st.sampled_from(sorted(ErrorEvent.__slots__)), value=values)
def test_any_event_of_a_hook_can_be_sent(field: str, value: Any) -> None:
    """The event keeps its id and its exception."""
    captured = capture_error(ValueError("boom"), views=(View(an_empty_branch()),), mechanism="operation", handled=False)

    event = build_event(captured, before_send=lambda event: replace(event, **{field: value}))

    assert len(event.event_id) == 32
    assert event.exception.type
    assert_encodable(event)


@pytest.mark.parametrize("name", sorted(ErrorEvent.__slots__))
def test_an_event_can_be_sent_without_any_field(name: str) -> None:
    """A hook may leave None in each of them."""
    captured = capture_error(ValueError("boom"), views=(View(an_empty_branch()),), mechanism="operation", handled=False)

    event = build_event(captured, before_send=lambda event: replace(event, **{name: None}))

    assert_encodable(event)


@thorough
@given(
    frames=st.lists(
        st.builds(Frame, path=values, line=values, function=values, module=values, source=values), max_size=3
    ),
    parent=values,
    link=values,
)
def test_any_exception_of_a_hook_can_be_sent(frames: list[Frame], parent: Any, link: Any) -> None:
    """Frames may lead nowhere, and parents may not exist."""
    infos = (
        ExceptionInfo(type="ValueError", message="boom", frames=tuple(frames)),
        ExceptionInfo(type="KeyError", message="", parent=parent, link=link),
    )
    captured = capture_error(ValueError("boom"), views=(View(an_empty_branch()),), mechanism="operation", handled=False)

    assert_encodable(build_event(captured, before_send=lambda event: replace(event, exceptions=infos)))


LINES = (
    "Traceback (most recent call last):",
    '  File "/app/a.py", line 3, in f',
    "    g()",
    "    ~^^",
    "ValueError: boom",
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
    "  + Exception Group Traceback (most recent call last):",
    '  |   File "/app/a.py", line 3, in f',
    "  +-+---------------- 1 ----------------",
    "    | KeyError",
    "",
)


@thorough
@given(lines=st.lists(st.sampled_from(LINES) | texts, max_size=12))
def test_any_text_is_parsed_as_a_traceback(lines: list[str]) -> None:
    """The first exception is the one that was reported, and each other one belongs to one before it."""
    info = ExceptionInfo(type="ValueError", message="boom")

    first, *others = parse_stack(info, "\n".join(lines))

    assert (first.type, first.message) == ("ValueError", "boom")
    assert [each.parent for each in others] == list(range(len(others)))


@pytest.mark.parametrize("count", [100])
def test_a_heavy_trail_can_be_sent(count: int) -> None:
    """A hundred breadcrumbs of 20 kB each are cut to the size that trackers take."""
    with otel_crumbs.operation("checkout"):
        for number in range(count):
            otel_crumbs.record(f"{number} {'x' * 20_000}", data={"more": "y" * 20_000})
        captured = capture_error(ValueError("boom"), mechanism="operation", handled=False)

    event = build_event(captured, max_bytes=900_000)

    assert len(event.breadcrumbs) > 70
    assert len(event.breadcrumbs) + event.dropped == count
    assert len(envelope_of(event)) < 1024 * 1024
    assert_encodable(event)


@settings(thorough, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(found=data)
def test_any_note_can_be_in_a_log_record(
    app: Application, caplog: pytest.LogCaptureFixture, found: dict[Any, Any]
) -> None:
    """OpenTelemetry's own cleaning of attributes finds nothing to warn of, and nothing to leave out."""
    with otel_crumbs.operation("checkout"):
        otel_crumbs.record("about to fail", data=found)
        event = build_event(capture_error(ValueError("boom"), mechanism="operation", handled=False))

    assert AppLogsExporter().export(event, 5.0) == DELIVERED

    [breadcrumb] = app.kept.records[-1].attributes["otel_crumbs.breadcrumbs"]
    left = {key or "<empty>": value for key, value in event.breadcrumbs[0].data.items()}
    assert set(breadcrumb["data"]) == set(left)
    assert None not in [breadcrumb["data"][key] for key, value in left.items() if value is not None]
    assert caplog.records == []
