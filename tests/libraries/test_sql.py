"""One query is one breadcrumb, whatever lies on the driver; its parameters are none of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pymysql
import pytest
import sqlalchemy
from opentelemetry import trace
from opentelemetry.instrumentation.dbapi import TracedConnectionProxy
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.loopback import free_port

from .describing import details, reported, trail_of
from .running import trails_of


@pytest.fixture
def sqlite() -> Iterator[sqlite3.Connection]:
    """Open a database in memory with one table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table stock (item text unique, pieces int)")
        connection.commit()
        yield connection


@pytest.fixture
def postgresql(postgresql_port: int) -> Iterator[psycopg.Connection]:
    """Connect to PostgreSQL."""
    with psycopg.connect(host="127.0.0.1", port=postgresql_port, user="crumbs", dbname="postgres") as connection:
        connection.execute("create temporary table stock (item text unique, pieces int)")
        connection.commit()
        yield connection


def test_a_query_of_sqlite3(sqlite: sqlite3.Connection) -> None:
    """White space is folded."""
    [breadcrumb] = trail_of(lambda: sqlite.cursor().execute("select pieces\n  from stock where item = ?", ("hat",)))

    assert reported([breadcrumb]) == [("query", "query", "info", "select pieces from stock where item = ?")]
    assert details(breadcrumb) == {"db.system": "sqlite", "library": "sqlite3"}


def test_a_query_of_sqlite3_that_fails(sqlite: sqlite3.Connection) -> None:
    """The message names the error, the data say all of it."""
    [breadcrumb] = trail_of(lambda: sqlite.cursor().execute("select * from hats"))

    assert reported([breadcrumb]) == [
        ("query", "query", "error", "select * from hats -> OperationalError (no such table: hats)")
    ]
    assert breadcrumb.data["error"] == "OperationalError: no such table: hats"


def test_what_a_sqlite3_connection_carries_out_itself(sqlite: sqlite3.Connection) -> None:
    """The instrumentation makes spans of cursors alone: these are ours, and one each."""

    def call() -> None:
        sqlite.execute("insert into stock values (?, ?)", ("hat", 1))
        sqlite.executemany("insert into stock values (?, ?)", [("cap", 1), ("bow", 2)])
        sqlite.commit()
        sqlite.executescript("delete from stock; vacuum")

    trail = trail_of(call)

    assert reported(trail) == [
        ("query", "query", "info", "insert into stock values (?, ?)"),
        ("query", "query", "info", "insert into stock values (?, ?)"),
        ("query", "query", "debug", "COMMIT"),
        ("query", "query", "info", "delete from stock; vacuum"),
    ]
    assert details(trail[1]) == {"db.system": "sqlite", "library": "sqlite3", "db.operation.batch.size": 2}


def test_what_a_sqlite3_connection_fails_to_carry_out(sqlite: sqlite3.Connection) -> None:
    """The application gets the error that it would have got."""
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        sqlite.execute("select * from hats")

    [breadcrumb] = [each for each in otel_crumbs.trail() if each.level == "error"]
    assert breadcrumb.message == "select * from hats -> OperationalError (no such table: hats)"
    assert breadcrumb.data["error"] == "OperationalError: no such table: hats"


def test_a_sqlite3_connection_stays_what_it_was(sqlite: sqlite3.Connection) -> None:
    """Results, cursors, attributes and the context manager are those of the connection."""
    cursor = sqlite.execute("insert into stock values ('hat', 1) returning pieces")

    assert type(cursor) is sqlite3.Cursor
    assert cursor.fetchone() == (1,)
    assert isinstance(sqlite, sqlite3.Connection)
    assert isinstance(sqlite, TracedConnectionProxy)
    assert sqlite.in_transaction
    with sqlite:
        sqlite.execute("insert into stock values ('cap', 1)")
    assert not sqlite.in_transaction


def test_connections_opened_before_the_end_are_silent_after_it() -> None:
    """Uninstalling leaves no trace, in connections that are still open too."""
    with closing(sqlite3.connect(":memory:")) as connection:
        otel_crumbs.uninstall()
        connection.execute("select 1")

        assert otel_crumbs.trail() == ()
        with capture_events():
            assert [each.message for each in trail_of(lambda: connection.execute("select 2"))] == ["select 2"]


def test_parameters_come_only_if_the_instrumentation_was_asked_for_them() -> None:
    """What a query is about stays with the application."""
    plain = SQLite3Instrumentor.instrument_connection(sqlite3.connect.__wrapped__(":memory:"))
    with closing(plain) as connection:
        [silent] = trail_of(lambda: connection.execute("select ?", ("secret",)))
        connection._self_db_api_integration.capture_parameters = True
        asked = trail_of(
            lambda: (connection.execute("select ?", ("hat",)), connection.cursor().execute("select ?", "b"))
        )

    assert "secret" not in str(silent)
    assert [each.data["parameters"] for each in asked] == ["('hat',)", "b"]


def test_a_query_of_psycopg(postgresql: psycopg.Connection) -> None:
    """The database is named."""
    [breadcrumb] = trail_of(lambda: postgresql.execute("select pieces from stock where item = %s", ("hat",)))

    assert reported([breadcrumb]) == [("query", "query", "info", "select pieces from stock where item = %s")]
    assert details(breadcrumb) == {"db.system": "postgresql", "db.namespace": "postgres", "library": "psycopg"}


def test_many_rows_by_psycopg(postgresql: psycopg.Connection) -> None:
    """`executemany` is one."""
    rows = [("hat", 1), ("cap", 2)]

    trail = trail_of(lambda: postgresql.cursor().executemany("insert into stock values (%s, %s)", rows))

    assert reported(trail) == [("query", "query", "info", "insert into stock values (%s, %s)")]


