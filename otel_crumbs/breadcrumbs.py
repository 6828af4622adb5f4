"""
The API of raven's `breadcrumbs` module, which brought them to Python.

``from otel_crumbs import breadcrumbs`` replaces ``from raven import breadcrumbs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .sources import lazy_notes, notes
from .sources.logs.callbacks import register_logging_handler, register_special_log_handler
from .sources.logs.thresholds import ignore_logger

__all__ = ["ignore_logger", "record", "register_logging_handler", "register_special_log_handler"]


def record(
    message: str | None = None,
    timestamp: float | datetime | None = None,
    level: str | None = None,
    category: str | None = None,
    data: Mapping[str, Any] | None = None,
    type: str | None = None,  # noqa: A002 - raven's word
    processor: Callable[[dict[str, Any]], Any] | None = None,
) -> None:
    """
    Leave a breadcrumb right here; the arguments stand in raven's order.

    Never raises: an argument that cannot be used is left out, with a warning.

    Args:
        message: The breadcrumb in one line; made from *data* if None.
        timestamp: Seconds since the epoch or a datetime; now if None.
        level: ``debug``, ``info``, ``warning``, ``error`` or ``fatal``.
        category: The part of the application that it comes from; 128 characters at most.
        data: Details.
        type: ``default``, ``http``, ``query``, ``error``, ...
        processor: Called once, when an error event needs the breadcrumb, with a
            dict of its fields (``timestamp``, ``level``, ``message``,
            ``category``, ``type``, ``data``), which it may change in place.

    """
    if processor is not None:
        lazy_notes.record_lazily(
            processor,
            message=message,
            category=category,
            level=level or "info",
            type=type or "default",
            data=data,
            timestamp=timestamp,
        )
        return
    notes.record(
        message,
        category=category,
        level=level or "info",
        type=type or "default",
        data=data,
        timestamp=timestamp,
    )
