"""The exporter of OTLP over gRPC, imported only if `OTEL_EXPORTER_OTLP_PROTOCOL` asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from otel_crumbs.base.addresses import hide_address, show_address
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.base.fork import PerProcess
from otel_crumbs.base.identity import VERSION
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.export.batch import encode_batch
from otel_crumbs.export.exporter import DELIVERED, Outcome, Verdict

from .environment import OtlpSettings
from .partial_success import add_rejected, judge_one
from .wire import encode_request, format_request

# The bytes of the request are made here, so the generated stub has nothing to do.
_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

# https://opentelemetry.io/docs/specs/otlp/#failures
_RETRYABLE = frozenset(
    {
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
    }
)
_COMPRESSION = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}


class OtlpGrpcExporter:
    """
    Sends error events to an OTLP/gRPC endpoint.

    Args:
        settings: The endpoint, and how it is reached.
        as_json: Whether the breadcrumbs are one JSON string.
        max_bytes: What a request may weigh before it is compressed.

    """

    name = "otlp"

    def __init__(
        self, settings: OtlpSettings, *, as_json: bool = False, max_bytes: int = DEFAULT_MAX_EVENT_BYTES
    ) -> None:
        self._settings = settings
        self.destination = show_address(settings.endpoint)
        self._encode = partial(encode_request, as_json=as_json)
        self._max_bytes = max_bytes
        self._channel = PerProcess(lambda: _make_channel(settings))
        # gRPC allows lower-case keys only.
        self._metadata = tuple((key.lower(), value) for key, value in settings.headers.items())

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        return judge_one(self._export(encode_within(event, self._encode, self._max_bytes), timeout))

    def export_batch(self, events: Sequence[ErrorEvent], timeout: float) -> Outcome:
        """Send several events in one request."""
        request = encode_batch(events, self._encode, self._max_bytes)
        return request if isinstance(request, Outcome) else self._export(request, timeout)

    def _export(self, request: bytes, timeout: float) -> Outcome:
        read: Callable[[bytes], ExportLogsServiceResponse] = ExportLogsServiceResponse.FromString
        send = self._channel.get().unary_unary(_METHOD, response_deserializer=read)  # type: ignore[var-annotated]  # it has no types for bytes
        try:
            response = send(request, metadata=self._metadata, timeout=min(timeout, self._settings.timeout))
        except grpc.RpcError as error:
            return _outcome_of_error(self._settings.endpoint, error)
        return add_rejected(DELIVERED, response.partial_success)

    def show(self, event: ErrorEvent) -> str:
        """Return the request of one event, which is protobuf, as JSON."""
        return format_request(encode_within(event, self._encode, self._max_bytes))

    def shutdown(self) -> None:
        """Close the channel."""
        channel = self._channel.get_if_made()
        if channel is not None:
            channel.close()


def _outcome_of_error(endpoint: str, error: grpc.RpcError) -> Outcome:
    code, details = error.code(), error.details() or ""
    reason = hide_address(f"{endpoint} answered {code.name}: {details}", endpoint)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return Outcome(verdict=Verdict.TOO_LARGE, reason=reason)
    retry = code in _RETRYABLE or code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return Outcome(verdict=Verdict.RETRY if retry else Verdict.REFUSED, reason=reason)


def _make_channel(settings: OtlpSettings) -> grpc.Channel:
    parts = urlsplit(settings.endpoint)
    target = parts.netloc or settings.endpoint
    compression = _COMPRESSION.get(settings.compression, grpc.Compression.NoCompression)
    options = (("grpc.primary_user_agent", f"otel-crumbs/{VERSION}"),)
    if parts.scheme == "http" or (parts.scheme != "https" and settings.insecure):
        return grpc.insecure_channel(target, options=options, compression=compression)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read_file(settings.certificate),
        private_key=_read_file(settings.client_key),
        certificate_chain=_read_file(settings.client_certificate),
    )
    return grpc.secure_channel(target, credentials, options=options, compression=compression)


def _read_file(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None
