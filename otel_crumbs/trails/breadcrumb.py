"""The model of a breadcrumb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from types import MappingProxyType
from typing import Any

LEVELS = ("debug", "info", "warning", "error", "fatal")

# Levels that a trail keeps longer than the rest.
NOTABLE_LEVELS = frozenset({"warning", "error", "fatal"})

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The year 2262: more does not fit 64 bits, and applications choose the times of spans and records themselves.
_LAST = 2**63 - 1
_NO_DATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadcrumb:
    """
    One thing that happened before an error.

    Args:
        timestamp: When it began, in nanoseconds since the Unix epoch.
        type: What kind of thing: ``default``, ``http``, ``query``, ``error``,
            as in `Sentry's breadcrumb types
            <https://develop.sentry.dev/sdk/data-model/event-payloads/breadcrumbs/>`_.
        category: The kind of source: ``http``, ``query``, a logger's name, ...
        level: One of ``debug``, ``info``, ``warning``, ``error``, ``fatal``.
        message: A line that tells the story without the data.
        data: Details, plain values only.
        span_id: The span that it comes from, 16 hexadecimal digits.
        duration_ms: How long it took, in milliseconds.
        branch: The thread or asyncio task it was left in, where that is not
            the one which reports it.
        repeated: How many times it happened in a row.
        in_flight: True for a span that had not ended.

    """

    timestamp: int
    type: str = "default"
    category: str = "default"
    level: str = "info"
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: _NO_DATA)
    span_id: str | None = None
    duration_ms: float | None = None
    branch: str | None = None
    repeated: int = 1
    in_flight: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the breadcrumb as it goes over the wire; unknown fields are left out."""
        wire: dict[str, Any] = {
            "timestamp": format_rfc3339(self.timestamp),
            "type": self.type,
            "category": self.category,
            "level": self.level,
            "message": self.message,
            "data": dict(self.data),
        }
        if self.span_id:
            wire["span_id"] = self.span_id
        if self.duration_ms is not None:
            wire["duration_ms"] = self.duration_ms
        if self.branch:
            wire["branch"] = self.branch
        if self.repeated > 1:
            wire["repeated"] = self.repeated
        if self.in_flight:
            wire["in_flight"] = True
        return wire


def format_rfc3339(timestamp: int) -> str:
    """Return nanoseconds since the epoch as RFC 3339 in UTC with microseconds, the nearest time that can be written."""
    seconds, microseconds = divmod(min(max(timestamp, 0), _LAST) // 1000, 1_000_000)
    return f"{_format_second(seconds)}.{microseconds:06d}Z"


@lru_cache(maxsize=64)
def _format_second(seconds: int) -> str:
    # strftime() imports a module, which the last moments of an interpreter do not let it.
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:-6]
