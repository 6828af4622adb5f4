"""A request of eight spans: one SERVER and seven children with four attributes each."""

from __future__ import annotations

import asyncio
import logging
from time import thread_time
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind, Tracer

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor, operation

from . import Batch, SetUp

if TYPE_CHECKING:
    from opentelemetry.context import Context

CHILDREN = 7
ATTRIBUTES = {
    "db.system": "postgresql",
    "db.statement": "SELECT id, name FROM shop_product WHERE id = %s",
    "db.name": "shop",
    "net.peer.port": 5432,
}


def request(tracer: Tracer) -> None:
    """Make the spans of one request."""
    with tracer.start_as_current_span("GET /products", kind=SpanKind.SERVER):
        for _ in range(CHILDREN):
            with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT, attributes=ATTRIBUTES):
                pass


class OpenSpans(SpanProcessor):
    """The least that a trail needs: which spans are open."""

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note the span."""
        self._spans[span.context.span_id] = span

    def on_end(self, span: ReadableSpan) -> None:
        """Forget the span."""
        self._spans.pop(span.context.span_id)


def _side(
    sampler: Sampler,
    processor: type[SpanProcessor] | None = None,
    *,
    in_task: bool = False,
    installed: bool = False,
    with_operation: bool = False,
) -> SetUp:
    def set_up() -> Batch:
        logging.disable(logging.CRITICAL)
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        if processor is not None:
            provider.add_span_processor(processor())
        if installed:
            trace.set_tracer_provider(provider)
            otel_crumbs.install(exporter="none")
        tracer = provider.get_tracer("benchmark")

        if with_operation:
            with operation("once"):
                request(tracer)

        def batch(loops: int) -> float:
            began = thread_time()
            for _ in range(loops):
                request(tracer)
            return thread_time() - began

        async def run_in_task(loops: int) -> float:
            return batch(loops)

        return (lambda loops: asyncio.run(run_in_task(loops))) if in_task else batch

    return set_up


SIDES = {
    "sdk": _side(ALWAYS_ON),
    "a processor that does nothing": _side(ALWAYS_ON, SpanProcessor),
    "a table of open spans": _side(ALWAYS_ON, OpenSpans),
    "otel_crumbs": _side(ALWAYS_ON, BreadcrumbSpanProcessor),
    "otel_crumbs, after an operation": _side(ALWAYS_ON, BreadcrumbSpanProcessor, with_operation=True),
    "sdk, in a task": _side(ALWAYS_ON, in_task=True),
    "otel_crumbs, in a task": _side(ALWAYS_ON, BreadcrumbSpanProcessor, in_task=True),
    "sdk, unsampled": _side(ALWAYS_OFF),
    "otel_crumbs, unsampled": _side(ALWAYS_OFF, installed=True),
}
