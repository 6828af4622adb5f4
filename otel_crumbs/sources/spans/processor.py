"""
Spans become breadcrumbs: references while the application runs, texts when an error needs them.

`on_start` and `on_end` run for every span of the application. They read the
SDK's private fields, for the properties beside them cost more than all the
rest, and a span context by position, for it is a tuple: trace id, span id,
whether it is remote.
"""
# ruff: noqa: SLF001
# mypy: disable-error-code="arg-type,assignment,operator,misc,index,union-attr,attr-defined,redundant-expr"

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import ref

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation import _SPAN_KEY

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.counters import recorded
from otel_crumbs.base.guard import guarded, report_failure
from otel_crumbs.base.instrumentations import KAFKA_SCOPES, REQUEST_SCOPES
from otel_crumbs.base.plain import cut_text
from otel_crumbs.trails import (
    CHUNK,
    Branch,
    EndedOperation,
    Operation,
    current,
    find_branch_with_open,
    get_context,
    mark_exception,
    runner,
)

from .entry import (
    DESCRIBED,
    LARGE,
    ROOT_SPAN,
    SpanEntry,
    cut_entry,
    is_large,
    is_noise,
    keep_open,
    make_entry,
    make_entry_of_unsampled,
    read_attributes,
)
from .large_values import MAX_CHARACTERS, count_characters, cut_attributes, has_large_attributes
from .unsampled_span import RecordedEvent, UnsampledSpan
from .unsampled_values import LEAST, MOST

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Event

_ticks = recorded.ticks
_ERROR = StatusCode.ERROR
# As the interpreter keeps it: a metaclass may raise when it is asked.
_get_qualname = vars(type)["__qualname__"].__get__
_CONSUMER, _INTERNAL = SpanKind.CONSUMER, SpanKind.INTERNAL
_ASGI_EVENT = "asgi.event.type"
_OPENS_OPERATION = (SpanKind.SERVER, SpanKind.CONSUMER)
_METHODS = frozenset({"http.request.method", "http.method"})


