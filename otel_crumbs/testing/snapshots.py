"""Events with a fixed clock and fixed ids, which are the same in every run, for snapshots."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from otel_crumbs.event import ErrorEvent
from otel_crumbs.trails import Breadcrumb

# 1 January 2026, in nanoseconds.
START = 1_767_225_600_000_000_000
STEP = 1_000_000
_DURATION = re.compile(r"(?P<before> in | after | in flight for )\d+(?:\.\d+)? (?:ms|s)\b")


def freeze_event(event: ErrorEvent) -> ErrorEvent:
    """
    Return an event with a fixed clock and fixed ids.

    Breadcrumbs are a millisecond apart and so is the error; every duration is
    one millisecond; ids count from one in the order in which they appear.
    """
    span_ids: dict[str, str] = {}
    breadcrumbs = tuple(_freeze_breadcrumb(item, index, span_ids) for index, item in enumerate(event.breadcrumbs))
    return replace(
        event,
        event_id=f"{1:032x}",
        timestamp=START + len(breadcrumbs) * STEP,
        trace_id=1 if event.trace_id else 0,
        span_id=1 if event.span_id else 0,
        breadcrumbs=breadcrumbs,
    )


def _freeze_breadcrumb(breadcrumb: Breadcrumb, index: int, span_ids: dict[str, str]) -> Breadcrumb:
    span_id = breadcrumb.span_id
    data: dict[str, Any] = dict(breadcrumb.data)
    if "duration_ms" in data:
        data["duration_ms"] = 1.0
    return replace(
        breadcrumb,
        timestamp=START + index * STEP,
        message=_DURATION.sub(r"\g<before>1 ms", breadcrumb.message),
        data=data,
        span_id=span_ids.setdefault(span_id, f"{len(span_ids) + 1:016x}") if span_id else None,
        duration_ms=None if breadcrumb.duration_ms is None else 1.0,
    )
