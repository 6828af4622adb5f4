"""What an async engine of SQLAlchemy's carries out, and fails to, with all instrumentations below it."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.libraries.describing import details, reported


async def read_trail(engine: Any, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements in one operation and one transaction; return its trail."""
    from sqlalchemy import text  # noqa: PLC0415 - it is instrumented before the application imports it

    async with otel_crumbs.operation("request"):
        with suppress(Exception):
            async with engine.begin() as connection:
                for statement in statements:
                    await connection.execute(text(statement), {"item": "secret"} if ":item" in statement else {})
        trail = list(otel_crumbs.trail())
    assert all(details(each) for each in trail)
    assert "secret" not in str(trail)
    return reported(trail)


async def work(url: str) -> dict[str, Any]:
    """Return the trails of a transaction that succeeds and of one that fails, and of a server that is not there."""
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - it is instrumented before

    engine = create_async_engine(url)
    trails = {"connected": await read_trail(engine)}
    trails["succeeded"] = await read_trail(engine, "select 1 + 1", "select 2")
    trails["failed"] = await read_trail(engine, "select 3", "select pieces from hats where item = :item")
    await engine.dispose()
    return trails


def main() -> None:
    """Print the trails."""
    for instrumentor in (SQLAlchemyInstrumentor, AsyncPGInstrumentor, PsycopgInstrumentor, SQLite3Instrumentor):
        instrumentor().instrument()
    trace.set_tracer_provider(TracerProvider())
    with capture_events(spool_dir="none"):
        print(json.dumps(asyncio.run(work(sys.argv[1]))))  # noqa: T201 - for the test that runs it


if __name__ == "__main__":
    main()
