"""Several error events in one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within

from .exporter import Outcome, Verdict

# The default of the receivers of OTLP: a larger request would be refused. See
# https://github.com/open-telemetry/opentelemetry-collector/blob/main/config/configgrpc/README.md
MAX_REQUEST = 4 * 1024 * 1024 - 1024


def encode_batch(
    events: Sequence[ErrorEvent], encode: Callable[[ErrorEvent], bytes], max_bytes: int
) -> bytes | Outcome:
    """
    Return the request that exports several events, or why there is none.

    Args:
        events: The events.
        encode: Returns the request of one of them; requests one after the other are one request.
        max_bytes: What each of them may weigh.

    """
    request = b"".join([encode_within(event, encode, max_bytes) for event in events])
    if len(request) > MAX_REQUEST:
        return Outcome(verdict=Verdict.TOO_LARGE, reason=f"{len(events)} events have {len(request)} bytes")
    return request
