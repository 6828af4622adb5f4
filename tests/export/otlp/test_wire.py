"""An error event is an OTLP log record, and comes out of it as it went in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.base.plain import to_plain_mapping
from otel_crumbs.export.otlp.wire import request_of
from tests.export.events import NOW, TRAIL, event_of

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue


def parsed(event: ErrorEvent, *, as_json: bool = False) -> tuple[dict[str, Any], LogRecord]:
    """Return the record that a receiver reads from the bytes, and its attributes as plain values."""
    request = ExportLogsServiceRequest.FromString(request_of(event, as_json=as_json).SerializeToString())
    [resource_logs] = request.resource_logs
    [scope_logs] = resource_logs.scope_logs
    [record] = scope_logs.log_records
    return {pair.key: plain(pair.value) for pair in record.attributes}, record


def plain(value: AnyValue) -> Any:
    """Return what a value of OTLP stands for."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)


def test_the_record_is_an_exception_event() -> None:
    """Name, severity, body, time and ids are those of the event."""
    event = event_of()

    _, record = parsed(event)

    assert record.event_name == "exception"
    assert record.severity_number == SeverityNumber.SEVERITY_NUMBER_ERROR
    assert record.severity_text == "ERROR"
    assert record.body.string_value == "OutOfStockError: no lamps left"
    assert record.time_unix_nano == NOW
    assert record.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert record.span_id.hex() == "00f067aa0ba902b7"
    assert record.flags == 1


def test_a_process_that_dies_is_fatal() -> None:
    """Severity 21 and its name."""
    _, record = parsed(event_of(fatal=True))

    assert (record.severity_number, record.severity_text) == (21, "FATAL")


def test_an_event_without_a_trace_has_no_ids() -> None:
    """Zeroes are no valid ids: the fields stay empty."""
    _, record = parsed(event_of(trace_id=0, span_id=0, trace_flags=0))

    assert (record.trace_id, record.span_id) == (b"", b"")


def test_the_exception_has_the_standard_attributes() -> None:
    """Type with its module, message and traceback are where every back end looks for them."""
    event = event_of()

    attributes, _ = parsed(event)

    assert attributes["exception.type"].endswith("events.OutOfStockError")
    assert attributes["exception.message"] == "no lamps left"
    assert attributes["exception.stacktrace"] == event.stacktrace


def test_what_can_be_searched_is_flat() -> None:
    """Beside the breadcrumbs stand the attributes that a query asks for."""
    attributes, _ = parsed(event_of())

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
    """Each comes out with its time, its words and its data, types kept."""
    attributes, _ = parsed(event_of())

    breadcrumbs = attributes["otel_crumbs.breadcrumbs"]
    assert breadcrumbs == [breadcrumb.as_dict() for breadcrumb in TRAIL]
    assert breadcrumbs[0]["data"]["status_code"] == 503
    assert breadcrumbs[0]["duration_ms"] == 120.5
    assert breadcrumbs[1]["repeated"] == 3
    assert breadcrumbs[2]["in_flight"] is True


def test_the_breadcrumbs_may_be_one_json_string() -> None:
    """For back ends that keep no arrays of maps the same stands in a text."""
    attributes, _ = parsed(event_of(), as_json=True)

    assert json.loads(attributes["otel_crumbs.breadcrumbs"]) == [breadcrumb.as_dict() for breadcrumb in TRAIL]
    assert attributes["otel_crumbs.count"] == 3


def test_an_empty_trail_has_no_last_breadcrumb() -> None:
    """The count is zero, and what is not there is left out."""
    attributes, _ = parsed(event_of(breadcrumbs=(), operation=None))

    assert attributes["otel_crumbs.count"] == 0
    assert attributes["otel_crumbs.breadcrumbs"] == []
    assert not {"otel_crumbs.last.category", "otel_crumbs.last.message", "otel_crumbs.operation"} & set(attributes)


def test_the_resource_is_the_applications_own() -> None:
    """Back ends file the event under the service that failed."""
    request = request_of(event_of(resource={"service.name": "shop", "process.pid": 7, "process.command_args": ["a"]}))

    resource = {pair.key: plain(pair.value) for pair in request.resource_logs[0].resource.attributes}
    assert resource == {"service.name": "shop", "process.pid": 7, "process.command_args": ["a"]}
    assert request.resource_logs[0].scope_logs[0].scope.name == "otel_crumbs"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=9), PLAIN, max_size=5))
def test_any_data_arrives_as_it_was_cleaned(data: dict[str, Any]) -> None:
    """Whatever a breadcrumb holds after cleaning is what the receiver reads."""
    cleaned = to_plain_mapping(data)
    breadcrumb = Breadcrumb(timestamp=NOW, data=cleaned)

    attributes, _ = parsed(event_of(breadcrumbs=(breadcrumb,)))

    assert attributes["otel_crumbs.breadcrumbs"][0]["data"] == cleaned
