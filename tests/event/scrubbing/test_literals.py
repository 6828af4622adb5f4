"""Tests of `otel_crumbs.event.scrubbing.literals`: values in statements and in the errors of databases become `?`."""

from __future__ import annotations

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.literals import has_quoted_values, hide_literals, hide_quoted_values
from otel_crumbs.testing import capture_events
from tests.application import raised


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "SELECT * FROM hats WHERE owner = 'O''Hara' AND size >= .5",
            "SELECT * FROM hats WHERE owner = ? AND size >= ?",
        ),
        ("INSERT INTO t VALUES (E'a\\'b', N'ä', x'FF', -5.3e2, 0xFF)", "INSERT INTO t VALUES (?, ?, ?, -?, ?)"),
        ("SELECT 'C:\\', 'hunter2'", "SELECT ?, ?"),
        ("SELECT $$it's 5$$, $body$x$body$", "SELECT ?, ?"),
        ("SELECT d->'a'->>'b', count(*)::int4 FROM t2", "SELECT d->?->>?, count(*)::int4 FROM t2"),
        ("SELECT * FROM hats WHERE name = 'bow…", "SELECT * FROM hats WHERE name = ?…"),
        ("SELECT DATE '2026-01-01', \"column 2\" LIMIT 10", 'SELECT DATE ?, "column 2" LIMIT ?'),
    ],
)
def test_a_literal_becomes_a_question_mark(statement: str, expected: str) -> None:
    """Texts in all spellings of standard SQL and PostgreSQL, and numbers."""
    assert hide_literals(statement, "postgresql") == expected


def test_mysql_has_other_quotes() -> None:
    """There a backslash escapes, and double quotes are around texts too."""
    statement = "SELECT `size 2` FROM t WHERE a = 'it\\'s hunter2' AND b = \"hunter2\" AND c = _utf8mb4'x'"

    assert hide_literals(statement, "mysql") == "SELECT `size 2` FROM t WHERE a = ? AND b = ? AND c = ?"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT a1, t2.b3 FROM t2 WHERE a1 = $1 AND b = :1 AND c = ?2 AND d = %s AND e = %(e1)s AND f = @p1",
        "CREATE TABLE t (a VARCHAR(255), b NUMERIC(10, 2), c TIMESTAMP(6))",
        "SAVEPOINT sa_savepoint_1",
        "SELECT 2fa_codes, v$session FROM \"table 5\" /* route='/hats/7' */ -- as of 2026",
        "SELECT column_0, column_1, column_2, … 27 more FROM pages",
        "COMMIT",
    ],
)
def test_a_statement_without_literals_stays(statement: str) -> None:
    """To the letter: names, placeholders, sizes of types and comments are none."""
    assert hide_literals(statement) == statement


@pytest.mark.parametrize("piece", ["'", '"', "/*", "$a$", "`", "1", "'a", "varchar(", "E'\\", "-- ", "0x"])
def test_a_long_statement_takes_linear_time(piece: str) -> None:
    """A literal that does not end goes to the end."""
    assert len(hide_literals(piece * 200_000, "mysql")) <= len(piece) * 200_000
    assert len(hide_literals(piece * 200_000)) <= len(piece) * 200_000


def test_statements_in_breadcrumbs_have_no_literals() -> None:
    """The words behind one that failed stay, and so does the name of a server."""
    data = {"db.system": "sqlite", "statement": "SELECT owner, size FROM hats WHERE owner = 'hunter2'"}
    message = "SELECT d -> 'a' FROM hats WHERE owner = 'hunter2' -> OperationalError (no such column: size2)"
    failed = Breadcrumb(timestamp=1, type="query", category="query", level="error", message=message, data=data)
    connect = Breadcrumb(timestamp=1, type="query", category="query", message="connect db-1.shop.example/shop")
    kept = Scrubber(with_literals=True)

    scrubbed = Scrubber().scrub_breadcrumbs([failed])[0]

    assert scrubbed.message == "SELECT d -> ? FROM hats WHERE owner = ? -> OperationalError (no such column: size2)"
    assert scrubbed.data["statement"] == "SELECT owner, size FROM hats WHERE owner = ?"
    assert Scrubber().scrub_breadcrumbs([connect])[0] is connect
    assert kept.scrub_breadcrumbs([failed])[0] is failed


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("scrub", "SELECT owner FROM hats WHERE owner = ? AND password = [scrubbed: password]"),
        ("keep", "SELECT owner FROM hats WHERE owner = 'ada' AND password = [scrubbed: password]"),
    ],
)
def test_literals_are_kept_if_asked_for(setting: str, expected: str) -> None:
    """A secret by its name goes all the same, and tells its kind."""
    said = "SELECT owner FROM hats WHERE owner = 'ada' AND password = 'hunter2'"
    with capture_events(sql_literals=setting) as events:
        otel_crumbs.record("asked", data={"db.system": "sqlite", "db.statement": said})
        otel_crumbs.capture_exception(raised(ValueError("no hat"))[1])

        assert events[0].breadcrumbs[-1].data["db.statement"] == expected


