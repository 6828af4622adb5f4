"""What a connection of psycopg does besides carrying out statements, in PostgreSQL itself."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import psycopg_pool
import pytest
import sqlalchemy

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.testing import capture_events

from .describing import details, message_of, reported, trail_of, trail_of_async
from .running import trails_of
from .servers import free_port

OWN = str(Path("otel_crumbs", "sources"))


@pytest.fixture
def parameters(postgresql_port: int) -> dict[str, Any]:
    """Return what is needed to connect."""
    return {"host": "127.0.0.1", "port": postgresql_port, "user": "crumbs", "dbname": "postgres"}


@pytest.fixture
def postgresql(parameters: dict[str, Any]) -> Iterator[psycopg.Connection]:
    """Connect, to a table whose uniqueness is checked at the end of a transaction."""
    with psycopg.connect(**parameters) as connection:
        connection.execute("create temporary table stock (item text unique deferrable initially deferred)")
        connection.commit()
        yield connection


def transaction(message: str) -> tuple[str, str, str, str]:
    """Return what is told of a part of a transaction."""
    return ("query", "query", "debug", message)


CONNECTING: dict[str, Callable[[Callable[[], Any]], list[Breadcrumb]]] = {
    "psycopg.connect": trail_of,
    "Connection.connect": trail_of,
    "AsyncConnection.connect": trail_of_async,
}


@pytest.mark.parametrize("name", CONNECTING)
def test_a_server_that_is_not_there(name: str) -> None:
    """However one connects, a failure to is one breadcrumb, without the password."""
    connect = connecting(name)
    parameters: dict[str, Any] = {"host": "127.0.0.1", "port": free_port(), "dbname": "shop", "password": "hunter2"}

    trail = CONNECTING[name](lambda: connect(**parameters))

    assert reported(trail) == [
        ("query", "query", "error", "connect 127.0.0.1/shop -> OperationalError (connection refused)")
    ]
    known = details(trail[0])
    assert known.pop("error").startswith("OperationalError: connection failed: connection to server at ")
    assert known == {"db.system": "postgresql", "db.namespace": "shop", "library": "psycopg"}
    assert "hunter2" not in str(trail)


@pytest.mark.parametrize("name", CONNECTING)
def test_a_database_that_is_not_there(name: str, postgresql_port: int) -> None:
    """The server says it, and a connection string names it as well as an argument."""
    connect = connecting(name)
    conninfo = f"postgresql://crumbs:hunter2@127.0.0.1:{postgresql_port}/hats"

    [breadcrumb] = CONNECTING[name](lambda: connect(conninfo))

    message = 'connect 127.0.0.1/hats -> OperationalError (FATAL: database "hats" does not exist)'
    assert message_of(breadcrumb) == message
    assert breadcrumb.data["db.namespace"] == "hats"
    assert str(breadcrumb.data["error"]).endswith('database "hats" does not exist')
    assert "hunter2" not in str(breadcrumb)


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://crumbs:secret/secret@h/shop",
        "postgresql://crumbs:p@secret@h/shop",
        "postgresql://crumbs:secret@[h/shop",
        "postgresql://crumbs:secret%zz@h/shop",
        "host=h secret",
    ],
)
def test_a_connection_string_that_is_misread(conninfo: str) -> None:
    """PostgreSQL's library quotes what it cannot read, and takes parts of a password for hosts and databases."""
    [breadcrumb] = trail_of(lambda: psycopg.connect(conninfo))

    assert breadcrumb.message.startswith("connect -> ")
    assert "secret" not in str(breadcrumb)


def test_connecting_leaves_nothing_if_it_succeeds(parameters: dict[str, Any]) -> None:
    """Who uses the connection says more; there is nothing to commit either."""
    assert trail_of(lambda: psycopg.connect(**parameters).close()) == []
    with psycopg.connect(**parameters) as connection:
        assert trail_of(connection.commit) == []
        assert trail_of(connection.rollback) == []