class BreadcrumbSpanProcessor(SpanProcessor):
    """
    Leaves a breadcrumb for every span that ends, and shows open ones in flight.

    Finished spans, their events and the spans still open when an error is
    captured make up its trail. The first span of kind SERVER or CONSUMER opens
    an operation. Nothing is exported and no span is changed.

    Args:
        on_operation_end: Called with operations that end with an exception on
            their root span; `otel_crumbs.install` sets it.

    """

    def __init__(self, on_operation_end: Callable[[EndedOperation], None] | None = None) -> None:
        self.on_operation_end = on_operation_end
        # Called with the seconds that there are, when the provider is told to send what waits.
        self.on_flush: Callable[[float], object] | None = None
        self.active = True

    # A function of C that returns at once: the base class' is one of Python, and is called for every span.
    _on_ending = staticmethod(callable)

    # Both are written out, with Branch.is_current(), and guarded by themselves, for they run at every span.
    def on_start(self, span: Span | UnsampledSpan, parent_context: Context | None = None) -> None:  # noqa: C901
        """Note where the span starts."""
        try:
            branch = None
            if span._parent is not None:
                try:
                    around = (get_context() if parent_context is None else parent_context)[_SPAN_KEY]
                    branch = around._events._otel_crumbs_branch
                    if type(branch) is ref:
                        branch = branch()
                except (AttributeError, LookupError, TypeError):  # no processor saw it, or its context alone is known
                    branch = None
            if (
                branch is None
                or branch.operation is None
                or current.open_blocks
                or branch._runs_in != threading.get_ident()
                or not (
                    runner.running_loop() is None
                    if branch._task is None
                    else (task := branch._task()) is not None and task is runner.current_task(task.get_loop())
                )
            ):
                branch = find_branch_of_start(span, parent_context)
                if span._context is branch.root_context:
                    span._events._otel_crumbs_branch, branch.root_span = branch, ref(span)
                    return
            if branch.parent is None:
                span._events._otel_crumbs_branch = branch.me
                newest = branch.newest
                if len(newest) < CHUNK:
                    newest.append(span)
                else:
                    _append_to_next(branch, span)
            else:
                keep_open(span, branch)
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            if is_thrown_in(error):
                raise
            report_failure("a span started", error)

    def on_end(self, span: ReadableSpan) -> None:  # noqa: C901
        """Leave the span in the trail where it started."""
        try:
            events = span._events
            try:
                mark = events._otel_crumbs_branch
            except AttributeError:  # it started before anybody looked
                return
            if mark is None or span._status._status_code is _ERROR or events._dq:
                self._end(span, mark, notable=span._status._status_code is _ERROR or len(events._dq) > 0)
                return
            if type(mark) is not ref:
                self._end_quietly(span, mark, span._name, span._attributes._dict)
                return
            # Most are among the newest entries of their branch, and there is nothing more to say.
            events._otel_crumbs_branch = None
            attributes = span._attributes._dict
            if span._kind is _INTERNAL and _ASGI_EVENT in attributes:  # see `is_noise`
                return
            next(_ticks)
            # The body of has_large_attributes() without the call.
            name = span._name
            total = len(name) if type(name) is str else count_characters(name)
            for value in attributes.values():
                if type(value) is str:
                    total += len(value)
                elif type(value) is not int or not LEAST < value < MOST:
                    total += count_characters(value)
            if total > MAX_CHARACTERS and (branch := mark()) is not None:
                _settle_large(branch, events)
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
        """Have error events sent in part of the time, for the process may be frozen now; True, as no span waits."""
        if self.on_flush is not None:
            guarded("error events were sent")(self.on_flush)(timeout_millis / 1000)
        return True

    def end_unsampled(self, span: UnsampledSpan) -> None:
        """Leave a span that a sampler dropped in the trail where it started."""
        try:
            if not self.active:
                return
            kept = span._events
            mark, failed = kept._otel_crumbs_branch, kept.status._status_code is _ERROR
            # One of the thousands that a streamed answer has.
            is_asgi_event = span._kind is _INTERNAL and _ASGI_EVENT in kept.attributes
            if mark is None or failed or kept.events or is_asgi_event:
                self._end(span, mark, notable=failed or len(kept.events) > 0)
            elif type(mark) is not ref:
                self._end_quietly(span, mark, kept.name, kept.attributes)
            else:
                kept._otel_crumbs_branch = None
                branch = mark()
                if branch is not None:
                    next(_ticks)
                    if kept.may_be_large and has_large_attributes(kept.name, kept.attributes):
                        _settle_large(branch, kept)
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            # A wrapping guard would be dear at every span.
            if is_thrown_in(error):
                raise
            report_failure("a span that is sampled out ended", error)

    def _end_quietly(
        self, span: ReadableSpan | UnsampledSpan, branch: Branch, name: str, attributes: Mapping[str, Any]
    ) -> None:
        """End a span that neither failed nor has events; most of these are root spans that leave nothing behind."""
        if (
            span._context is not branch.root_context
            or branch.open_spans
            or branch.children
            or span._kind is _CONSUMER
            or has_large_attributes(name, attributes)
        ):
            self._end(span, branch, notable=False)
        else:
            span._events._otel_crumbs_branch = None
            branch.operation.end(name, attributes, span._context)

    def _end(self, span: ReadableSpan | UnsampledSpan, mark: Branch | ref[Branch] | None, *, notable: bool) -> None:
        events, is_among_newest = span._events, type(mark) is ref
        branch = mark() if is_among_newest else mark or find_branch_with_open(span._context)
        events._otel_crumbs_branch = None
        if branch is None:
            return
        if branch.open_spans:
            branch.open_spans.pop(events, None)
        if span._context is branch.root_context:
            self._end_operation(span, branch, notable=notable)
            return
        if is_noise(span):
            return
        described = notable and _remember_exception(span, branch)
        large = is_large(span)
        if is_among_newest:
            events._otel_crumbs_found = DESCRIBED if described else 0
            next(_ticks)
            if large:
                _settle_large(branch, events)
        else:
            make = make_entry_of_unsampled if type(span) is UnsampledSpan else make_entry
            made = make(span, branch.name, described=described)
            branch.append(cut_entry(made) if large else made)

    def _end_operation(self, span: ReadableSpan | UnsampledSpan, branch: Branch, *, notable: bool) -> None:
        operation = branch.operation
        name, attributes = span.name, read_attributes(span)
        large = is_large(span) if notable else has_large_attributes(name, attributes)
        if operation is not None:
            if large:
                name, attributes = cut_text(str(name)), cut_attributes(attributes)
            operation.end(name, attributes, span._context)
        if notable:
            make = make_entry_of_unsampled if type(span) is UnsampledSpan else make_entry
            made = make(span, branch.name, described=_remember_exception(span, branch))
            entry = SpanEntry._make(cut_entry(made) if large else made)
            branch.append(entry._replace(kind=ROOT_SPAN))
            if self.on_operation_end is not None:
                ended = EndedOperation(span=span, branch=branch, exception=_find_exception(span))
                if operation is not None:
                    operation.failed = ended.exception is not None
                self.on_operation_end(ended)
        if branch.open_spans or branch.children:
            branch.release_open_spans()
        if span._kind is _CONSUMER and span.instrumentation_scope.name in KAFKA_SCOPES:
            # The span of a message ends when the message is handed out, before anybody works on it.
            current.continue_in(branch)


def find_branch_of_start(span: Span | UnsampledSpan, parent_context: Context | None) -> Branch:
    """Return the branch of a span that starts: the first one of kind SERVER or CONSUMER opens an operation."""
    parent, context = span._parent, span._context
    if parent is not None and not parent[2]:
        branch = current.find_branch_at(parent, parent_context)
        if branch.operation is not None or not _is_request(span):
            return branch
        return current.begin(Operation(context[0], context[1]), context)
    if span._kind not in _OPENS_OPERATION:
        return current.find_branch_at(None, parent_context)
    if not current.open_blocks:
        return current.begin(Operation(context[0], context[1]), context)
    around = current.find_branch_at(None, parent_context).operation
    return current.begin(Operation(context[0], context[1], within=around), context)


def _is_request(span: Span | UnsampledSpan) -> bool:
    """
    Return whether a span is the first work that somebody asked for, where its parent is in no operation.

    A whole program may run in a span, as the commands of click do.
    """
    if span._kind is not _INTERNAL:
        return span._kind in _OPENS_OPERATION
    scope = span.instrumentation_scope
    return scope is not None and scope.name in REQUEST_SCOPES and not _METHODS.isdisjoint(span.attributes or ())


def _settle_large(branch: Branch, events: Any) -> None:
    """Have a span with large values become an entry at once, which has copies of them that are cut."""
    events._otel_crumbs_found = getattr(events, "_otel_crumbs_found", 0) | LARGE
    branch.make_room()


def _append_to_next(branch: Branch, span: Any) -> None:
    """Add a span to the next chunk, unless another processor of this class has just added it to the last one."""
    if branch.newest[-1] is not span:
        branch.make_room()
        branch.newest.append(span)


def _ignore_start(span: Span | UnsampledSpan, parent_context: Context | None = None) -> None:
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
    if exception is None and type(span) is UnsampledSpan and span.status.status_code is _ERROR:
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
    name = _get_qualname(type(exception))
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
