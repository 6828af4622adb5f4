"""
What a full trail of a hundred spans weighs, in KiB.

    python benchmarks/memory.py
"""

from __future__ import annotations

import gc
import tracemalloc

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Tracer

from otel_crumbs import BreadcrumbSpanProcessor, trail

SPANS = 100


def statement(number: int) -> str:
    """Return a text of its own, as an application makes one for each query."""
    return f"SELECT id, name, price FROM shop_product WHERE id = {number} ORDER BY name"  # noqa: S608 - never executed


def request(tracer: Tracer) -> int:
    """Make the spans of a request; return how many breadcrumbs its trail has while it lasts."""
    with tracer.start_as_current_span("GET /products", kind=SpanKind.SERVER):
        for number in range(SPANS):
            attributes = {
                "db.system": "postgresql",
                "db.statement": statement(number),
                "db.name": "shop",
                "net.peer.port": 5432,
            }
            with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT, attributes=attributes):
                pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0]


def measure() -> float:
    """Return what is held at the end of a request with our processor, less what is held without it."""
    bare = TracerProvider(shutdown_on_exit=False).get_tracer("benchmark")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BreadcrumbSpanProcessor())
    ours = provider.get_tracer("benchmark")
    for tracer in (bare, ours):
        request(tracer)
    with ours.start_as_current_span("nothing", kind=SpanKind.SERVER):
        trail()  # the last trail gives way to an empty one, so that nothing old is counted
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    without = request(bare) - before
    before = tracemalloc.get_traced_memory()[0]
    held = request(ours) - before
    tracemalloc.stop()
    return (held - without) / 1024


if __name__ == "__main__":
    print(measure())
