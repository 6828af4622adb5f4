"""One command of MongoDB is one breadcrumb, ended, on what; those of the client itself tell nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pymongo
import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from pymongo.errors import DuplicateKeyError, OperationFailure

import otel_crumbs
from otel_crumbs.testing import CapturedEvents

from .describing import details, reported

UNKNOWN_STAGE = [{"$nope": {}}]
FAILED = 'aggregate shop.{} -> failed (Unrecognized pipeline stage name: "?")'


@pytest.fixture(autouse=True)
def _traced() -> None:
    """Have the instrumentation make spans of the provider that there is: it keeps the tracer of the first one."""
    instrumentor = PymongoInstrumentor()
    instrumentor.uninstrument()
    instrumentor._commandtracer_instance = None
    instrumentor.instrument()


def query(message: str, level: str = "info") -> tuple[str, str, str, str]:
    """Return a command as it is reported."""
    return ("query", "query", level, message)


def uri(port: int) -> str:
    """Return the address of the server."""
    return f"mongodb://127.0.0.1:{port}/"


def check(events: CapturedEvents, collection: str, title: str) -> None:
    """Check the one event that there is, with its trail."""
    [event] = events
    assert event.title.partition(":")[0] == title
    *before, one, other, last = reported(list(event.breadcrumbs))
    assert before == [
        query(f"insert shop.{collection}"),
        query(f"find shop.{collection}"),
        query(f"update shop.{collection}"),
        query(FAILED.format(collection), "error"),
    ]
    # Side by side.
    assert sorted((one, other)) == [query(f"count shop.{collection}"), query(f"find shop.{collection}")]
    assert last == query(f"insert shop.{collection}")
    assert all(each.duration_ms is not None and not each.in_flight for each in event.breadcrumbs)
    assert all(details(each)["db.system"] == "mongodb" for each in event.breadcrumbs)
    assert "s3cret" not in str(event.breadcrumbs)


def test_pymongo(mongodb_port: int, events: CapturedEvents) -> None:
    """Greetings, a ping, and the end of the session are the client's own."""

    def call() -> None:
        """Call within an operation."""
        with otel_crumbs.operation("request"), pymongo.MongoClient(uri(mongodb_port)) as client:
            client.admin.command("ping")
            hats: Any = client.shop.hats
            hats.insert_one({"_id": 1, "name": "s3cret"})
            assert [each["name"] for each in hats.find({"name": "s3cret"})] == ["s3cret"]
            hats.update_one({"_id": 1}, {"$set": {"pieces": 2}})
            with pytest.raises(OperationFailure):
                hats.aggregate(UNKNOWN_STAGE)
            hats.find_one({"_id": 1})
            hats.estimated_document_count()
            hats.insert_one({"_id": 1})

    with pytest.raises(DuplicateKeyError):
        call()

    check(events, "hats", "DuplicateKeyError")


async def call_async(client: Any, collection: str) -> None:
    """Send the commands of an event loop's client, two of them side by side."""
    await client.admin.command("ping")
    hats = client.shop[collection]
    await hats.insert_one({"_id": 1, "name": "s3cret"})
    assert [each["name"] async for each in hats.find({"name": "s3cret"})] == ["s3cret"]
    await hats.update_one({"_id": 1}, {"$set": {"pieces": 2}})
    with pytest.raises(OperationFailure):
        # One of the two clients has the server asked when the answer is read.
        [each async for each in await fetch(hats.aggregate(UNKNOWN_STAGE))]
    await asyncio.gather(hats.find_one({"_id": 1}), hats.estimated_document_count())
    await hats.insert_one({"_id": 1})


async def fetch(cursor: Any) -> Any:
    """Return a cursor that one client gives at once, and the other when it is awaited."""
    return await cursor if asyncio.iscoroutine(cursor) else cursor


def test_pymongo_of_an_event_loop(mongodb_port: int, events: CapturedEvents) -> None:
    """Commands of its tasks are those of the request."""

    async def call() -> None:
        """Call within an operation."""
        async with otel_crumbs.operation("request"), pymongo.AsyncMongoClient(uri(mongodb_port)) as client:
            await call_async(client, "caps")

    with pytest.raises(DuplicateKeyError):
        asyncio.run(call())

    check(events, "caps", "DuplicateKeyError")


def test_motor(mongodb_port: int, events: CapturedEvents) -> None:
    """Its commands run in threads, and are those of the request."""

    async def call() -> None:
        """Call within an operation."""
        async with otel_crumbs.operation("request"):
            client: Any = AsyncIOMotorClient(uri(mongodb_port))
            try:
                await call_async(client, "bows")
            finally:
                client.close()

    with pytest.raises(DuplicateKeyError):
        asyncio.run(call())

    check(events, "bows", "DuplicateKeyError")
