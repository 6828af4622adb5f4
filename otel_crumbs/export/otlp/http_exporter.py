"""The exporter of OTLP over HTTP, with protobuf."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from otel_crumbs.base.addresses import show_address
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.export.batch import encode_batch
from otel_crumbs.export.exporter import Outcome
from otel_crumbs.export.http.poster import Poster
from otel_crumbs.export.http.responses import ReceiverResponse, outcome_of

from .environment import OtlpSettings
from .partial_success import add_rejected, judge_one
from .wire import encode_request, format_request


class OtlpHttpExporter:
    """
    Sends error events to an OTLP/HTTP endpoint.

    Args:
        settings: The endpoint, and how it is reached.
        as_json: Whether the breadcrumbs are one JSON string.
        max_bytes: What a request may weigh before it is compressed.

    """

    name = "otlp"

    def __init__(
        self, settings: OtlpSettings, *, as_json: bool = False, max_bytes: int = DEFAULT_MAX_EVENT_BYTES
    ) -> None:
        self.destination = show_address(settings.endpoint)
        self._timeout = settings.timeout
        self._encode = partial(encode_request, as_json=as_json)
        self._max_bytes = max_bytes
        self._poster = Poster(
            settings.endpoint,
            {"Content-Type": "application/x-protobuf", **settings.headers},
            compression=settings.compression,
            verify=settings.certificate or True,
            cert=_find_client_certificate(settings),
        )

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        return judge_one(self._post(encode_within(event, self._encode, self._max_bytes), timeout))

    def export_batch(self, events: Sequence[ErrorEvent], timeout: float) -> Outcome:
        """Send several events in one request."""
        body = encode_batch(events, self._encode, self._max_bytes)
        return body if isinstance(body, Outcome) else self._post(body, timeout)

    def _post(self, body: bytes, timeout: float) -> Outcome:
        response = self._poster.post(body, min(timeout, self._timeout))
        if isinstance(response, Outcome):
            return response
        return _read_partial_success(response) if response.success else outcome_of(response)

    def show(self, event: ErrorEvent) -> str:
        """Return the request of one event, which is protobuf, as JSON."""
        return format_request(encode_within(event, self._encode, self._max_bytes))

    def shutdown(self) -> None:
        """Close the connections."""
        self._poster.close()


def _read_partial_success(response: ReceiverResponse) -> Outcome:
    """Return the outcome of a response with a status of success, whose body may say that the record was rejected."""
    outcome = outcome_of(response)
    parsed = ExportLogsServiceResponse()
    try:
        parsed.ParseFromString(response.body)
    except DecodeError:  # a proxy's page and no protobuf, but the status is one of success
        return outcome
    partial = parsed.partial_success
    return add_rejected(outcome, partial)


def _find_client_certificate(settings: OtlpSettings) -> str | tuple[str, str] | None:
    if settings.client_certificate and settings.client_key:
        return settings.client_certificate, settings.client_key
    return settings.client_certificate