def test_the_ends_of_a_transaction(postgresql: psycopg.Connection) -> None:
    """The BEGIN that goes with the first statement is none of the application's."""

    def call() -> None:
        postgresql.execute("select 1")
        postgresql.commit()
        postgresql.execute("select 2")
        postgresql.rollback()

    trail = trail_of(call)

    assert [each.message for each in trail] == ["select 1", "COMMIT", "select 2", "ROLLBACK"]
    assert reported(trail[1::2]) == [transaction("COMMIT"), transaction("ROLLBACK")]
    assert details(trail[1]) == {"db.system": "postgresql", "db.namespace": "postgres", "library": "psycopg"}


def test_a_transaction_and_one_within_it(postgresql: psycopg.Connection) -> None:
    """Each command is told as it was given."""

    def call() -> None:
        with postgresql.transaction():
            with suppress(psycopg.Error), postgresql.transaction("hats"):
                postgresql.execute("select * from hats")
            postgresql.execute("select 1")

    assert [each.message for each in trail_of(call)] == [
        "BEGIN",
        'SAVEPOINT "hats"',
        'select * from hats -> UndefinedTable (relation "hats" does not exist)',
        'ROLLBACK TO "hats"',
        'RELEASE "hats"',
        "select 1",
        "COMMIT",
    ]


def test_a_transaction_of_a_coroutine(parameters: dict[str, Any]) -> None:
    """It is told as any other."""

    async def call() -> None:
        async with await psycopg.AsyncConnection.connect(**parameters) as connection:
            async with connection.transaction():
                await connection.execute("select 1")
            await connection.execute("select 2")
            await connection.commit()
            await connection.execute("select 3")
            await connection.rollback()

    trail = trail_of_async(call)

    assert [each.message for each in trail] == [
        *("BEGIN", "select 1", "COMMIT"),
        *("select 2", "COMMIT", "select 3", "ROLLBACK"),
    ]
    assert trail[0].data["db.namespace"] == "postgres"


def test_a_commit_that_fails(postgresql: psycopg.Connection) -> None:
    """PostgreSQL checks then what it was told to defer, and quotes values that the breadcrumb does not."""
    postgresql.execute("insert into stock values ('secret hat'), ('secret hat')")

    [breadcrumb] = trail_of(postgresql.commit)

    message = 'COMMIT -> UniqueViolation (duplicate key value violates unique constraint "stock_item_key")'
    assert reported([breadcrumb]) == [("query", "query", "error", message)]
    assert str(breadcrumb.data["error"]).startswith("UniqueViolation: duplicate key value")
    assert "secret" not in str(breadcrumb)


def test_a_commit_of_a_connection_that_was_lost(postgresql: psycopg.Connection, parameters: dict[str, Any]) -> None:
    """The server ended it, so that it can no longer be asked for its database."""
    postgresql.execute("select 1")
    with psycopg.connect(**parameters, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (postgresql.info.backend_pid,))

    [breadcrumb] = trail_of(postgresql.commit)

    assert breadcrumb.message.startswith(
        ("COMMIT -> AdminShutdown (", "COMMIT -> OperationalError (")
    )  # psycopg 3.3, 3.1
    assert "db.namespace" not in breadcrumb.data


@pytest.mark.skipif(sys.version_info < (3, 11), reason="CPython 3.10 lets nobody take out a frame")
def test_errors_have_no_frame_of_ours(postgresql: psycopg.Connection, parameters: dict[str, Any]) -> None:
    """What the application prints of its exceptions is as it was."""

    def commit() -> None:
        postgresql.execute("insert into stock values ('hat'), ('hat')")
        postgresql.commit()

    async def connect() -> None:
        await psycopg.AsyncConnection.connect(**parameters | {"dbname": "hats"})

    assert OWN not in traceback_of(commit)
    assert OWN not in traceback_of(lambda: psycopg.connect(**parameters | {"dbname": "hats"}))
    assert OWN not in traceback_of(lambda: asyncio.run(connect()))
    assert OWN not in traceback_of(lambda: sqlite3.connect("/nonexistent/hats"))


def test_a_failure_to_connect_that_sqlalchemy_reports_as_well() -> None:
    """The driver knows the database."""
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://u:hunter2@127.0.0.1:{free_port()}/shop")

    [breadcrumb] = trail_of(engine.connect)

    assert message_of(breadcrumb) == "connect 127.0.0.1/shop -> OperationalError (connection refused)"
    assert breadcrumb.data["library"] == "psycopg"
    assert breadcrumb.data["db.namespace"] == "shop"
    assert "hunter2" not in str(breadcrumb)


