"""
The API of raven's `breadcrumbs` module, which brought them to Python.

``from otel_crumbs import breadcrumbs`` replaces ``from raven import breadcrumbs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .sources import by_hand
from .sources.log_floor import ignore_logger

__all__ = ["ignore_logger", "record"]


def record(
    message: str | None = None,
    timestamp: float | datetime | None = None,
    level: str | None = None,
    category: str | None = None,
    data: Mapping[str, Any] | None = None,
    type: str | None = None,  # noqa: A002 - the word of the original
) -> None:
    """
    Leave a breadcrumb right here; the arguments stand in raven's order.

    Args:
        message: A line that tells the story; made from *data* if None.
        timestamp: Seconds since the epoch or a datetime; now if None.
        level: ``debug``, ``info``, ``warning``, ``error`` or ``fatal``.
        category: Who says so.
        data: Details.
        type: ``default``, ``http``, ``query``, ``error``, ...

    """
    by_hand.record(
        message,
        category=category,
        level=level or "info",
        type=type or "default",
        data=data,
        timestamp=timestamp,
    )
