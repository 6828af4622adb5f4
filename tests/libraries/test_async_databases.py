"""One statement of an event loop's database client is one breadcrumb, ended, with the reason where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiomysql
import aiosqlite
import asyncpg
import psycopg
import pytest
import redis.asyncio
import redis.backoff
from redis.asyncio.retry import Retry

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.loopback import free_port

from .describing import details, reported, trail_of_async
from .running import trails_of

Story = list[tuple[str, str, str, str]]

TABLE = "create temporary table stock (item varchar(20) unique, pieces int)"


def query(message: str) -> tuple[str, str, str, str]:
    """Return a statement that succeeded, as it is reported."""
    return ("query", "query", "info", message)


def framing(message: str) -> tuple[str, str, str, str]:
    """Return a statement that frames a transaction, as it is reported."""
    return ("query", "query", "debug", message)


def failure(message: str) -> tuple[str, str, str, str]:
    """Return a statement that failed, as it is reported."""
    return ("query", "query", "error", message)


def read_event(call: Callable[[], Awaitable[object]], events: CapturedEvents) -> tuple[str, Story]:
    """Have a call fail within an operation; return the title and the trail of the one event that there is."""

    async def run() -> None:
        """Call within an operation."""
        async with otel_crumbs.operation("request"):
            await call()

    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever the client raises
        asyncio.run(run())
    [event] = events
    assert all(details(each)["db.system"] for each in event.breadcrumbs)
    assert "secret" not in str(event.breadcrumbs)
    return event.title.partition(":")[0], reported(list(event.breadcrumbs))


def test_asyncpg(postgresql_port: int, events: CapturedEvents) -> None:
    """Statements of a connection, many rows, prepared ones, a transaction."""

    async def call() -> None:
        connection = await asyncpg.connect(host="127.0.0.1", port=postgresql_port, user="crumbs", database="postgres")
        try:
            await connection.execute(TABLE)
            await connection.executemany("insert into stock values ($1, $2)", [("hat", 1), ("secret", 2)])
            async with connection.transaction():
                await connection.fetchval("select pieces\n from stock where item = $1", "secret")
            await (await connection.prepare("select 8")).fetch()
            await connection.execute("insert into stock values ($1, 1)", "secret")
        finally:
            await connection.close()

    words = 'duplicate key value violates unique constraint "stock_item_key"'
    assert read_event(call, events) == (
        "UniqueViolationError",
        [
            query(TABLE),
            query("insert into stock values ($1, $2)"),
            framing("BEGIN;"),
            query("select pieces from stock where item = $1"),
            framing("COMMIT;"),
            query("select 8"),
            failure(f"insert into stock values ($1, 1) -> UniqueViolationError ({words})"),  # noqa: S608 - nobody runs it
        ],
    )


def test_a_pool_of_asyncpg(postgresql_port: int) -> None:
    """What it sends after each use of a connection tells nothing."""

    async def call() -> None:
        where = {"host": "127.0.0.1", "port": postgresql_port, "user": "crumbs", "database": "postgres"}
        async with asyncpg.create_pool(**where, min_size=1) as pool:
            await pool.fetch("select 1")
            await pool.fetch("select 2")

    assert reported(trail_of_async(call)) == [query("select 1"), query("select 2")]


def test_a_server_that_is_not_there_for_asyncpg() -> None:
    """A connection string with a password is told without it; a pool's connects too."""
    url = f"postgresql://crumbs:secret@127.0.0.1:{free_port()}/shop"

    for connect in (asyncpg.connect, asyncpg.create_pool):
        [breadcrumb] = trail_of_async(lambda connect=connect: _awaited(connect(url)))  # type: ignore[misc]

        assert reported([breadcrumb]) == [
            failure("connect 127.0.0.1/shop -> ConnectionRefusedError (connection refused)")
        ]
        known = details(breadcrumb)
        assert str(known.pop("error")).startswith("ConnectionRefusedError: ")
        assert known == {"db.system": "postgresql", "db.namespace": "shop", "library": "asyncpg"}
        assert "secret" not in str(breadcrumb)


