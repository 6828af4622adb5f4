"""
Spans become breadcrumbs: references while the application runs, texts when an error needs them.

`on_start` and `on_end` run for every span of the application. They read the
SDK's private fields, for the properties beside them cost more than all the
rest, and a span context by position, for it is a tuple: trace id, span id,
whether it is remote.
"""
# ruff: noqa: SLF001
# mypy: disable-error-code="arg-type,assignment,index,union-attr,attr-defined,redundant-expr"

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import ref

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanKind, StatusCode
from opentelemetry.trace.propagation import _SPAN_KEY

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.counters import recorded
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.instrumentations import KAFKA_SCOPES
from otel_crumbs.trails import (
    CHUNK,
    MAX_OPEN_SPANS,
    Branch,
    EndedOperation,
    Operation,
    current,
    find_branch_with_open,
    get_context,
    mark_exception,
    runner,
)

from .entry import ROOT_SPAN, OpenSpanTable, SpanEntry, make_entry, make_entry_of_unsampled
from .unsampled_span import RecordedEvent, UnsampledSpan

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Event
    from opentelemetry.trace import SpanContext

_ticks = recorded.ticks
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

    # A function of C that returns at once: the base class' is one of Python, and is called for every span.
    _on_ending = staticmethod(callable)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note where the span starts."""
        try:
            branch = find_branch_around(span._parent, parent_context)
            if branch is None:
                branch = find_branch_of_start(span._context, span._kind, span._parent, parent_context)
            events = span._events
            events._otel_crumbs_branch = branch
            opened = branch.open_spans
            if opened is None:
                opened = branch.open_spans = OpenSpanTable()
            opened[events] = ref(span)
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
        """Leave the span in the trail where it started."""
        try:
            events = span._events
            try:
                branch = events._otel_crumbs_branch or find_branch_with_open(span._context[1])
            except AttributeError:  # it started before anybody looked
                return
            if branch is None:
                return
            events._otel_crumbs_branch = None
            branch.open_spans.pop(events, None)
            kind = span._kind
            if kind is _INTERNAL and _ASGI_EVENT in span._attributes._dict:
                return  # a streamed answer has thousands, and each would push something out
            notable = span._status._status_code is _ERROR or len(events._dq) > 0
            if span._context is branch.root_context:
                self._end_operation(span, branch, notable=notable)
            elif notable or branch.parent is not None:
                branch.append(make_entry(span, branch.name, described=notable and _remember_exception(span, branch)))
            else:
                next(_ticks)  # the body of Branch.append() for most spans, without the call
                newest = branch.newest
                newest.append(span)
                if len(newest) > CHUNK:
                    branch.make_room()
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            if is_thrown_in(error):
                raise
            report_failure("a span ended", error)

    def shutdown(self) -> None:
        """Stop recording."""
        self.active = False
        self.on_start = _ignore_start  # then no span need ask

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits to be exported."""
        return True

    def end_unsampled(self, span: UnsampledSpan) -> None:
        """Leave a span that a sampler dropped in the trail where it started."""
        try:
            kept = span._events
            branch = kept._otel_crumbs_branch or find_branch_with_open(span._context[1])
            kept._otel_crumbs_branch = None
            if branch is None or not self.active:
                return
            branch.open_spans.pop(kept, None)
            if kept.kind is _INTERNAL and _ASGI_EVENT in kept.attributes:
                return
            notable = kept.status._status_code is _ERROR or len(kept.events) > 0
            if span._context is branch.root_context:
                self._end_operation(span, branch, notable=notable)
            elif notable or branch.parent is not None:
                described = notable and _remember_exception(span, branch)
                branch.append(make_entry_of_unsampled(span, branch.name, described=described))
            else:
                branch.append(span)
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            # A wrapping guard would be dear at every span.
            if is_thrown_in(error):
                raise
            report_failure("a span that is sampled out ended", error)

    def _end_operation(self, span: ReadableSpan | UnsampledSpan, branch: Branch, *, notable: bool) -> None:
        branch.end_operation(span.name, span.attributes)
        if notable:
            make = make_entry_of_unsampled if isinstance(span, UnsampledSpan) else make_entry
            entry = SpanEntry._make(make(span, branch.name, described=_remember_exception(span, branch)))
            branch.append(entry._replace(kind=ROOT_SPAN))
            if self.on_operation_end is not None:
                self.on_operation_end(EndedOperation(span=span, branch=branch, exception=_find_exception(span)))
        if branch.open_spans or branch.children:
            branch.release_open_spans()
        if span.kind is _CONSUMER and span.instrumentation_scope.name in KAFKA_SCOPES:
            # The span of a message ends when the message is handed out, before anybody works on it.
            current.continue_in(branch)


def find_branch_around(parent: SpanContext | None, parent_context: Context | None) -> Branch | None:
    """Return the branch of the span around a new one, if that is plainly the new one's as well."""
    if parent is None:
        return None
    around = (get_context() if parent_context is None else parent_context)[_SPAN_KEY]
    if type(around) is NonRecordingSpan:  # the parent is remote, or was handed over by hand
        return None
    try:
        branch = around._events._otel_crumbs_branch
    except AttributeError:  # no processor saw it
        return None
    if branch is None or current.open_blocks:
        return None
    # The body of Branch.is_current() for a thread without a loop, without the call.
    is_current = branch._thread == threading.get_ident() if runner.running_loop() is None else branch.is_current()
    return branch if is_current else None


def find_branch_of_start(
    span_context: SpanContext, kind: SpanKind, parent: SpanContext | None, parent_context: Context | None
) -> Branch:
    """Return the branch of a span that starts: local root spans of kind SERVER and CONSUMER open an operation."""
    if parent is not None and not parent.is_remote:
        return current.find_branch_at(parent, parent_context)
    if kind not in _OPENS_OPERATION:
        return current.find_branch_at(None, parent_context)
    if not current.open_blocks:
        return current.begin(None, span_context)
    around = current.find_branch_at(None, parent_context).operation
    return current.begin(Operation(span_context.trace_id, span_context.span_id, within=around), span_context)


def _ignore_start(span: Span, parent_context: Context | None = None) -> None:
    """Do nothing."""


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
