"""The receiver takes what OpenTelemetry's exporters send, and keeps the error events."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from time import monotonic

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from otel_crumbs.demo.receiver import MAX_BODY, Receiver

PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with Receiver() as running:
        yield running


def post(receiver: Receiver, body: bytes, path: str = "/v1/logs", **headers: str) -> int:
    """Send a body and return the status."""
    connection = HTTPConnection(receiver.endpoint.removeprefix("http://"), timeout=10)
    sent = PROTOBUF | {name.replace("_", "-"): text for name, text in headers.items()}
    try:
        connection.request("POST", path, body, sent)
        return connection.getresponse().status
    finally:
        connection.close()


def request(event_id: str = "", **attributes: AnyValue) -> bytes:
    """Return an export request with one log record; with an id it is an error event."""
    if event_id:
        attributes["otel_crumbs.event_id"] = AnyValue(string_value=event_id)
    pairs = [KeyValue(key=key, value=value) for key, value in attributes.items()]
    record = LogRecord(time_unix_nano=len(pairs), attributes=pairs)
    scope_logs = ScopeLogs(log_records=[record])
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[scope_logs])]).SerializeToString()


def test_an_error_event_is_kept_once(receiver: Receiver) -> None:
    """An exporter that missed the answer sends again."""
    assert post(receiver, request("a")) == 200
    assert post(receiver, request("a")) == 200
    assert post(receiver, request()) == 200, "the application's own log record is taken as well"

    assert [event.event_id for event in receiver.list_events()] == ["a"]


@pytest.mark.parametrize("form", ["maps", "json"])
def test_the_trail_is_read_in_both_forms(receiver: Receiver, form: str) -> None:
    """An array of maps, or one JSON string."""
    message = KeyValue(key="message", value=AnyValue(string_value="hello"))
    maps = AnyValue(array_value=ArrayValue(values=[AnyValue(kvlist_value=KeyValueList(values=[message]))]))
    trail = maps if form == "maps" else AnyValue(string_value=json.dumps([{"message": "hello"}]))

    post(receiver, request("a", **{"otel_crumbs.breadcrumbs": trail}))

    [event] = receiver.list_events()
    assert event.breadcrumbs == [{"message": "hello"}]


def test_values_of_every_kind_become_json(receiver: Receiver) -> None:
    """One line for one event."""
    values = {
        "text": AnyValue(string_value="☕"),
        "bytes": AnyValue(bytes_value=b"\xff"),
        "whole": AnyValue(int_value=2**53),
        "part": AnyValue(double_value=0.5),
        "yes": AnyValue(bool_value=True),
        "nothing": AnyValue(),
    }

    post(receiver, request("a", **values))

    [event] = receiver.list_events()
    attributes = json.loads(event.as_json())["attributes"]
    del attributes["otel_crumbs.event_id"]
    assert attributes == {"text": "☕", "bytes": "\\xff", "whole": 2**53, "part": 0.5, "yes": True, "nothing": None}


def test_gzip_is_unpacked(receiver: Receiver) -> None:
    """OTEL_EXPORTER_OTLP_COMPRESSION=gzip is common."""
    assert post(receiver, gzip.compress(request("a")), Content_Encoding="gzip") == 200
    assert len(receiver.list_events()) == 1


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics"])
def test_other_signals_are_taken(receiver: Receiver, path: str) -> None:
    """The application exports them as ever."""
    assert post(receiver, b"", path) == 200


def test_what_is_no_otlp_is_refused(receiver: Receiver) -> None:
    """The receiver goes on after that."""
    assert post(receiver, b"{}", Content_Type="application/json") == 415
    assert post(receiver, b"\xff\xff\xff") == 400
    assert post(receiver, b"no gzip", Content_Encoding="gzip") == 400
    assert post(receiver, b"", "/elsewhere") == 404
    assert post(receiver, request("a")) == 200


def test_a_body_beyond_measure_is_not_read(receiver: Receiver) -> None:
    """Its length alone is enough to refuse it."""
    assert post(receiver, b"", Content_Length=str(MAX_BODY + 1)) == 413


def test_waiting_ends_with_the_event_or_with_the_time(receiver: Receiver) -> None:
    """The one that comes first ends it."""
    assert not receiver.wait_for(1, monotonic())

    post(receiver, request("a"))

    assert receiver.wait_for(1, monotonic() + 10)
