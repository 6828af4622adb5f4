"""A row of a trace beside its errors: a span, or a log record, of any service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    A span or a log record.

    Args:
        kind: ``span`` or ``log``.
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits, or nothing.
        service: The name of the service that sent it.
        timestamp: When it began, in nanoseconds since the epoch.
        duration: How long it took, in nanoseconds.
        level: As of a breadcrumb.
        category: As of a breadcrumb.
        message: A line for people.
        data: Attributes.

    """

    kind: str
    trace_id: str
    span_id: str
    service: str
    timestamp: int
    duration: int = 0
    level: str = "info"
    category: str = "span"
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
