"""OpenTelemetry log records and events become breadcrumbs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.trace import get_current_span

from otel_crumbs.base.exceptions import format_title
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.identity import SCOPE
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.plain import MAX_MESSAGE, cut_text, to_plain, to_plain_mapping, to_text
from otel_crumbs.sources.spans.entry import FEATURE_FLAG, format_words
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind, current

from .logging_hook import is_handling_line

if TYPE_CHECKING:
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import ReadWriteLogRecord

    from otel_crumbs.sources.rules.feature_flags import describe_evaluation
else:
    describe_evaluation = LateFunction("otel_crumbs.sources.rules.feature_flags", "describe_evaluation")

_INFO, _WARN, _ERROR, _FATAL = 9, 13, 17, 21


class BreadcrumbLogRecordProcessor(LogRecordProcessor):
    """
    Leaves a breadcrumb for every log record emitted through OpenTelemetry.

    A record with an event name has that as its category, any other its scope,
    which is the logger's name. Lines of the standard `logging` that
    OpenTelemetry's handler passes on are left out while `otel_crumbs` takes
    them straight from `logging`.

    Args:
        severity: The least severity number that leaves a breadcrumb: 9 is INFO.
        on_record: Called with each record first, while it still has its live
            exception; `otel_crumbs.install` sets it.
        asks_for_records: Whether `Logger.enabled` of the provider says yes for this
            processor's sake. `otel_crumbs.install` has it say no: there the
            application's own processors decide which records are made.

    """

    def __init__(
        self,
        *,
        severity: int = _INFO,
        on_record: Callable[[ReadWriteLogRecord], None] | None = None,
        asks_for_records: bool = True,
    ) -> None:
        self.severity = severity
        self.on_record = on_record
        # Called with the seconds that there are, when the provider is told to send what waits.
        self.on_flush: Callable[[float], object] | None = None
        self.asks_for_records = asks_for_records
        self.active = True

    @guarded("a log record was recorded")
    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Leave the record in the trail of the span it was emitted in."""
        if not self.active or _is_error_event(log_record):
            return
        if self.on_record is not None:
            self.on_record(log_record)
        if not is_handling_line() and _read_severity(log_record) >= self.severity:
            _record(log_record)

    def enabled(
        self,
        *,
        context: Context | None = None,
        instrumentation_scope: Any = None,
        severity_number: SeverityNumber | None = None,
        event_name: str | None = None,
    ) -> bool:
        """Return whether such a record should be made for the breadcrumb that it would leave."""
        if not (self.active and self.asks_for_records):
            return False
        return severity_number is None or severity_number.value >= self.severity

    def shutdown(self) -> None:
        """Stop recording."""
        self.active = False

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have error events sent in part of the time, for the process may be frozen now; True, as no record waits."""
        if self.on_flush is not None:
            guarded("error events were sent")(self.on_flush)(timeout_millis / 1000)
        return True


class RecordEntry(NamedTuple):
    """The references to a log record; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    severity: int
    body: Any
    event_name: str | None
    attributes: Mapping[str, Any]
    span_id: int


def render_log_record(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a log record or event."""
    kept = RecordEntry._make(entry)
    is_exception = "exception.type" in kept.attributes and kept.event_name is not None
    evaluation = describe_evaluation(kept.event_name, kept.attributes)
    message = evaluation or _format_message(kept, is_exception=is_exception)
    yield Breadcrumb(
        timestamp=kept.timestamp,
        type="error" if is_exception else "default",
        category=FEATURE_FLAG if evaluation else to_text(kept.category),
        level=_find_level(kept.severity),
        message=to_text(message, MAX_MESSAGE),
        data=kept.attributes,
        span_id=f"{kept.span_id:016x}" if kept.span_id else None,
        branch=kept.branch,
    )


LOG_RECORD = EntryKind(render=render_log_record)


def _record(emitted: ReadWriteLogRecord) -> None:
    record = emitted.log_record
    span_context = get_current_span(record.context).get_span_context()
    branch = current.find_branch_at(span_context if span_context.is_valid else None, record.context)
    severity = _read_severity(emitted)
    scope = emitted.instrumentation_scope
    category = record.event_name or (scope.name if scope else "") or "log"
    branch.append(
        (
            record.timestamp or record.observed_timestamp or time.time_ns(),
            severity >= _WARN,
            branch.name,
            LOG_RECORD,
            cut_text(category) if type(category) is str else str(to_plain(category)),
            severity,
            to_plain(record.body),
            record.event_name and str(to_plain(record.event_name)),
            to_plain_mapping(record.attributes or {}),
            record.span_id or 0,
        )
    )


def _is_error_event(emitted: ReadWriteLogRecord) -> bool:
    """Return whether it is an error event on its way out by the exporter `app_logs`."""
    return emitted.instrumentation_scope is not None and emitted.instrumentation_scope.name == SCOPE


def _read_severity(emitted: ReadWriteLogRecord) -> int:
    number = emitted.log_record.severity_number
    return _INFO if number is None else int(number.value)


def _format_message(kept: RecordEntry, *, is_exception: bool) -> str:
    if is_exception:
        message = str(kept.attributes.get("exception.message") or "")
        return format_title(str(kept.attributes["exception.type"]), message)
    if kept.body is not None and kept.body != "":
        return str(kept.body)
    return format_words(kept.category, kept.attributes)


def _find_level(severity: int) -> str:
    if severity >= _FATAL:
        return "fatal"
    if severity >= _ERROR:
        return "error"
    if severity >= _WARN:
        return "warning"
    return "info" if severity >= _INFO else "debug"
