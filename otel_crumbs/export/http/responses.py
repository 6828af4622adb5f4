"""The meaning of an HTTP response, or of its absence, for an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from time import time
from urllib.request import getproxies

import requests

from otel_crumbs.base.addresses import hide_address, show_address
from otel_crumbs.base.printable import to_printable
from otel_crumbs.export.exporter import DELIVERED, Outcome, Verdict

_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_TOO_LARGE = 413
# https://opentelemetry.io/docs/specs/otlp/#failures-1, and all other 5xx, which proxies send for a dead receiver.
_RETRYABLE = frozenset({408, 429, *range(500, 600)})
_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverResponse:
    """
    The response of a receiver.

    Args:
        url: The URL, for the log.
        status: The status code.
        reason: The words beside the status code.
        headers: The headers, found by names in any case.
        body: The first bytes of the body.

    """

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def success(self) -> bool:
        """Whether the status is one of success."""
        return self.status in _SUCCESS

    @property
    def content_type(self) -> str:
        """The content type, in lower case."""
        return self.headers.get("Content-Type", "").lower()

    @property
    def summary(self) -> str:
        """A line about the response, for the log."""
        return to_printable(f"{self.url} answered {self.status} {self.reason}: {self._read_excerpt()}").rstrip(": ")

    def _read_excerpt(self) -> str:
        if self.status in _REDIRECT and "Location" in self.headers:
            address = show_address(self.headers["Location"])[:_REASON_LENGTH]
            return f"it has moved to {address}, and a redirect is not followed"
        if "protobuf" in self.content_type:
            return ""
        return " ".join(self.body.decode("utf-8", "replace").split())[:_REASON_LENGTH]


def outcome_of(response: ReceiverResponse) -> Outcome:
    """Return the outcome by the status of a response; what the body of a success says is for the exporter to read."""
    wait = parse_retry_after(response.headers.get("Retry-After"))
    if response.success:
        return replace(DELIVERED, retry_after=wait)
    if response.status == _TOO_LARGE:
        return Outcome(verdict=Verdict.TOO_LARGE, reason=response.summary)
    if response.status in _RETRYABLE:
        return Outcome(verdict=Verdict.RETRY, reason=response.summary, retry_after=wait)
    return Outcome(verdict=Verdict.REFUSED, reason=response.summary)


def outcome_of_failure(url: str, error: Exception) -> Outcome:
    """
    Return the outcome of a request without a response: final if the URL is wrong, else to be tried again.

    Args:
        url: The URL with all that is secret in it, of which the exception may have some.
        error: The exception.

    """
    may_pass = isinstance(error, requests.RequestException) and not isinstance(error, ValueError)
    verdict = Verdict.RETRY if may_pass else Verdict.REFUSED
    words = _format_innermost(error)
    for address in (url, *getproxies().values()):
        words = hide_address(words, address)
    reason = to_printable(f"{show_address(url)} was not reached: {words}")
    return Outcome(verdict=verdict, reason=reason[:_REASON_LENGTH])


def parse_retry_after(header: str | None) -> float | None:
    """Return how many seconds a ``Retry-After`` header asks for, None if there is none or it cannot be parsed."""
    if header is None:
        return None
    try:
        return _clamp_seconds(float(header))
    except ValueError:
        pass
    try:
        return _clamp_seconds(parsedate_to_datetime(header).timestamp() - time())
    except (TypeError, ValueError, OverflowError):
        return None


def _clamp_seconds(seconds: float) -> float | None:
    # float() takes "nan" and "inf", too.
    return max(0.0, seconds) if abs(seconds) < float("inf") else None


def _format_innermost(error: BaseException) -> str:
    """Return the reason of a failure, which the exceptions of requests and urllib3 wrap several times."""
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    words = str(reason).rpartition(": ")[2]
    return f"{type(error).__name__}: {words}"
