"""
Error events in envelopes, to Sentry and the trackers that speak its protocol: GlitchTip, Bugsink, Spotlight.

See `envelopes <https://develop.sentry.dev/sdk/data-model/envelopes/>`_.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.scrub import Scrub
from otel_crumbs.export.exporter import Outcome, Verdict
from otel_crumbs.export.http.document import encode
from otel_crumbs.export.http.poster import USER_AGENT, Poster
from otel_crumbs.export.http.responses import ReceiverResponse, outcome_of
from otel_crumbs.trails import format_rfc3339

from .dsn import Dsn
from .payload import SDK, payload_of

# https://develop.sentry.dev/sdk/expected-features/rate-limiting/
_ERROR_CATEGORIES = frozenset({"error", "default", "all"})
_DEFAULT_PAUSE = 60.0
_TOO_MANY = 429
# PostgreSQL keeps no NUL in JSON, and trackers keep events in it. An even number of backslashes before is no escape.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class SentryExporter:
    """
    Sends each event as an envelope.

    Args:
        dsn: Where to.
        scrub: Takes secrets out of source lines.

    """

    name = "sentry"

    def __init__(self, dsn: Dsn, *, scrub: Scrub = str) -> None:
        self._scrub = scrub
        auth = f"Sentry sentry_key={dsn.key}, sentry_version=7, sentry_client={USER_AGENT}"
        headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth}
        self._poster = Poster(dsn.endpoint, headers, compression="gzip")

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        answer = self._poster.post(envelope_of(event, self._scrub), timeout)
        return answer if isinstance(answer, Outcome) else _find_outcome(answer)

    def shutdown(self) -> None:
        """Close the connections."""
        self._poster.close()


def envelope_of(event: ErrorEvent, scrub: Scrub = str) -> bytes:
    """Return the envelope of one event."""
    payload = _NUL.sub(rb"\1\\ufffd", encode(payload_of(event, scrub)))
    header = {"event_id": event.event_id, "sent_at": format_rfc3339(time.time_ns()), "sdk": SDK}
    item = {"type": "event", "content_type": "application/json", "length": len(payload)}
    return b"\n".join([encode(header), encode(item), payload, b""])


def _find_outcome(answer: ReceiverResponse) -> Outcome:
    wait = parse_rate_limits(answer.headers.get("X-Sentry-Rate-Limits"))
    outcome = outcome_of(answer)
    if answer.success and not _is_sentry_response(answer):
        # Taking a proxy's page for a receipt would lose every event unseen.
        return Outcome(verdict=Verdict.RETRY, reason=f"{answer.summary} (no answer of a Sentry)")
    if answer.status == _TOO_MANY and wait is None and outcome.retry_after is None:
        wait = _DEFAULT_PAUSE
    return outcome if wait is None else replace(outcome, retry_after=wait)


def _is_sentry_response(answer: ReceiverResponse) -> bool:
    """Return whether the body is one that a Sentry sends: a JSON object, or nothing."""
    if not answer.body.strip():
        return True
    try:
        return isinstance(json.loads(answer.body), Mapping)
    except (ValueError, RecursionError):
        return False


def parse_rate_limits(header: str | None) -> float | None:
    """Return for how many seconds the rate limits of an answer hold back errors, None where they do not."""
    return max(_iterate_limits(header or ""), default=None)


def _iterate_limits(header: str) -> Iterator[float]:
    for limit in header.split(","):
        seconds, _, rest = limit.strip().partition(":")
        categories: Any = {category for category in rest.partition(":")[0].split(";") if category}
        if seconds.isdecimal() and (not categories or categories & _ERROR_CATEGORIES):
            yield float(seconds)