def test_a_query_of_psycopg_that_fails(postgresql: psycopg.Connection) -> None:
    """PostgreSQL quotes the values that it is about, and the breadcrumb does not."""
    postgresql.execute("insert into stock values ('secret hat', 1)")

    [breadcrumb] = trail_of(lambda: postgresql.execute("insert into stock values (%s, 1)", ("secret hat",)))

    words = 'duplicate key value violates unique constraint "stock_item_key"'
    message = f"insert into stock values (%s, 1) -> UniqueViolation ({words})"  # noqa: S608 - nobody runs it
    assert reported([breadcrumb]) == [("query", "query", "error", message)]
    assert str(breadcrumb.data["error"]).startswith("UniqueViolation: duplicate key value")
    assert "secret" not in str(breadcrumb)
    postgresql.rollback()


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [
        ("integer", "secret", 'invalid input syntax for type integer: "?"'),
        ("integer", "5550199000", 'value "?" is out of range for type integer'),
        ("date", "2020-13-45", 'date/time field value out of range: "?"'),
        ("json", '{"secret', "invalid input syntax for type json"),
        ("integer[]", "{secret", 'malformed array literal: "?"'),
    ],
)
def test_a_value_that_postgresql_cannot_use(postgresql: psycopg.Connection, type_: str, value: str, said: str) -> None:
    """PostgreSQL quotes it, in more than one place, and the breadcrumb does not."""
    [breadcrumb] = trail_of(lambda: postgresql.execute(f"select %s::{type_}", (value,)))

    assert said in str(breadcrumb.data["error"])
    assert value not in str(breadcrumb)
    postgresql.rollback()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sqlalchemy.Engine]:
    """Make an engine of SQLAlchemy, whose driver is instrumented as well."""
    url = "sqlite://"
    if request.param == "postgresql":
        url = f"postgresql+psycopg://crumbs@127.0.0.1:{request.getfixturevalue('postgresql_port')}/postgres"
    made = sqlalchemy.create_engine(url)
    with made.connect():
        pass  # what SQLAlchemy asks a new connection is told once
    yield made
    made.dispose()


def test_a_query_of_sqlalchemy(engine: sqlalchemy.Engine) -> None:
    """SQLAlchemy and the driver make a span each, and the pool one more."""

    def call() -> None:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("select 1 + :number"), {"number": 1})

    [breadcrumb] = [each for each in trail_of(call) if each.level == "info"]

    assert breadcrumb.repeated == 1
    assert breadcrumb.message.startswith("select 1 + ")
    assert breadcrumb.data["library"] in {"sqlite3", "psycopg"}


def test_a_query_of_sqlalchemy_that_fails(engine: sqlalchemy.Engine) -> None:
    """The driver knows the error by name."""

    def call() -> None:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("select * from hats"))

    [breadcrumb] = [each for each in trail_of(call) if each.level == "error"]

    assert breadcrumb.message in {
        "select * from hats -> OperationalError (no such table: hats)",
        'select * from hats -> UndefinedTable (relation "hats" does not exist)',
    }
    assert "hats" in breadcrumb.data["error"]


def test_values_in_an_error_of_sqlalchemy(engine: sqlalchemy.Engine) -> None:
    """SQLAlchemy says what the statement was carried out with, and a span of the application's records it."""

    def call() -> None:
        with engine.connect() as connection, trace.get_tracer("shop").start_as_current_span("count"):
            connection.execute(sqlalchemy.text("select pieces from hats where item = :item"), {"item": "secret"})

    trail = trail_of(call)

    assert "select pieces from hats" in str(trail)
    assert "OperationalError: (sqlite3" in str(trail) or "ProgrammingError: (psycopg" in str(trail)
    assert "secret" not in str(trail)


def test_a_transaction_of_sqlalchemy(engine: sqlalchemy.Engine) -> None:
    """What frames a transaction matters least."""

    def call() -> None:
        with engine.begin() as connection, connection.begin_nested():
            connection.execute(sqlalchemy.text("select 1"))

    trail = trail_of(call)

    assert [each.message for each in trail if each.level == "info"] == ["select 1"]
    assert "SAVEPOINT sa_savepoint_1" in [each.message for each in trail if each.level == "debug"]


def test_a_mysql_that_is_not_there() -> None:
    """The drivers' instrumentations have one base, and tell of statements alone."""
    arguments = {"host": "127.0.0.1", "port": free_port(), "user": "crumbs", "password": "hunter2", "database": "shop"}

    [breadcrumb] = trail_of(lambda: pymysql.connect(**arguments))

    [(_, _, level, message)] = reported([breadcrumb])
    assert level == "error"
    assert message.startswith("connect 127.0.0.1/shop -> OperationalError ")
    assert (breadcrumb.data["db.system"], breadcrumb.data["db.namespace"]) == ("mysql", "shop")
    assert breadcrumb.data["library"] == "pymysql"
    assert "Can't connect to MySQL server" in breadcrumb.data["error"]
    assert "hunter2" not in str(breadcrumb)


def test_a_query_of_sqlalchemys_async_engine_is_one() -> None:
    """The instrumentation starts two spans for it, and one of them never ends."""
    pytest.importorskip("aiosqlite")

    assert trails_of("async_sqlalchemy") == {"boom": [["select 0"], ["select 1"], ["select 2"]]}


def test_a_ping_of_sqlalchemys_pool() -> None:
    """It tells nothing while the connection is there."""
    engine = sqlalchemy.create_engine("sqlite://", pool_pre_ping=True, poolclass=sqlalchemy.pool.QueuePool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))

    def call() -> None:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("select 2"))

    assert [each.message for each in trail_of(call) if each.level == "info"] == ["select 2"]
    engine.dispose()
