"""Die of an exception that leaves spans on its way out; the first argument is the kind of the outer one."""

from __future__ import annotations

import logging
import sys

from opentelemetry import trace
from opentelemetry.trace import SpanKind

logger = logging.getLogger("importer")
tracer = trace.get_tracer("importer")


def main(kind: SpanKind) -> None:
    """Fail inside of two spans."""
    logger.warning("the import begins")
    with tracer.start_as_current_span("import", kind=kind) as span:
        span.add_event("file opened", {"name": "orders.csv"})
        with tracer.start_as_current_span("parse header"):
            logger.warning("the header has %d columns", 3)
        with tracer.start_as_current_span("parse line", attributes={"line": 17}):
            raise ValueError("line 17 has no price")


if __name__ == "__main__":
    main(SpanKind[sys.argv[1]])
