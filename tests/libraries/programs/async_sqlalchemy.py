"""Statements of an async engine of SQLAlchemy's, of which the instrumentation starts two spans each, and ends one."""

from __future__ import annotations

import asyncio
import json

from opentelemetry import trace
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs.testing import capture_events


async def work() -> None:
    """Execute three statements in one operation, and report an error after them."""
    from sqlalchemy import text  # noqa: PLC0415 - it is instrumented before the application imports it
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - it is instrumented before

    engine = create_async_engine("sqlite+aiosqlite:///:memory:")
    async with otel_crumbs.operation("request"), engine.connect() as connection:
        for number in range(3):
            await connection.execute(text(f"select {number}"))
        otel_crumbs.capture_exception(ValueError("boom"))
    await engine.dispose()


def main() -> None:
    """Print the trail of the error."""
    SQLAlchemyInstrumentor().instrument()
    trace.set_tracer_provider(TracerProvider())
    with capture_events(spool_dir="none") as events:
        asyncio.run(work())
        print(json.dumps({"boom": [[crumb.message] for crumb in events[0].breadcrumbs]}))  # noqa: T201 - for the test that runs it


if __name__ == "__main__":
    main()
