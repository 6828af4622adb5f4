"""OTLP over gRPC is received where the extra is there."""

from __future__ import annotations

import pytest

pytest.importorskip("grpc")
pytest.importorskip("uvicorn")

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.view.grpc_receiver import GrpcReceiver
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.serving import LOOPBACK, Address
from otel_crumbs.view.store import Store

from .events import error_event

SECRET = "secret"  # noqa: S105 - of this test
NOWHERE = Address(host=LOOPBACK, port=1, token=None)


def test_events_come_over_grpc_and_are_announced(store: Store) -> None:
    """As over HTTP; what is no OTLP gets its status."""
    announced: list[bool] = []
    receiving = GrpcReceiver(store, NOWHERE, 0, lambda: announced.append(True))
    with receiving as receiver, grpc.insecure_channel(receiver.endpoint) as channel:
        LogsServiceStub(channel).Export(request_of(error_event()))
        export = channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            export(b"\xff\xff")

    assert len(list_errors(store)) == len(announced) == 1
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_elsewhere_a_token_is_needed(store: Store) -> None:
    """In the metadata, as the standard variable for headers puts it."""
    address = Address(host=LOOPBACK, port=1, token=SECRET)
    with GrpcReceiver(store, address, 0, lambda: None) as receiver, grpc.insecure_channel(receiver.endpoint) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            LogsServiceStub(channel).Export(request_of(error_event()))
        LogsServiceStub(channel).Export(request_of(error_event()), metadata=(("authorization", "Bearer secret"),))

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert len(list_errors(store)) == 1


def test_a_port_in_use_is_no_failure(store: Store) -> None:
    """HTTP is there in any case."""
    with GrpcReceiver(store, NOWHERE, 0, lambda: None) as first:
        assert first.endpoint is not None
        with GrpcReceiver(store, NOWHERE, int(first.endpoint.rpartition(":")[2]), lambda: None) as second:
            assert second.endpoint is None
