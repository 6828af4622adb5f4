"""
The exporter of envelopes, for Sentry and the trackers that speak its protocol: GlitchTip, Bugsink, Spotlight.

See `envelopes <https://develop.sentry.dev/sdk/data-model/envelopes/>`_.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from otel_crumbs.base.addresses import show_address
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.export.exporter import Outcome, Verdict
from otel_crumbs.export.http.document import encode_json
from otel_crumbs.export.http.poster import USER_AGENT, Poster
from otel_crumbs.export.http.responses import ReceiverResponse, outcome_of
from otel_crumbs.trails import format_rfc3339

from .dsn import Dsn
from .payload import SDK, payload_of
from .remarks import add_remarks, has_marks

# https://develop.sentry.dev/sdk/expected-features/rate-limiting/
_ERROR_CATEGORIES = frozenset({"error", "default", "all"})
_DEFAULT_PAUSE = 60.0
_TOO_MANY = 429
# Trackers keep events in PostgreSQL, which takes no NUL in JSON. Behind a backslash that is escaped itself it is text.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class SentryExporter:
    """
    Sends each event as an envelope.

    Args:
        dsn: The address of a project.
        max_bytes: What an envelope may weigh.

    """

    name = "sentry"

    def __init__(self, dsn: Dsn, *, max_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        auth = f"Sentry sentry_key={dsn.key}, sentry_version=7, sentry_client={USER_AGENT}"
        headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth}
        self.destination = show_address(dsn.endpoint)
        self._poster = Poster(dsn.endpoint, headers, compression="gzip")

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        response = self._poster.post(self._encode(event), timeout)
        return response if isinstance(response, Outcome) else _find_outcome(response)

    def show(self, event: ErrorEvent) -> str:
        """Return the envelope of one event."""
        return self._encode(event).decode()

    def shutdown(self) -> None:
        """Close the connections."""
        self._poster.close()

    def _encode(self, event: ErrorEvent) -> bytes:
        return encode_within(event, envelope_of, self._max_bytes)


def envelope_of(event: ErrorEvent) -> bytes:
    """Return the envelope of one event."""
    document = payload_of(event)
    payload = encode_json(document)
    if has_marks(payload):
        payload = encode_json(add_remarks(document))
    payload = _NUL.sub(rb"\1\\ufffd", payload)
    header = {"event_id": event.event_id, "sent_at": format_rfc3339(time.time_ns()), "sdk": SDK}
    item = {"type": "event", "content_type": "application/json", "length": len(payload)}
    return b"\n".join([encode_json(header), encode_json(item), payload, b""])


def _find_outcome(response: ReceiverResponse) -> Outcome:
    wait = parse_rate_limits(response.headers.get("X-Sentry-Rate-Limits"))
    outcome = outcome_of(response)
    if response.success and not _is_sentry_response(response):
        # A proxy's page with the status 200 must not count as delivery: every event would be lost unnoticed.
        return Outcome(verdict=Verdict.RETRY, reason=f"{response.summary} (no answer of a Sentry)")
    if response.status == _TOO_MANY and wait is None and outcome.retry_after is None:
        wait = _DEFAULT_PAUSE
    return outcome if wait is None else replace(outcome, retry_after=wait)


def _is_sentry_response(response: ReceiverResponse) -> bool:
    """Return whether the body is a JSON object or empty, as those of Sentry are."""
    if not response.body.strip():
        return True
    try:
        return isinstance(json.loads(response.body), Mapping)
    except (ValueError, RecursionError):
        return False


def parse_rate_limits(header: str | None) -> float | None:
    """Return for how many seconds the rate limits of a response hold back errors, None if they do not."""
    return max(_iterate_limits(header or ""), default=None)


def _iterate_limits(header: str) -> Iterator[float]:
    for limit in header.split(","):
        seconds, _, rest = limit.strip().partition(":")
        categories: Any = {category for category in rest.partition(":")[0].split(";") if category}
        if seconds.isdecimal() and (not categories or categories & _ERROR_CATEGORIES):
            yield float(seconds)
