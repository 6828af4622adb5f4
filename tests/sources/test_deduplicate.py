"""Layers that lie on each other tell once; what only looks alike is told twice."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from otel_crumbs.sources.deduplicate import deduplicate
from otel_crumbs.trails import Breadcrumb

if TYPE_CHECKING:
    import pytest

MS = 1_000_000


def crumb(message: str, start: int, took: float, *, library: str, **more: Any) -> Breadcrumb:
    """Return the breadcrumb of a call, at a millisecond, that took so many."""
    fields: dict[str, Any] = {"type": "query", "category": "query", "data": {"library": library}, **more}
    return Breadcrumb(timestamp=start * MS, message=message, duration_ms=took, **fields)


def messages(*breadcrumbs: Breadcrumb) -> list[tuple[str, object]]:
    """Return what is left of breadcrumbs, with the library that tells."""
    return [(each.message, each.data["library"]) for each in deduplicate(breadcrumbs) or ()]


def test_the_driver_reports_a_query_of_sqlalchemy() -> None:
    """Tracing may have added a comment to the statement on its way."""
    outer = crumb("select 1", 0, 10, library="sqlalchemy")
    inner = crumb("select 1 /*traceparent='00-1'*/", 1, 8, library="psycopg")

    assert messages(outer, inner) == [("select 1 /*traceparent='00-1'*/", "psycopg")]


def test_sqlalchemy_reports_where_the_driver_does_not() -> None:
    """What the driver says of something else, somewhere else or later is another thing."""
    outer = crumb("select 1", 0, 10, library="sqlalchemy")
    others = (
        crumb("select 2", 1, 8, library="psycopg"),
        crumb("select 1", 2, 8, library="psycopg", branch="another"),
        crumb("select 1", 3, 80, library="psycopg"),
        crumb("select 1", 40, 8, library="psycopg"),
    )

    assert len(messages(outer, *others)) == 5


def test_a_connection_that_has_a_thread_of_its_own() -> None:
    """The aiosqlite library runs SQLAlchemy's statement there, and nobody else's meanwhile."""
    outer = crumb("select 1", 0, 10, library="sqlalchemy", branch="task")
    inner = crumb("select 1", 1, 8, library="sqlite3")
    later = crumb("select 1", 20, 8, library="sqlite3")

    assert messages(outer, inner, later) == [("select 1", "sqlite3")] * 2


def test_a_broker_that_fails_is_reported() -> None:
    """How a task travels is left out only while it does."""
    sending = crumb("celery send shop.count", 0, 10, library="celery", category="messaging", type="default")
    failed = crumb("LPUSH ? ? -> ConnectionError", 1, 1, library="redis", category="redis", level="error")
    fine = crumb("LPUSH ? ?", 3, 1, library="redis", category="redis")

    assert [message for message, _ in messages(sending, failed, fine)] == [sending.message, failed.message]


def test_a_record_of_an_error_that_a_database_quotes_values_in() -> None:
    """The query tells of it without the values, and it is the same error."""
    reported = {"library": "psycopg", "error": 'DataError: value "?" is out of range'}
    query = crumb("select 1 -> DataError", 0, 1, library="psycopg", level="error", data=reported)
    record = Breadcrumb(
        timestamp=2 * MS,
        type="error",
        message='DataError: value "5550199" is out of range',
        data={"exception.type": "psycopg.DataError", "exception.message": 'value "5550199" is out of range'},
    )

    assert deduplicate((query, record)) == [query]


def test_nothing_is_left_of_nothing() -> None:
    """An empty trail stays one."""
    assert deduplicate(()) == []


def redis_command(message: str, start: int, level: str = "info") -> Breadcrumb:
    """Return the breadcrumb of a command."""
    return crumb(message, start, 1, library="redis", category="redis", level=level)


def test_commands_of_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    """How it keeps results and messages is left out where it is used, while all is well."""
    trail = [
        redis_command("GET ?", 0),
        redis_command("ZADD ? ? ?; HSET ? ? ?", 2),
        redis_command("GET ?", 4),
        redis_command("SETEX ? ? ?; PUBLISH ? ?", 6),
        redis_command("SETEX ? ? ?; PUBLISH ? ?", 8, level="error"),
        redis_command("ZREM ? ?; HDEL ? ?", 10),
    ]
    monkeypatch.delitem(sys.modules, "kombu", raising=False)
    assert len(messages(*trail)) == len(trail)
    monkeypatch.setitem(sys.modules, "kombu", ModuleType("kombu"))

    left = [(each.message, each.level) for each in deduplicate(trail) or ()]

    assert left == [("GET ?", "info"), ("SETEX ? ? ?; PUBLISH ? ?", "error")]


def test_a_folded_query_of_sqlalchemy() -> None:
    """Whether two are the same is judged by the whole statements."""
    outer = crumb("SELECT a, … 9 more FROM t", 0, 10, library="sqlalchemy", data=whole("SELECT a, b", "sqlalchemy"))
    inner = crumb("SELECT a, … 9 more FROM t", 1, 8, library="psycopg", data=whole("SELECT a, b", "psycopg"))
    other = crumb("SELECT a, … 9 more FROM t", 1, 8, library="psycopg", data=whole("SELECT a, c", "psycopg"))

    assert len(messages(outer, inner)) == 1
    assert len(messages(outer, other)) == 2


def whole(statement: str, library: str) -> dict[str, str]:
    """Return the data of a query whose statement is folded in its message."""
    return {"library": library, "statement": statement}
