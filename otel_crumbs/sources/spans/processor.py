"""
Spans become breadcrumbs: references while the application runs, texts when an error needs them.

`on_start` and `on_end` run for every span of the application. They read the
SDK's private fields, for the properties beside them cost more than all the
rest, and a span context by position, for it is a tuple: trace id, span id,
whether it is remote.
"""
# ruff: noqa: SLF001
# mypy: disable-error-code="index,union-attr,attr-defined,redundant-expr"

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure
from otel_crumbs.sources.rules.table import KAFKA
from otel_crumbs.trails import MAX_OPEN_SPANS, Branch, EndedOperation, Entry, Operation, current, mark_exception

from .entry import ROOT_SPAN, SPAN, SpanEntry

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Event

_ERROR = StatusCode.ERROR
_CONSUMER, _INTERNAL = SpanKind.CONSUMER, SpanKind.INTERNAL
_ASGI_EVENT = "asgi.event.type"
_OPENS_OPERATION = (SpanKind.SERVER, SpanKind.CONSUMER)


class BreadcrumbSpanProcessor(SpanProcessor):
    """
    Leaves a breadcrumb for every span that ends, and shows open ones in flight.

    Finished spans, their events and the spans still open when an error is
    captured make up its trail. A local root span of kind SERVER or CONSUMER
    opens an operation. Nothing is exported and no span is changed.

    Args:
        on_operation_end: Called with operations that end with an exception on
            their root span; `otel_crumbs.install` sets it.

    """

    def __init__(self, on_operation_end: Callable[[EndedOperation], None] | None = None) -> None:
        self.on_operation_end = on_operation_end
        self.active = True

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note where the span starts."""
        try:
            if not self.active:
                return
            parent = span._parent
            open_spans = current.open_spans
            if parent is None or parent[2]:  # it is remote
                branch = _find_branch(span, parent_context)
            else:
                found = open_spans.get(parent[1])  # by span id
                if found is not None and not current.open_blocks and found[0].is_current():
                    branch = found[0]
                else:
                    branch = current.find_branch_at(parent, parent_context)
            open_spans[span._context[1]] = (branch, span, SPAN)
            if len(open_spans) > MAX_OPEN_SPANS:
                current.forget_oldest_span()
        except BaseException as error:
            # A wrapping guard would be dear at every span.
            if is_thrown_in(error):
                raise
            report_failure("a span started", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Leave the span's references in the trail where it started."""
        try:
            context = span._context
            span_id = context[1]
            found = current.open_spans.pop(span_id, None)
            if found is None:
                return
            if span._kind is _INTERNAL and _ASGI_EVENT in span._attributes._dict:
                return  # a streamed answer has thousands, and each would push something out
            branch, status = found[0], span._status
            failed = status._status_code is _ERROR
            events = span._events if span._events._dq else None
            entry = (
                span._start_time,
                failed,
                branch.name,
                SPAN,
                span._name,
                span._instrumentation_scope,
                span._attributes,
                events,
                status,
                span._end_time,
                context,
                (failed or events is not None) and _remember_exception(span, branch),
            )
            operation = branch.operation
            if operation is None or operation.span_id != span_id:
                branch.append(entry)
            else:
                operation.name = span._name
                if failed or events is not None:
                    self._end_operation(span, branch, entry)
                if span._kind is _CONSUMER and span._instrumentation_scope.name in KAFKA:
                    # The span of a message ends when the message is handed out, before anybody works on it.
                    current.continue_in(branch)
        except BaseException as error:
            # A wrapping guard would be dear at every span.
            if is_thrown_in(error):
                raise
            report_failure("a span ended", error)

    def shutdown(self) -> None:
        """Stop recording."""
        self.active = False

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits to be exported."""
        return True

    def _end_operation(self, span: ReadableSpan, branch: Branch, entry: Entry) -> None:
        branch.append(SpanEntry._make(entry)._replace(kind=ROOT_SPAN))
        if self.on_operation_end is not None:
            self.on_operation_end(EndedOperation(span=span, branch=branch, exception=_find_live_exception(span)))


def _find_branch(span: Span, parent_context: Context | None) -> Branch:
    if span._kind not in _OPENS_OPERATION:
        return current.find_branch_at(None, parent_context)
    span_context = span._context
    if not current.open_blocks:
        return current.begin(Operation(span_context[0], span_context[1]))
    around = current.find_branch_at(None, parent_context).operation
    return current.begin(Operation(span_context[0], span_context[1], within=around))


def _remember_exception(span: ReadableSpan, branch: Branch) -> bool:
    """Mark the exception that ends a span; return whether an inner span describes it."""
    exception = _find_live_exception(span)
    if exception is None:
        return False
    mark = mark_exception(exception, branch, span.context)
    described, mark.described = mark.described, True
    return described


def _find_live_exception(span: ReadableSpan) -> BaseException | None:
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
        if event.name == "exception" and _has_type(event, name):
            return exception
    return None


def _has_type(event: Event, qualname: str) -> bool:
    recorded = (event.attributes or {}).get("exception.type", "")
    return isinstance(recorded, str) and (recorded == qualname or recorded.endswith("." + qualname))