def test_statements_in_attributes_have_no_literals() -> None:
    """By the names that OpenTelemetry has for them, where the kind of span tells nothing."""
    data = {"db.system": "mysql", "db.query.text": 'SELECT "hunter2"', "note": "SELECT 'ada'"}
    plain = Breadcrumb(timestamp=1, message="x", data={"db.statement": "SELECT a"})

    assert Scrubber().scrub_mapping(data) == {**data, "db.query.text": "SELECT ?"}
    assert Scrubber().scrub_breadcrumbs([plain])[0] is plain
    assert (
        Scrubber().scrub_breadcrumbs([Breadcrumb(timestamp=1, message="x", data=data)])[0].data["db.query.text"]
        == "SELECT ?"
    )


def test_a_system_that_is_no_text_does_no_harm() -> None:
    """What a note says of it may be anything."""
    assert Scrubber().scrub_mapping({"db.system": ["mysql"], "db.statement": "SELECT 7"})["db.statement"] == "SELECT ?"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("x\nDETAIL:  Key (email)=(ada@shop.example) already exists.", "x\nDETAIL:  Key (email)=(?) already exists."),
        ("Key (lower(email::text))=(ada) already exists", "Key (lower(email::text))=(?) already exists"),
        ("DETAIL:  Failing row contains (1, ada (x), null).\nx", "DETAIL:  Failing row contains (?).\nx"),
        ('invalid input syntax for type integer: "ada"', 'invalid input syntax for type integer: "?"'),
        ("x\nLINE 1: SELECT size FROM t WHERE a='ada'\n   ^", "x\nLINE 1: SELECT size FROM t WHERE a=?\n   ^"),
        (
            "(1062, \"Duplicate entry 'ada' for key 'users.email'\")",
            "(1062, \"Duplicate entry '?' for key 'users.email'\")",
        ),
        ("Incorrect integer value: 'ada' for column 'a'", "Incorrect integer value: '?' for column 'a'"),
        (
            "x\n[SQL: INSERT INTO t VALUES (?)]\n[parameters: ('ada', 7)]",
            "x\n[SQL: INSERT INTO t VALUES (?)]\n[parameters: (?, ?)]",
        ),
    ],
)
def test_values_in_the_error_of_a_database_are_hidden(said: str, expected: str) -> None:
    """What PostgreSQL and MySQL quote, and what SQLAlchemy appends; a second pass changes nothing."""
    assert hide_quoted_values(said) == expected
    assert hide_quoted_values(expected) == expected


def test_an_exception_of_a_driver_leaves_without_its_values() -> None:
    """In its message, its stack, and in what was raised from it."""
    said = 'duplicate key value violates unique constraint "u"\nDETAIL:  Key (email)=(hunter2) already exists.'
    violation = type("UniqueViolation", (Exception,), {"__module__": "psycopg.errors"})
    error = RuntimeError(f"not saved: {said}")
    error.__cause__ = raised(violation(said))[1]
    with capture_events() as events:
        otel_crumbs.capture_exception(raised(error)[1])

        assert "hunter2" not in str([(each.message, each.type) for each in events[0].exceptions])
        assert "Key (email)=(?) already exists." in events[0].exceptions[1].message
        assert "Key (email)=(?) already exists." in events[0].stacktrace
        assert "not saved" in events[0].exception.message


def test_an_exception_of_the_applications_own_stays() -> None:
    """Only drivers are known to quote values."""
    with capture_events() as events:
        otel_crumbs.capture_exception(raised(ValueError("Duplicate entry 'ada' for key 'users.name'"))[1])

        assert events[0].exception.message == "Duplicate entry 'ada' for key 'users.name'"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("psycopg.errors.UniqueViolation", True),
        ("pymysql.err.IntegrityError", True),
        ("django.db.utils.IntegrityError", True),
        ("ValueError", False),
        ("django.core.exceptions.ValidationError", False),
    ],
)
def test_drivers_are_known_by_their_module(name: str, *, expected: bool) -> None:
    """Nothing is asked of the exception itself."""
    assert has_quoted_values(name) is expected


@pytest.mark.parametrize(
    "before", ["Key (email)=(", "Failing row contains (", "Duplicate entry '", "Incorrect integer value: '"]
)
def test_a_value_without_an_end_is_hidden_to_the_end_of_its_line(before: str) -> None:
    """It may be longer than anybody looks, or the text may be cut; and it is read once."""
    text = f"{before}{'ada ' * 5000}\nLINE 1"

    assert hide_quoted_values(text) == f"{before}?\nLINE 1"
