"""The exporter of log records through the application's own LoggerProvider."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider

from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.base.identity import SCOPE, VERSION
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.model import APP_CRASH
from otel_crumbs.event.trim import cut_event

from .exporter import DELIVERED, Outcome, Verdict
from .otlp.attributes import attributes_of
from .otlp.wire import encode_request, format_request, weigh_request

_NO_PROVIDER = (
    "the application has no OpenTelemetry LoggerProvider. "
    "Remedy: set one up, or OTEL_LOGS_EXPORTER=otlp under opentelemetry-instrument, or use another exporter"
)


class AppLogsExporter:
    """
    Emits each event as a log record of the application.

    An event counts as delivered once the application's log processors have it.

    Args:
        as_json: Whether the breadcrumbs are one JSON string.
        max_bytes: What a record may weigh in OTLP.

    """

    name = "app_logs"
    # An event has to stand beside the log lines of its own process, so a later one does not deliver it.
    spool = False

    def __init__(self, *, as_json: bool = False, max_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._as_json = as_json
        self._max_bytes = max_bytes

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Emit one event."""
        provider = _logs.get_logger_provider()
        if not isinstance(provider, LoggerProvider):
            return Outcome(verdict=Verdict.REFUSED, reason=_NO_PROVIDER)
        event = self._cut(event)
        provider.get_logger(SCOPE, VERSION).emit(
            timestamp=event.timestamp,
            observed_timestamp=time.time_ns(),
            context=_make_context(event),
            severity_number=SeverityNumber.FATAL if event.fatal else SeverityNumber.ERROR,
            severity_text="FATAL" if event.fatal else "ERROR",
            body=event.title,
            attributes=_unify_items(_make_attributes(event, as_json=self._as_json)),
            event_name=event.name,
        )
        return DELIVERED

    def show(self, event: ErrorEvent) -> str:
        """Return the record, as OTLP would have it, of one event."""
        return format_request(encode_request(self._cut(event), as_json=self._as_json))

    def shutdown(self) -> None:
        """Do nothing, since the application shuts its provider down."""

    def _cut(self, event: ErrorEvent) -> ErrorEvent:
        return cut_event(event, self._max_bytes, weigh=partial(weigh_request, as_json=self._as_json))


def _make_attributes(event: ErrorEvent, *, as_json: bool) -> Mapping[str, Any]:
    """Return the attributes, with the resource of a process that has died: the provider has another one."""
    attributes = attributes_of(event, as_json=as_json)
    return {**event.resource, **attributes} if event.name == APP_CRASH else attributes


def _make_context(event: ErrorEvent) -> Context:
    """Return a context in which the span of the event is current, from which the SDK takes the record's ids."""
    span_context = trace.SpanContext(
        trace_id=event.trace_id,
        span_id=event.span_id,
        is_remote=False,
        trace_flags=trace.TraceFlags(event.trace_flags),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(span_context), Context())


def _unify_items(value: Any) -> Any:
    """
    Return plain values in which the items of a list have one type, and no key is empty.

    Some releases of the SDK drop lists of mixed types, some drop empty keys,
    and both write a warning into the application's log.
    """
    if isinstance(value, Mapping):
        return {key or "<empty>": _unify_items(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_unify_items(item) for item in value]
    kinds = {type(item) for item in items}
    if len(kinds) <= 1 and not kinds & {list, type(None)}:
        return items
    return [item if isinstance(item, str) else json.dumps(item) for item in items]
