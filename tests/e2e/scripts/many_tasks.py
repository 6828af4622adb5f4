"""Serve as many requests as the first argument says, at the same time, each in a task and each failing."""

from __future__ import annotations

import asyncio
import logging
import sys

from opentelemetry import trace
from opentelemetry.trace import SpanKind

logger = logging.getLogger("server")
tracer = trace.get_tracer("server")


async def fetch(number: int, part: str) -> None:
    """Leave breadcrumbs in a task below the request's."""
    with tracer.start_as_current_span("fetch", attributes={"who": f"request {number} again", "part": part}):
        await asyncio.sleep(0)
        logger.warning("request %d fetches %s", number, part)
        await asyncio.to_thread(logger.warning, "request %d parses %s in a thread", number, part)


async def serve(number: int) -> None:
    """Leave breadcrumbs between the others', then fail."""
    with tracer.start_as_current_span("serve", kind=SpanKind.SERVER) as span:
        for step in range(3):
            await asyncio.sleep(0)
            logger.warning("request %d takes step %d", number, step)
            span.add_event("walked", {"who": f"request {number} itself"})
        await asyncio.gather(fetch(number, "head"), fetch(number, "body"))
        raise RuntimeError(f"request {number} fails")


async def main(count: int) -> None:
    """Serve them all and count the failures."""
    served = await asyncio.gather(*(serve(number) for number in range(count)), return_exceptions=True)
    print(sum(isinstance(each, RuntimeError) for each in served))  # noqa: T201 - scripts print


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
