"""
Spans become breadcrumbs: references while the application runs, texts when an error needs them.

`on_start` and `on_end` run for every span of the application. They read the
SDK's private fields, for the properties beside them cost more than all the
rest, and a span context by position, for it is a tuple: trace id, span id,
whether it is remote.
"""
# ruff: noqa: SLF001
# mypy: disable-error-code="assignment,index,union-attr,attr-defined,redundant-expr"

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import ref

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.instrumentations import KAFKA_SCOPES
from otel_crumbs.trails import (
    MAX_OPEN_SPANS,
    NOTABLE,
    Branch,
    EndedOperation,
    Entry,
    Operation,
    current,
    find_branch_with_open,
    get_ambient_branch,
    get_operation_branch,
    mark_exception,
    runner,
)

from .entry import ROOT_SPAN, SPAN, OpenSpanTable, SpanEntry
from .unsampled_span import RecordedEvent, UnsampledSpan

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Event
    from opentelemetry.trace import SpanContext

_ERROR = StatusCode.ERROR
_CONSUMER, _INTERNAL = SpanKind.CONSUMER, SpanKind.INTERNAL
_ASGI_EVENT = "asgi.event.type"
_NAME, _SCOPE = SpanEntry._fields.index("name"), SpanEntry._fields.index("scope")
_EVENTS = SpanEntry._fields.index("events")
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
            if parent is None or parent[2]:  # it is remote
                branch = find_branch_of_root(span._context, span._kind, parent_context)
            else:
                branch = get_operation_branch()
                opened = None if branch is None else branch.open_spans
                if not opened or parent[1] not in opened or current.open_blocks:
                    branch = find_branch_of_child(parent, parent_context)
                # The body of Branch.is_current() for a thread without a loop, without the call.
                elif runner.running_loop() is not None or branch._thread != threading.get_ident():
                    branch = branch if branch.is_current() else find_branch_of_child(parent, parent_context)
            span._events._otel_crumbs_branch = branch
            opened = branch.open_spans
            if opened is None:
                opened = branch.open_spans = OpenSpanTable()
            opened[span._context[1]] = ref(span)
            if len(opened) > MAX_OPEN_SPANS:
                opened.make_room()
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            # A wrapping guard would be dear at every span.
            if is_thrown_in(error):
                raise
            report_failure("a span started", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Leave the span's references in the trail where it started."""
        try:
            span_id, events = span._context[1], span._events
            try:
                branch = events._otel_crumbs_branch or find_branch_with_open(span_id)
            except AttributeError:  # it started before anybody looked
                return
            if branch is None:
                return
            events._otel_crumbs_branch = None
            branch.open_spans.pop(span_id, None)
            if span._kind is _INTERNAL and _ASGI_EVENT in span._attributes._dict:
                return  # a streamed answer has thousands, and each would push something out
            events = events if events._dq else None
            entry = (
                span._start_time,
                (failed := span._status._status_code is _ERROR),
                branch.name,
                SPAN,
                span._instrumentation_scope,
                span._name,
                span._attributes,
                events,
                span._status,
                span._end_time,
                span._context,
                (failed or events is not None) and _remember_exception(span, branch),
            )
            if branch.operation is not None and branch.operation.span_id == span_id:
                self._end_operation(span, branch, entry)
            else:
                branch.append(entry)
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            if is_thrown_in(error):
                raise
            report_failure("a span ended", error)

    def shutdown(self) -> None:
        """Stop recording."""
        self.active = False

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits to be exported."""
        return True

    def end_unsampled(self, span: UnsampledSpan) -> None:
        """Leave the references of a span that a sampler dropped in the trail where it started."""
        try:
            kept, context = span._events, span._context
            span_id = context[1]
            branch = kept._otel_crumbs_branch or find_branch_with_open(span_id)
            kept._otel_crumbs_branch = None
            if branch is None or not self.active:
                return
            branch.open_spans.pop(span_id, None)
            if kept.kind is _INTERNAL and _ASGI_EVENT in kept.attributes:
                return
            failed, events = kept.status._status_code is _ERROR, kept.events or None
            entry = (
                kept.start_time,
                failed,
                branch.name,
                SPAN,
                kept.scope,
                kept.name,
                kept.attributes,
                events,
                kept.status,
                kept.end_time,
                context,
                (failed or events is not None) and _remember_exception(span, branch),
            )
            if branch.is_root_span(span_id):
                self._end_operation(span, branch, entry)
            else:
                branch.append(entry)
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            # A wrapping guard would be dear at every span.
            if is_thrown_in(error):
                raise
            report_failure("a span that is sampled out ended", error)

    def _end_operation(self, span: ReadableSpan | UnsampledSpan, branch: Branch, entry: Entry) -> None:
        if branch.operation is not None:
            branch.operation.name = entry[_NAME]
        if entry[NOTABLE] or entry[_EVENTS]:
            branch.append(SpanEntry._make(entry)._replace(kind=ROOT_SPAN))
            if self.on_operation_end is not None:
                self.on_operation_end(EndedOperation(span=span, branch=branch, exception=_find_exception(span)))
        if branch.open_spans or branch.children:
            branch.release_open_spans()
        if span.kind is _CONSUMER and entry[_SCOPE].name in KAFKA_SCOPES:
            # The span of a message ends when the message is handed out, before anybody works on it.
            current.continue_in(branch)


def find_branch_of_child(parent: SpanContext, parent_context: Context | None) -> Branch:
    """Return the branch of a span whose parent is in this process, where the parent is in no operation of this task."""
    branch = get_ambient_branch()
    if branch is not None and branch.find_open_span(parent[1]) and not current.open_blocks and branch.is_current():
        return branch
    return current.find_branch_at(parent, parent_context)


def find_branch_of_root(span_context: SpanContext | None, kind: SpanKind, parent_context: Context | None) -> Branch:
    """Return the branch of a span without a parent in this process: SERVER and CONSUMER open an operation."""
    if kind not in _OPENS_OPERATION:
        return current.find_branch_at(None, parent_context)
    if not current.open_blocks:
        return current.begin(Operation(span_context[0], span_context[1]))
    around = current.find_branch_at(None, parent_context).operation
    return current.begin(Operation(span_context[0], span_context[1], within=around))


def _remember_exception(span: ReadableSpan | UnsampledSpan, branch: Branch) -> bool:
    """Mark the exception that ends a span; return whether an inner span describes it."""
    exception = _find_live_exception(span)
    if exception is None:
        return False
    mark = mark_exception(exception, branch, span.context)
    described, mark.described = mark.described, True
    return described


def _find_exception(span: ReadableSpan | UnsampledSpan) -> BaseException | None:
    """Return the exception that an operation ended with; of an unsampled one also an exception that it recorded."""
    exception = _find_live_exception(span)
    if exception is None and isinstance(span, UnsampledSpan) and span.status.status_code is _ERROR:
        return span._events.exception
    return exception


def _find_live_exception(span: ReadableSpan | UnsampledSpan) -> BaseException | None:
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


def _has_type(event: Event | RecordedEvent, qualname: str) -> bool:
    recorded = (event.attributes or {}).get("exception.type", "")
    return isinstance(recorded, str) and (recorded == qualname or recorded.endswith("." + qualname))