def test_a_transaction_of_sqlalchemy_over_psycopg(postgresql_port: int) -> None:
    """What SQLAlchemy has the driver do is told once."""
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://crumbs@127.0.0.1:{postgresql_port}/postgres")
    with engine.connect():
        pass  # what SQLAlchemy asks a new connection is told once

    def call() -> None:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("select 1"))
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("select 2"))

    trail = trail_of(call)

    assert [each.message for each in trail] == ["select 1", "COMMIT", "select 2", "ROLLBACK"]
    engine.dispose()


def test_a_pool_reports_its_connections_only_where_something_is_wrong(parameters: dict[str, Any]) -> None:
    """What the application has carried out is what counts."""
    with psycopg_pool.ConnectionPool(kwargs=parameters, min_size=1, open=True) as pool:
        pool.wait()

        def call() -> None:
            with pool.connection() as connection:
                connection.execute("select 1")

        trail = trail_of(call)

    assert [each.message for each in trail] == ["select 1", "COMMIT"]


def test_a_pool_that_cannot_connect(parameters: dict[str, Any]) -> None:
    """Its threads belong to the operation that opened it; each attempt is told, and the pool's own warning."""

    def call() -> None:
        with psycopg_pool.ConnectionPool(kwargs=parameters | {"port": free_port()}, min_size=1, open=True) as pool:
            pool.wait(timeout=1)

    failed, warned, *_ = trail_of(call)

    message = "connect 127.0.0.1/postgres -> OperationalError (connection refused)"
    assert reported([failed]) == [("query", "query", "error", message)]
    assert (warned.category, warned.level) == ("psycopg.pool", "warning")


def test_instrumentations_come_and_go(postgresql_port: int) -> None:
    """Each connect is recorded once without the instrumentation, below it and after it, and nothing is left behind."""
    trails = trails_of("psycopg_alone", str(postgresql_port))

    messages = {name: [each[3].partition(" (")[0] for each in trail] for name, trail in trails.items()}
    ours = ["COMMIT", "connect 127.0.0.1/hats -> OperationalError"]
    assert messages == {
        "alone": ours,
        "below the instrumentation": ["select 1", *ours],
        "put below the instrumentation": ["select 1", *ours],
        "after the instrumentation": ours,
        "uninstalled": [],
        "as before": [],
    }


def test_a_database_of_sqlite3_that_cannot_be_opened() -> None:
    """The instrumentation makes no span of it."""
    [breadcrumb] = trail_of(lambda: sqlite3.connect("/nonexistent/hats"))

    message = "connect /nonexistent/hats -> OperationalError (unable to open database file)"
    assert reported([breadcrumb]) == [("query", "query", "error", message)]
    assert details(breadcrumb) == {
        "db.system": "sqlite",
        "db.namespace": "/nonexistent/hats",
        "library": "sqlite3",
        "error": "OperationalError: unable to open database file",
    }


def connecting(name: str) -> Callable[..., Any]:
    """Return a way to connect, as it is now."""
    owner: Any = psycopg
    for part in name.removeprefix("psycopg.").split("."):
        owner = getattr(owner, part)
    return owner


def traceback_of(call: Callable[[], object]) -> str:
    """Return what Python would print of the error that a call raises."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever it is
        call()
    return "".join(traceback.format_exception(raised.value))


def test_the_values_of_a_row_do_not_leave_in_an_exception(postgresql: psycopg.Connection) -> None:
    """PostgreSQL quotes them in its DETAIL, the driver in the exception's message, and Python in the stack."""
    postgresql.execute("create temporary table owners (name text primary key)")
    insert = "insert into owners values ('hunter2')"
    postgresql.execute(insert)
    with pytest.raises(psycopg.errors.UniqueViolation, match="hunter2") as violation:
        postgresql.execute(insert)
    otel_crumbs.uninstall()
    with capture_events(sql_literals="scrub") as events:
        otel_crumbs.capture_exception(violation.value)

        assert "Key (name)=(?) already exists." in events[0].exception.message
        assert "Key (name)=(?) already exists." in events[0].stacktrace
    postgresql.rollback()