def test_a_database_that_is_not_there_for_asyncpg(postgresql_port: int) -> None:
    """PostgreSQL says it."""
    url = f"postgresql://crumbs:secret@127.0.0.1:{postgresql_port}/hats"

    [breadcrumb] = trail_of_async(lambda: asyncpg.connect(url))

    assert reported([breadcrumb]) == [
        failure('connect 127.0.0.1/hats -> InvalidCatalogNameError (database "hats" does not exist)')
    ]


def test_psycopg(postgresql_port: int, events: CapturedEvents) -> None:
    """Connections and cursors of an event loop."""

    async def call() -> None:
        connect = psycopg.AsyncConnection.connect
        async with await connect(host="127.0.0.1", port=postgresql_port, user="crumbs", dbname="postgres") as opened:
            await opened.execute(TABLE)
            async with opened.cursor() as cursor:
                await cursor.executemany("insert into stock values (%s, %s)", [("hat", 1), ("secret", 2)])
            await opened.execute("insert into stock values (%s, 1)", ("secret",))

    words = 'duplicate key value violates unique constraint "stock_item_key"'
    assert read_event(call, events) == (
        "UniqueViolation",
        [
            query(TABLE),
            query("insert into stock values (%s, %s)"),
            failure(f"insert into stock values (%s, 1) -> UniqueViolation ({words})"),  # noqa: S608 - nobody runs it
            framing("ROLLBACK"),
        ],
    )


def test_redis(redis_port: int, events: CapturedEvents) -> None:
    """Commands and pipelines of an event loop."""

    async def call() -> None:
        async with redis.asyncio.Redis(port=redis_port) as client:
            await client.set("secret", "hat")
            async with client.pipeline() as pipeline:
                pipeline.set("secret", "hat")
                pipeline.get("secret")
                await pipeline.execute()
            await client.lpush("secret", "cap")

    words = "WRONGTYPE Operation against a key holding the wrong kind of value"
    assert read_event(call, events) == (
        "ResponseError",
        [
            ("query", "redis", "info", "SET ? ?"),
            ("query", "redis", "info", "SET ? ?; GET ?"),
            ("query", "redis", "error", f"LPUSH ? ? -> ResponseError ({words}) after a moment"),
        ],
    )


def test_a_redis_that_is_not_there() -> None:
    """A refused connection is worded by asyncio in its own way."""

    async def call() -> None:
        retry = Retry(redis.backoff.NoBackoff(), 0)
        async with redis.asyncio.Redis(host="127.0.0.1", port=free_port(), retry=retry) as client:
            await client.get("cart:7")

    assert reported(trail_of_async(call)) == [
        ("query", "redis", "error", "GET ? -> ConnectionError (connection refused) after a moment")
    ]


def test_aiosqlite(events: CapturedEvents) -> None:
    """Its thread has the trail of the task."""

    async def call() -> None:
        async with aiosqlite.connect(":memory:") as connection:
            await connection.execute("select ?", ("secret",))
            await connection.execute("select * from hats")

    assert read_event(call, events) == (
        "OperationalError",
        [query("select ?"), failure("select * from hats -> OperationalError (no such table: hats)")],
    )


def test_aiomysql(mariadb_port: int, events: CapturedEvents) -> None:
    """OpenTelemetry has no instrumentation of it: these are ours, without the values that it puts into statements."""

    async def call() -> None:
        async with aiomysql.connect(host="127.0.0.1", port=mariadb_port, user="crumbs", db="test") as connection:
            cursor = await connection.cursor(aiomysql.DictCursor)
            await cursor.execute(TABLE)
            await cursor.executemany("insert into stock values (%s, %s)", [("hat", 1), ("secret", 2)])
            await cursor.executemany("delete from stock where item = %s", ["hat", "cap"])
            await cursor.execute("insert into stock values (%s, 1)", ("secret",))

    words = "(1062) Duplicate entry '?' for key 'item'"
    assert read_event(call, events) == (
        "IntegrityError",
        [
            query(TABLE),
            query("insert into stock values (%s, %s)"),
            query("delete from stock where item = %s"),
            failure(f"insert into stock values (%s, 1) -> IntegrityError ({words})"),  # noqa: S608 - nobody runs it
        ],
    )
    assert [each.data.get("db.operation.batch.size") for each in events[0].breadcrumbs] == [None, 2, 2, None]
    assert {each.data["db.namespace"] for each in events[0].breadcrumbs} == {"test"}


