"""OTLP over HTTP with protobuf, on `requests`, which the standard exporter brings along."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import time

import requests
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from otel_crumbs.event import ErrorEvent
from otel_crumbs.version import VERSION

from .exporter import DELIVERED, Outcome, Verdict
from .otlp_settings import OtlpSettings
from .per_process import PerProcess
from .wire import request_of

_SUCCESS = range(200, 300)
_TOO_LARGE = 413
# https://opentelemetry.io/docs/specs/otlp/#failures-1, and the 5xx that proxies answer for a dead receiver.
_RETRYABLE = frozenset({408, 429, *range(500, 600)})
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
_REASON_LENGTH = 200


class OtlpHttpExporter:
    """
    Sends error events to an OTLP/HTTP endpoint.

    Args:
        settings: Where and how.
        as_json: Whether the breadcrumbs are one JSON string.

    """

    name = "otlp"

    def __init__(self, settings: OtlpSettings, *, as_json: bool = False) -> None:
        self._settings = settings
        self._as_json = as_json
        self._compress = _COMPRESS.get(settings.compression)
        self._session = PerProcess(self._make_session)
        self._verify: str | bool = settings.certificate or True
        self._cert = _client_certificate(settings)

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        body = request_of(event, as_json=self._as_json).SerializeToString()
        try:
            response = self._session.get().post(
                self._settings.endpoint,
                data=self._compress(body) if self._compress else body,
                timeout=min(timeout, self._settings.timeout),
                verify=self._verify,
                cert=self._cert,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return _unreachable(self._settings.endpoint, error)
        return _outcome(self._settings.endpoint, response)

    def shutdown(self) -> None:
        """Close the connections."""
        session = self._session.taken()
        if session is not None:
            session.close()

    def _make_session(self) -> requests.Session:
        session = requests.Session()
        session.headers["Content-Type"] = "application/x-protobuf"
        session.headers["User-Agent"] = f"otel-crumbs/{VERSION}"
        session.headers.update(self._settings.headers)
        if self._compress is not None:
            session.headers["Content-Encoding"] = self._settings.compression
        return session


def _unreachable(endpoint: str, error: requests.RequestException) -> Outcome:
    wrong_address = isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema)
    verdict = Verdict.REFUSED if wrong_address else Verdict.RETRY
    return Outcome(verdict=verdict, reason=f"{endpoint} was not reached: {_innermost(error)}"[:_REASON_LENGTH])


def _innermost(error: BaseException) -> str:
    """Return what lies under the wrappings of requests and urllib3."""
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    words = str(reason).rpartition(": ")[2]
    return f"{type(error).__name__}: {words}"


def _outcome(endpoint: str, response: requests.Response) -> Outcome:
    status = response.status_code
    said = f"{endpoint} answered {status} {response.reason}: {_excerpt(response)}".rstrip(": ")
    if status in _SUCCESS:
        return _partial(response)
    if status == _TOO_LARGE:
        return Outcome(verdict=Verdict.TOO_LARGE, reason=said)
    if status in _RETRYABLE:
        return Outcome(verdict=Verdict.RETRY, reason=said, retry_after=retry_after(response.headers.get("Retry-After")))
    return Outcome(verdict=Verdict.REFUSED, reason=said)


def _partial(response: requests.Response) -> Outcome:
    """Return what an answer of success says: it may have rejected the record all the same."""
    answer = ExportLogsServiceResponse()
    try:
        answer.ParseFromString(response.content)
    except Exception:  # noqa: BLE001 - a proxy's page instead of protobuf; it was a success nevertheless
        return DELIVERED
    partial = answer.partial_success
    if partial.rejected_log_records:
        return Outcome(verdict=Verdict.REFUSED, reason=partial.error_message or "the receiver rejected the record")
    return DELIVERED


def _excerpt(response: requests.Response) -> str:
    if "protobuf" in response.headers.get("Content-Type", ""):
        return ""
    return " ".join(response.text[:_REASON_LENGTH].split())


def retry_after(header: str | None) -> float | None:
    """Return how many seconds a ``Retry-After`` header asks for, None where it does not say."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except (TypeError, ValueError):
        return None


def _client_certificate(settings: OtlpSettings) -> str | tuple[str, str] | None:
    if settings.client_certificate and settings.client_key:
        return settings.client_certificate, settings.client_key
    return settings.client_certificate
