"""
Spans that a sampler drops leave breadcrumbs, and nobody else sees more of them than before.

The SDK answers for such a span with a `NonRecordingSpan`, which keeps its
context alone. While this is installed, one that a tracer makes of a provider with a
`BreadcrumbSpanProcessor` becomes an `UnsampledSpan`, the moment it is made: the same
object with the same context. Sampler, processors, exporters and metrics of
the application are not asked and not told.

The place for that is where a `NonRecordingSpan` is made, by the arguments that
the tracer's `start_span` was called with. A stand-in for `start_span` itself would
be a frame more in every traceback through it, and cost sampled spans time.
"""
# ruff: noqa: SLF001 - tracers and spans have their parts under private names
# mypy: disable-error-code="assignment,redundant-expr,union-attr"

from __future__ import annotations

import sys
from collections.abc import Callable
from time import time_ns
from typing import Any

from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.trace import NonRecordingSpan, SpanContext

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.trails import iterate_branches

from .processor import BreadcrumbSpanProcessor
from .unsampled_span import SpanContents, UnsampledSpan
from .unsampled_values import SHORT_TEXT, copy_attributes, copy_small, copy_value

_SDK = sdk_trace.__dict__


def install() -> Undo:
    """Record spans that are dropped from now on; return the function that undoes it."""
    return combine(_stop_recording, replace(NonRecordingSpan, "__init__", _make_init))


def _make_init(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
    def __init__(self: NonRecordingSpan, context: SpanContext) -> None:  # noqa: N807 - it replaces one
        original(self, context)
        caller = sys._getframe(1)
        if caller.f_globals is _SDK and patch.active and caller.f_code.co_name == "start_span":
            try:
                _begin(self, context, caller.f_locals)
            except RecursionError:
                pass  # there is no room left on the stack, for a report neither
            except BaseException as error:
                # A wrapping guard would be dear at every span.
                if is_thrown_in(error):
                    raise
                report_failure("a span that is sampled out started", error)

    return __init__


def _begin(span: Any, span_context: SpanContext, arguments: Any) -> None:
    """Make a dropped span one that leaves a breadcrumb, by the arguments and variables of the tracer's `start_span`."""
    tracer, parent = arguments["self"], arguments["parent_span_context"]
    for processor in tracer.span_processor._span_processors:
        if isinstance(processor, BreadcrumbSpanProcessor) and processor.active:
            break
    else:
        return
    if parent is span_context or not span_context[5]:
        return  # a tracer that is disabled hands on the context around it, which may be invalid
    kept = SpanContents()
    kept._otel_crumbs_branch = None
    kept.processor = processor
    kept.tracer = tracer
    name, attributes = arguments["name"], copy_small(arguments["attributes"])
    if attributes is None or type(name) is not str or len(name) > SHORT_TEXT:
        name, attributes = copy_value(name), copy_attributes(arguments["attributes"])
        kept.may_be_large = True
    kept.name, kept.attributes = name, attributes
    kept.start_time = arguments["start_time"] or time_ns()
    kept.records_exception = arguments["record_exception"]
    kept.sets_status = arguments["set_status_on_exception"]
    # Before the class changes, for then the interpreter makes a dictionary of what the span has.
    span._events, span._parent, span._kind = kept, parent, arguments["kind"]
    span.__class__ = UnsampledSpan
    processor.on_start(span, arguments["context"])


def _stop_recording() -> None:
    """Have the open spans record nothing more."""
    for branch in iterate_branches():
        for span in branch.iterate_open_spans():
            if type(span) is UnsampledSpan:
                span.discard()
