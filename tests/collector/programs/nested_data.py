"""Report an exception whose trail holds nested data, and print where it happened."""

# ruff: noqa: T201, TRY301 - what it prints is its output, and it fails as applications do

from __future__ import annotations

import json

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs

CART = {
    "items": [{"sku": "A-1", "price": 12.5, "gift": True}, {"sku": "B-2", "price": 0.0, "gift": False}],
    "coupons": [],
    "customer": {"name": "Zoë ☃", "id": 2**40, "newsletter": None},
}


def main() -> None:
    """Fail in a span, report the failure and wait until it is sent."""
    trace.set_tracer_provider(TracerProvider())
    otel_crumbs.install()
    with trace.get_tracer("shop").start_as_current_span("checkout") as span:
        otel_crumbs.record("cart priced", category="shop.cart", data=CART)
        otel_crumbs.record("card refused", category="shop.card", level="warning", type="http", data={"code": 402})
        try:
            raise ValueError("cannot pay 42")
        except ValueError as error:
            event_id = otel_crumbs.capture_exception(error)
        context = span.get_span_context()
    here = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}", "event_id": event_id}
    print(json.dumps({**here, "flushed": otel_crumbs.flush(10)}))


if __name__ == "__main__":
    main()
