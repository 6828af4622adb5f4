"""Tests of `otel_crumbs.export.otlp.wire`: a receiver reads what the event has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.base.plain import to_plain_mapping
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.export.otlp.wire import encode_request
from tests.export.events import NOW, TRAIL, event_of

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue


def parse_record(event: ErrorEvent, *, as_json: bool = False) -> tuple[dict[str, Any], LogRecord]:
    """Return the record that a receiver reads from the bytes, and its attributes as plain values."""
    request = ExportLogsServiceRequest.FromString(encode_request(event, as_json=as_json))
    [resource_logs] = request.resource_logs
    [scope_logs] = resource_logs.scope_logs
    [record] = scope_logs.log_records
    return {pair.key: to_plain(pair.value) for pair in record.attributes}, record


def to_plain(value: AnyValue) -> Any:
    """Return a value of OTLP as a plain value."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [to_plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: to_plain(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)


def test_the_record_is_an_exception_event() -> None:
    """Name, severity, body, time and ids are those of the event."""
    event = event_of()

    _, record = parse_record(event)

    assert record.event_name == "exception"
    assert record.severity_number == SeverityNumber.SEVERITY_NUMBER_ERROR
    assert record.severity_text == "ERROR"
    assert record.body.string_value == "OutOfStockError: no lamps left"
    assert record.time_unix_nano == NOW
    assert record.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert record.span_id.hex() == "00f067aa0ba902b7"
    assert record.flags == 1


def test_a_fatal_event_has_severity_fatal() -> None:
    """The severity number is 21, and its text is FATAL."""
    _, record = parse_record(event_of(fatal=True))

    assert (record.severity_number, record.severity_text) == (21, "FATAL")


def test_an_event_without_a_trace_has_no_ids() -> None:
    """The fields stay empty, since zeroes are no valid ids."""
    _, record = parse_record(event_of(trace_id=0, span_id=0, trace_flags=0))

    assert (record.trace_id, record.span_id) == (b"", b"")


def test_the_exception_has_the_standard_attributes() -> None:
    """Type with module, message and traceback are where every back end looks for them."""
    event = event_of()

    attributes, _ = parse_record(event)

    assert attributes["exception.type"].endswith("events.OutOfStockError")
    assert attributes["exception.message"] == "no lamps left"
    assert attributes["exception.stacktrace"] == event.stacktrace


def test_an_answer_has_no_exception() -> None:
    """The status is the type of the error, as the conventions for HTTP have it, and there is no traceback."""
    info = ExceptionInfo(type="HTTP 503", message="Service Unavailable: GET /hats")

    attributes, record = parse_record(event_of(exceptions=(info,), stacktrace="", mechanism="answer"))

    assert {name: value for name, value in attributes.items() if name.startswith(("error.", "exception."))} == {
        "error.type": "503",
        "exception.message": "Service Unavailable: GET /hats",
    }
    assert record.body.string_value == "HTTP 503: Service Unavailable: GET /hats"


def test_searchable_attributes_are_flat() -> None:
    """The attributes that queries ask for stand beside the breadcrumbs."""
    attributes, _ = parse_record(event_of())

    assert {key: value for key, value in attributes.items() if key.startswith("otel_crumbs.")} | {
        "otel_crumbs.operation": "GET checkout/<int:number>",
        "otel_crumbs.mechanism": "operation",
        "otel_crumbs.handled": False,
        "otel_crumbs.count": 3,
        "otel_crumbs.dropped": 2,
        "otel_crumbs.last.category": "span",
        "otel_crumbs.last.message": "checkout",
    } == {key: value for key, value in attributes.items() if key.startswith("otel_crumbs.")}


def test_the_breadcrumbs_are_an_array_of_maps() -> None:
    """Each breadcrumb keeps its fields, and the types of its data."""
    attributes, _ = parse_record(event_of())

    breadcrumbs = attributes["otel_crumbs.breadcrumbs"]
    assert breadcrumbs == [breadcrumb.as_dict() for breadcrumb in TRAIL]
    assert breadcrumbs[0]["data"]["status_code"] == 503
    assert breadcrumbs[0]["duration_ms"] == 120.5
    assert breadcrumbs[1]["repeated"] == 3
    assert breadcrumbs[2]["in_flight"] is True


def test_the_breadcrumbs_may_be_one_json_string() -> None:
    """Back ends that keep no arrays of maps get the breadcrumbs as text."""
    attributes, _ = parse_record(event_of(), as_json=True)

    assert json.loads(attributes["otel_crumbs.breadcrumbs"]) == [breadcrumb.as_dict() for breadcrumb in TRAIL]
    assert attributes["otel_crumbs.count"] == 3


def test_an_empty_trail_has_no_last_breadcrumb() -> None:
    """The count is zero, and the attributes of the last breadcrumb are left out."""
    attributes, _ = parse_record(event_of(breadcrumbs=(), operation=None))

    assert attributes["otel_crumbs.count"] == 0
    assert attributes["otel_crumbs.breadcrumbs"] == []
    assert not {"otel_crumbs.last.category", "otel_crumbs.last.message", "otel_crumbs.operation"} & set(attributes)


def test_the_resource_is_the_applications_own() -> None:
    """Back ends show the event under the service that failed."""
    request = ExportLogsServiceRequest.FromString(
        encode_request(event_of(resource={"service.name": "shop", "process.pid": 7, "process.command_args": ["a"]}))
    )

    resource = {pair.key: to_plain(pair.value) for pair in request.resource_logs[0].resource.attributes}
    assert resource == {"service.name": "shop", "process.pid": 7, "process.command_args": ["a"]}
    assert request.resource_logs[0].scope_logs[0].scope.name == "otel_crumbs"


def test_requests_one_after_the_other_are_one() -> None:
    """A receiver finds each event, in the order in which they were captured, below the resource that it came from."""
    resources = ({"service.name": "shop"}, {"service.name": "shop"}, {"service.name": "bank"})
    events = [event_of(ValueError(str(number)), resource=resource) for number, resource in enumerate(resources)]

    request = ExportLogsServiceRequest.FromString(b"".join(map(encode_request, events)))

    found = [[record.body.string_value for record in logs.scope_logs[0].log_records] for logs in request.resource_logs]
    assert found == [["ValueError: 0"], ["ValueError: 1"], ["ValueError: 2"]]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=9), PLAIN, max_size=5))
def test_any_plain_data_arrives_unchanged(data: dict[str, Any]) -> None:
    """The receiver reads the plain values that the breadcrumb has."""
    cleaned = to_plain_mapping(data)
    breadcrumb = Breadcrumb(timestamp=NOW, data=cleaned)

    attributes, _ = parse_record(event_of(breadcrumbs=(breadcrumb,)))

    assert attributes["otel_crumbs.breadcrumbs"][0]["data"] == cleaned
