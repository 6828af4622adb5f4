"""Spans become breadcrumbs: references while the application runs, words when an error asks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from otel_crumbs.guard import tell
from otel_crumbs.trail import Branch, Entry, Operation, current, remember

from .span_entry import render_ended, render_open, render_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Event

_ERROR = StatusCode.ERROR
_OPENS_OPERATION = (SpanKind.SERVER, SpanKind.CONSUMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOperation:
    """
    An operation whose root span has just ended.

    Args:
        span: The root span.
        branch: The operation's first branch.
        exception: What it failed with, None where only the span's own
            record of it is left, or nothing failed.

    """

    span: ReadableSpan
    branch: Branch
    exception: BaseException | None


class BreadcrumbSpanProcessor(SpanProcessor):
    """
    Leaves a breadcrumb for every span that ends, and shows open ones in flight.

    Finished spans, their events and the spans still open when an error is
    captured make up its trail. A local root span of kind SERVER or CONSUMER
    opens an operation. Nothing is exported and no span is changed.

    Args:
        on_operation_end: Told of operations that end with an exception on
            their root span; `otel_crumbs.install` sets it.

    """

    def __init__(self, on_operation_end: Callable[[EndedOperation], None] | None = None) -> None:
        self.on_operation_end = on_operation_end
        self.active = True
        current.entry_of_open_span = _entry_of_open_span

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note where the span starts."""
        try:
            if not self.active:
                return
            parent = span.parent
            if parent is None or parent.is_remote:
                current.span_started(span, _branch_of_local_root(span, parent_context))
                return
            found = current.open_spans.get(parent.span_id)
            if found is not None and not current.opened_by_hand and found[0].is_mine():
                current.span_started(span, found[0])
            else:
                current.span_started(span, current.branch_at(parent, parent_context))
        except Exception as error:  # noqa: BLE001 - on the hot path, where a wrapping guard is dear
            tell("a span started", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Leave the span's references in the trail where it started."""
        try:
            found = current.open_spans.pop(span.context[1], None)
            if found is None:
                return
            branch = found[0]
            events: Sequence[Event] = span._events  # noqa: SLF001 - the property copies the list
            failed = span._status.status_code is _ERROR  # noqa: SLF001 - as above, on the hot path
            told = _remember_exception(span, branch) if events or failed else False
            operation = branch.operation
            is_root = operation is not None and operation.span_id == span.context[1]
            entry = (
                span._start_time,  # noqa: SLF001
                failed,
                branch.name,
                render_root if is_root else render_ended,
                span._name,  # noqa: SLF001
                span._instrumentation_scope,  # noqa: SLF001
                span._kind,  # noqa: SLF001
                span._attributes,  # noqa: SLF001
                events or None,
                span._status,  # noqa: SLF001
                span._end_time,  # noqa: SLF001
                span._context,  # noqa: SLF001
                told,
            )
            if not is_root:
                branch.append(entry)
            else:
                self._operation_ended(span, branch, entry)
        except Exception as error:  # noqa: BLE001 - on the hot path, where a wrapping guard is dear
            tell("a span ended", error)

    def shutdown(self) -> None:
        """Stop recording."""
        self.active = False

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing is kept back."""
        return True

    def _operation_ended(self, span: ReadableSpan, branch: Branch, entry: Entry) -> None:
        if branch.operation is not None:
            branch.operation.name = span.name
        if not entry[8] and not entry[1]:
            return
        branch.append(entry)
        if self.on_operation_end is not None:
            self.on_operation_end(EndedOperation(span=span, branch=branch, exception=_live_exception(span)))


def _branch_of_local_root(span: Span, parent_context: Context | None) -> Branch:
    if span.kind not in _OPENS_OPERATION:
        return current.branch_at(None, parent_context)
    around = current.branch_at(None, parent_context).operation if current.opened_by_hand else None
    span_context = span.context
    return current.begin(Operation(trace_id=span_context.trace_id, span_id=span_context.span_id, within=around))


def _remember_exception(span: ReadableSpan, branch: Branch) -> bool:
    """Mark the exception that ends a span; return whether an inner span has told of it."""
    exception = _live_exception(span)
    if exception is None:
        return False
    mark = remember(exception, branch, span.context)
    told, mark.told = mark.told, True
    return told


def _live_exception(span: ReadableSpan) -> BaseException | None:
    """
    Return the exception object that leaves through a span.

    A span that was opened inside an ``except`` block sees the exception that
    is being handled there, which is not its own: so the span must say so too.
    """
    exception = sys.exc_info()[1]
    if exception is None:
        return None
    name = type(exception).__qualname__
    description = span.status.description
    if span.status.status_code is _ERROR and description and description.startswith(name):
        return exception
    for event in span.events:
        if event.name == "exception" and _names(event, name):
            return exception
    return None


def _names(event: Event, qualname: str) -> bool:
    recorded = (event.attributes or {}).get("exception.type", "")
    return isinstance(recorded, str) and (recorded == qualname or recorded.endswith("." + qualname))


def _entry_of_open_span(branch: Branch, span: Span) -> Entry | None:
    operation = branch.operation
    root = operation is not None and operation.span_id == span.context.span_id
    return render_open(branch, span, is_root=root)