def test_aiomysql_without_us(mariadb_port: int) -> None:
    """What was hooked is as it was after the end, and cursors that are still open go on."""

    async def call() -> None:
        connection = await aiomysql.connect(host="127.0.0.1", port=mariadb_port, user="crumbs", db="test")
        cursor = await connection.cursor()
        otel_crumbs.uninstall()
        assert await cursor.execute("select 1") == 1
        connection.close()

    assert hasattr(aiomysql.Cursor.execute, "__wrapped__")

    assert trail_of_async(call) == []
    assert not hasattr(aiomysql.Cursor.execute, "__wrapped__")


def test_a_mysql_that_is_not_there_for_aiomysql() -> None:
    """The connect is told, the password is not."""
    where: dict[str, Any] = {"host": "127.0.0.1", "port": free_port(), "user": "crumbs", "db": "shop"}

    [breadcrumb] = trail_of_async(lambda: _awaited(aiomysql.connect(**where, password="secret")))  # noqa: S106 - of nobody

    words = "(2003) Can't connect to MySQL server on '127.0.0.1'"
    assert reported([breadcrumb]) == [failure(f"connect 127.0.0.1/shop -> OperationalError ({words})")]
    assert "secret" not in str(breadcrumb)


async def _awaited(connecting: Awaitable[Any]) -> Any:
    return await connecting


ENGINES = {
    "sqlite+aiosqlite://": ("", "?", "failed (no such table: hats)"),
    "postgresql+asyncpg://crumbs@127.0.0.1:{port}/postgres": (
        ";",
        "$1",
        'UndefinedTableError (relation "hats" does not exist)',
    ),
    "postgresql+psycopg://crumbs@127.0.0.1:{port}/postgres": (
        "",
        "%(item)s",
        'UndefinedTable (relation "hats" does not exist)',
    ),
    "mysql+aiomysql://crumbs@127.0.0.1:{port}/test": (
        "",
        "%s",
        "ProgrammingError ((1146) Table 'test.hats' doesn't exist)",
    ),
}


@pytest.mark.parametrize("url", ENGINES)
def test_an_async_engine_of_sqlalchemy(url: str, request: pytest.FixtureRequest) -> None:
    """Each statement is one breadcrumb, told by the driver where it can, and what sets a connection up is none."""
    server = {"postgresql": "postgresql_port", "mysql": "mariadb_port"}.get(url.partition("+")[0])
    port = request.getfixturevalue(server) if server else ""
    end, placeholder, words = ENGINES[url]

    trails = trails_of("async_engines", url.format(port=port))

    statements = {name: [tuple(each) for each in trail if each[2] != "debug"] for name, trail in trails.items()}
    assert statements == {
        "connected": [],
        "succeeded": [query("select 1 + 1"), query("select 2")],
        "failed": [query("select 3"), failure(f"select pieces from hats where item = {placeholder} -> {words}")],  # noqa: S608 - nobody runs it
    }
    if server == "postgresql_port":
        assert trails["succeeded"][-1] == list(framing(f"COMMIT{end}"))
        assert trails["failed"][-1] == list(framing(f"ROLLBACK{end}"))


def test_an_async_engine_that_cannot_connect() -> None:
    """SQLAlchemy and the driver tell of it once."""
    trails = trails_of("async_engines", f"postgresql+asyncpg://crumbs:secret@127.0.0.1:{free_port()}/shop")

    refused = [list(failure("connect 127.0.0.1/shop -> ConnectionRefusedError (connection refused)"))]
    assert trails == dict.fromkeys(("connected", "succeeded", "failed"), refused)
