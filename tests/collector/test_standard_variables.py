"""The standard `OTEL_EXPORTER_OTLP_*` variables mean for error events what they mean for all telemetry."""

from __future__ import annotations

from pathlib import Path

import pytest

from .fixtures import StartCollector
from .otelcol import Collector
from .relay import Relay
from .running import PROTOCOLS, run_program

pytestmark = pytest.mark.collector

OPEN_SESAME = "open-sesame"

over_both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


def port(collector: Collector, protocol: str) -> int:
    """Return where the Collector listens for this protocol."""
    return collector.grpc_port if protocol == "grpc" else collector.http_port


@over_both_protocols
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_compression_is_honoured(
    collector: Collector, service: str, tmp_path: Path, protocol: str, compression: str
) -> None:
    """With gzip no word of the event can be read on its way, and the Collector reads all of it."""
    with Relay(port(collector, protocol)) as relay:
        run_program(
            "nested_data.py",
            tmp_path,
            OTEL_SERVICE_NAME=service,
            OTEL_EXPORTER_OTLP_ENDPOINT=relay.url,
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            OTEL_EXPORTER_OTLP_COMPRESSION=compression,
        )

    [event] = collector.received(service).events
    assert [crumb["message"] for crumb in event.trail][1:] == ["cart priced", "card refused"]
    assert (b"cart priced" in relay.sent) is (compression == "none")


@over_both_protocols
def test_headers_open_a_collector_that_asks_for_a_token(
    start_collector: StartCollector, service: str, tmp_path: Path, protocol: str
) -> None:
    """A Collector behind a token takes the event from a program that was given the token."""
    collector = start_collector(token=OPEN_SESAME)

    printed = run_program(
        "nested_data.py",
        tmp_path,
        OTEL_SERVICE_NAME=service,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint(protocol),
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{OPEN_SESAME}",
    )

    assert len(collector.received(service).events) == 1
    assert printed["flushed"] is True


@over_both_protocols
def test_a_collector_that_refuses_is_no_success(
    start_collector: StartCollector, service: str, tmp_path: Path, protocol: str
) -> None:
    """Without the token nothing arrives, and `flush` does not claim that it did."""
    collector = start_collector(token=OPEN_SESAME)

    printed = run_program(
        "nested_data.py",
        tmp_path,
        OTEL_SERVICE_NAME=service,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint(protocol),
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
    )

    assert collector.received(service).events == []
    assert printed["flushed"] is False


def test_http_headers_are_sent_as_given(collector: Collector, service: str, tmp_path: Path) -> None:
    """Every header of the variable is on the wire, decoded."""
    with Relay(collector.http_port) as relay:
        run_program(
            "nested_data.py",
            tmp_path,
            OTEL_SERVICE_NAME=service,
            OTEL_EXPORTER_OTLP_ENDPOINT=relay.url,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_HEADERS="x-tenant=the%20shop,x-region=eu",
        )

    assert len(collector.received(service).events) == 1
    assert b"x-tenant: the shop\r\n" in relay.sent.lower()
    assert b"x-region: eu\r\n" in relay.sent.lower()


def test_the_variables_for_logs_go_before_the_general_ones(collector: Collector, service: str, tmp_path: Path) -> None:
    """An error event is a log record, so endpoint and protocol for logs decide."""
    run_program(
        "nested_data.py",
        tmp_path,
        OTEL_SERVICE_NAME=service,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"{collector.http}/v1/logs",
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL="http/protobuf",
    )

    assert len(collector.received(service).events) == 1
