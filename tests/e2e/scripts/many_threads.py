"""Serve as many requests as the first argument says, at the same time, each in a thread and each failing."""

from __future__ import annotations

import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from opentelemetry import trace
from opentelemetry.trace import SpanKind

logger = logging.getLogger("server")
tracer = trace.get_tracer("server")


def serve(number: int, everybody: threading.Barrier) -> None:
    """Leave breadcrumbs between the others', then fail."""
    with tracer.start_as_current_span("serve", kind=SpanKind.SERVER) as span:
        for step in range(3):
            everybody.wait()
            logger.warning("request %d takes step %d", number, step)
            span.add_event("walked", {"who": f"request {number} itself"})
            with tracer.start_as_current_span("step", attributes={"who": f"request {number} again"}):
                everybody.wait()
        everybody.wait()
        raise RuntimeError(f"request {number} fails")


def main(count: int) -> None:
    """Serve them all and count the failures."""
    everybody = threading.Barrier(count, timeout=60)
    with ThreadPoolExecutor(count) as pool:
        served = [pool.submit(serve, number, everybody) for number in range(count)]
    print(sum(isinstance(each.exception(), RuntimeError) for each in served))  # noqa: T201 - scripts print


if __name__ == "__main__":
    main(int(sys.argv[1]))
