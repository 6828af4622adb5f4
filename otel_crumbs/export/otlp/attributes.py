"""
The attributes of an error event as a log record of OpenTelemetry.

Those of the exception are the semantic conventions': see
`exceptions in logs <https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/>`_.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.mechanisms import ANSWER
from otel_crumbs.event.frame_locals import format_locals
from otel_crumbs.event.model import APP_CRASH
from otel_crumbs.event.timeline import format_timeline

if TYPE_CHECKING:
    from otel_crumbs.event import ErrorEvent


def attributes_of(event: ErrorEvent, *, as_json: bool = False, breadcrumbs: Any = None) -> dict[str, Any]:
    """
    Return the attributes of the log record of an event, as plain values.

    Args:
        event: The event.
        as_json: Whether its breadcrumbs are one string.
        breadcrumbs: Its breadcrumbs in the form that they shall have there; a list of mappings by default.

    """
    if breadcrumbs is None:
        breadcrumbs = [breadcrumb.as_dict() for breadcrumb in event.breadcrumbs]
    attributes: dict[str, Any] = {
        **event.attributes,
        **_describe_error(event),
        "otel_crumbs.event_id": event.event_id,
        "otel_crumbs.fingerprint": event.fingerprint,
        "otel_crumbs.mechanism": event.mechanism,
        "otel_crumbs.handled": event.handled,
        "otel_crumbs.count": len(event.breadcrumbs),
        "otel_crumbs.dropped": event.dropped,
        "otel_crumbs.dropped_by_category": dict(event.dropped_by_category),
        "otel_crumbs.trail": format_timeline(event),
        "otel_crumbs.breadcrumbs": json.dumps(breadcrumbs, ensure_ascii=False, default=str) if as_json else breadcrumbs,
    }
    if event.name == APP_CRASH:
        attributes["app.crash.id"] = event.event_id
    if event.breadcrumbs:
        attributes["otel_crumbs.last.category"] = event.breadcrumbs[-1].category
        attributes["otel_crumbs.last.message"] = event.breadcrumbs[-1].message
    if event.operation:
        attributes["otel_crumbs.operation"] = event.operation
    if variables := format_locals(event.exception.frames):
        attributes["otel_crumbs.locals"] = variables
    if event.source:
        attributes["otel_crumbs.source"] = event.source
    if event.held_back:
        attributes["otel_crumbs.held_back"] = event.held_back
    if event.scrubbed:
        attributes["otel_crumbs.scrubbed"] = dict(event.scrubbed)
    if event.thread:
        attributes["thread.name"] = event.thread
    return attributes


def _describe_error(event: ErrorEvent) -> dict[str, Any]:
    """Return the attributes of the conventions; a failure that no exception led to has a message alone."""
    exception = event.exception
    if event.mechanism == ANSWER:
        # The status of the answer: https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
        return {"exception.message": exception.message, "error.type": exception.type.rpartition(" ")[2]}
    return {
        "exception.type": exception.type,
        "exception.message": exception.message,
        "exception.stacktrace": event.stacktrace,
        "error.type": exception.type,
    }
