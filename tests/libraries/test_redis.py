"""One command or pipeline is one breadcrumb, without the values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.loopback import free_port

from .describing import details, reported, trail_of


@pytest.fixture
def client(redis_port: int) -> Iterator[redis.Redis]:
    """Connect to Redis."""
    with redis.Redis(port=redis_port) as connected:
        connected.flushdb()
        yield connected


def test_a_command(client: redis.Redis) -> None:
    """Its arguments stay with the application."""
    [breadcrumb] = trail_of(lambda: client.set("cart:7", "hat"))

    assert reported([breadcrumb]) == [("query", "redis", "info", "SET ? ?")]
    assert details(breadcrumb) == {"db.system": "redis", "db.namespace": 0, "library": "redis"}


def test_a_pipeline(client: redis.Redis) -> None:
    """All of its commands are on one line."""

    def call() -> None:
        with client.pipeline() as pipeline:
            pipeline.set("cart:7", "hat")
            pipeline.get("cart:7")
            pipeline.execute()

    assert reported(trail_of(call)) == [("query", "redis", "info", "SET ? ?; GET ?")]


def test_a_command_that_is_refused(client: redis.Redis) -> None:
    """The server's words are in the data."""
    client.set("cart:7", "hat")

    [breadcrumb] = trail_of(lambda: client.lpush("cart:7", "cap"))

    words = "WRONGTYPE Operation against a key holding the wrong kind of value"
    message = f"LPUSH ? ? -> ResponseError ({words}) after a moment"
    assert reported([breadcrumb]) == [("query", "redis", "error", message)]
    assert str(breadcrumb.data["error"]).startswith("ResponseError: WRONGTYPE")


def test_a_command_that_finds_nobody() -> None:
    """It fails as a call does."""
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as client:
        [breadcrumb] = trail_of(lambda: client.get("cart:7"))

    assert reported([breadcrumb]) == [
        ("query", "redis", "error", "GET ? -> ConnectionError (connection refused) after a moment")
    ]
