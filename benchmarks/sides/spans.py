"""A request of eight spans: one SERVER and seven children with four attributes each."""

from __future__ import annotations

import logging
from time import thread_time

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind, Tracer

from otel_crumbs import BreadcrumbSpanProcessor, RecordUnsampled

from . import Batch, SetUp

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


def _side(sampler: Sampler, *, ours: bool) -> SetUp:
    def set_up() -> Batch:
        logging.disable(logging.CRITICAL)
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        if ours:
            provider.add_span_processor(BreadcrumbSpanProcessor())
        tracer = provider.get_tracer("benchmark")

        def batch(loops: int) -> float:
            began = thread_time()
            for _ in range(loops):
                request(tracer)
            return thread_time() - began

        return batch

    return set_up


SIDES = {
    "sdk": _side(ALWAYS_ON, ours=False),
    "otel_crumbs": _side(ALWAYS_ON, ours=True),
    "sdk, unsampled": _side(ALWAYS_OFF, ours=False),
    "otel_crumbs, unsampled": _side(RecordUnsampled(ALWAYS_OFF), ours=True),
}
