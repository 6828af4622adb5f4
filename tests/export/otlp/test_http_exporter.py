"""Tests of `otel_crumbs.export.otlp.http_exporter`: the request, and responses with a partial success."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from otel_crumbs.export import Verdict
from otel_crumbs.export.otlp.environment import read_otlp_settings
from otel_crumbs.export.otlp.http_exporter import OtlpHttpExporter
from tests.export.events import event_of
from tests.export.receiver import Receiver, Reply, receiving

TIMEOUT = 5.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def make_exporter(receiver: Receiver, *, as_json: bool = False, **variables: str) -> OtlpHttpExporter:
    """Return the exporter that variables configure."""
    environ = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()}
    return OtlpHttpExporter(
        read_otlp_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **environ}), as_json=as_json
    )


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_an_event_is_a_request_of_one_record(receiver: Receiver, compression: str) -> None:
    """The request goes to the path of logs as protobuf, with the configured compression and headers."""
    sender = make_exporter(receiver, COMPRESSION=compression, HEADERS="api-key=secret")

    outcome = sender.export(event_of(), TIMEOUT)

    sender.shutdown()
    sent = ExportLogsServiceRequest.FromString(receiver.request.body)
    assert outcome.verdict is Verdict.DELIVERED
    assert receiver.request.path == "/v1/logs"
    assert receiver.request.headers["Content-Type"] == "application/x-protobuf"
    assert receiver.request.headers["api-key"] == "secret"
    assert receiver.request.headers["User-Agent"].startswith("otel-crumbs/")
    assert sent.resource_logs[0].scope_logs[0].log_records[0].event_name == "exception"


def test_a_rejected_record_is_a_refusal(receiver: Receiver) -> None:
    """The status is 200, but the body says that the record was rejected."""
    partial = ExportLogsPartialSuccess(rejected_log_records=1, error_message="too many attributes")
    receiver.reply = Reply(body=ExportLogsServiceResponse(partial_success=partial).SerializeToString())
    sender = make_exporter(receiver)

    outcome = sender.export(event_of(), TIMEOUT)

    sender.shutdown()
    assert outcome.verdict is Verdict.REFUSED
    assert "too many attributes" in outcome.reason


def test_a_partial_success_may_only_warn(receiver: Receiver) -> None:
    """No record was rejected, so its message is a hint."""
    partial = ExportLogsPartialSuccess(error_message="please upgrade")
    receiver.reply = Reply(body=ExportLogsServiceResponse(partial_success=partial).SerializeToString())
    sender = make_exporter(receiver)

    outcome = sender.export(event_of(), TIMEOUT)

    sender.shutdown()
    assert outcome.verdict is Verdict.DELIVERED


@pytest.mark.parametrize("body", [b"", b"<html>fine</html>", b"\xff\xff\xff\xff"])
def test_a_success_needs_no_protobuf(receiver: Receiver, body: bytes) -> None:
    """A proxy may send a page of its own."""
    receiver.reply = Reply(body=body)
    sender = make_exporter(receiver)

    outcome = sender.export(event_of(), TIMEOUT)

    sender.shutdown()
    assert outcome.verdict is Verdict.DELIVERED


def test_shutdown_needs_no_connection(receiver: Receiver) -> None:
    """An exporter may be shut down before its first event, and twice."""
    sender = make_exporter(receiver)

    sender.shutdown()
    sender.shutdown()

    assert receiver.requests == []
