"""A page of FastAPI: three statements on SQLite, two log lines, an answer in JSON."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fastapi import FastAPI

logger = logging.getLogger("shop")


def make() -> Callable[[str], None]:
    """Set the site up."""
    application = FastAPI()
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("create table orders (id integer primary key, name text)")
    database.executemany("insert into orders values (?, ?)", [(number, f"o{number}") for number in range(50)])

    @application.get("/orders/{number}")
    async def order(number: int) -> dict[str, Any]:
        logger.info("order %d is asked for", number)
        cursor = database.cursor()
        found = cursor.execute("select count(*) from orders where id = ?", (number,)).fetchone()[0]
        names = [row[0] for row in cursor.execute("select name from orders order by name limit 5")]
        [(count,)] = cursor.execute("select count(*) from orders")
        logger.info("%d of %d orders", len(names), count)
        if not found:
            raise LookupError(f"order {number} is not there")
        return {"order": number, "names": names}

    _instrument(application)
    loop = asyncio.new_event_loop()

    def ask(where: str) -> None:
        # The server's middleware answers 500, and raises the error to the server.
        with suppress(LookupError):
            loop.run_until_complete(application(_scope(where), _receive, _send))

    return ask


def _instrument(application: FastAPI) -> None:
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(application)


def _scope(where: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("shop", 80),
        "client": ("127.0.0.1", 1),
        "path": where,
        "raw_path": where.encode(),
        "query_string": b"",
        "headers": [(b"host", b"shop")],
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_: dict[str, Any]) -> None:
    pass
