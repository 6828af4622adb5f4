"""Errors of databases are told without the values that they quote, and with the names."""

from __future__ import annotations

import sqlite3

import pytest

import otel_crumbs
from otel_crumbs.base.plain import MAX_MESSAGE
from otel_crumbs.sources.rules.database_errors import remove_values, split_class
from tests.application import Application

DUPLICATE = 'duplicate key value violates unique constraint "users_email_key"'

WITH_VALUES = [
    # PostgreSQL, by psycopg
    ('invalid input syntax for type integer: "secret"', 'invalid input syntax for type integer: "?"'),
    ('invalid input syntax for type integer: "sec"ret" x"', 'invalid input syntax for type integer: "?"'),
    ('value "5550199" is out of range for type integer', 'value "?" is out of range for type integer'),
    ('invalid value for parameter "TimeZone": "secret"', 'invalid value for parameter "TimeZone": "?"'),
    ('unterminated quoted string at or near "\'secret"', 'unterminated quoted string at or near "?"'),
    (f"{DUPLICATE}\nDETAIL:  Key (email)=(secret) already exists.", DUPLICATE),
    ('invalid json\nDETAIL:  Token "secret" is invalid.\nCONTEXT:  JSON data, line 1: secret', "invalid json"),
    (
        'column "itm" does not exist\nLINE 1: select itm, \'secret\'\n  ^\nHINT:  Perhaps you meant "stock.item".',
        'column "itm" does not exist\nHINT:  Perhaps you meant "?".',
    ),
    ('invalid value "a" secret" for "YYYY"', 'invalid value "?" for "?"'),
    ('missing "=" after "secret" in connection info string', 'missing "?" after "?" in connection info string'),
    ('invalid URI: "postgresql://u:secret@[h/shop"\n', 'invalid URI: "?"\n'),
    ("failed to resolve host 'secret@h'", "failed to resolve host '?'"),
    # MySQL and MariaDB, by mysql-connector and by drivers that raise a number and a text
    (
        "1062 (23000): Duplicate entry 'secret' for key 'users.email'",
        "1062 (23000): Duplicate entry '?' for key 'users.email'",
    ),
    ("(1062, \"Duplicate entry 'secret' for key 'users.email'\")", "(1062) Duplicate entry '?' for key 'users.email'"),
    ("(1062, 'Duplicate entry \\'a\"secret\\' for key \\'k\\'')", "(1062) Duplicate entry '?' for key 'k'"),
    ("Duplicate entry 'it's ' secret' for key 'email'", "Duplicate entry '?' for key 'email'"),
    (
        "Incorrect integer value: 'secret' for column 'pieces' at row 1",
        "Incorrect integer value: '?' for column 'pieces' at row 1",
    ),
    ("Truncated incorrect DOUBLE value: 'it's ' secret'", "Truncated incorrect DOUBLE value: '?'"),
    (
        "You have an error in your SQL syntax; check the syntax to use near 'x = 'secret'' at line 1",
        "You have an error in your SQL syntax; check the syntax to use near '?' at line 1",
    ),
    # SQLAlchemy
    (
        f"(psycopg.errors.UniqueViolation) {DUPLICATE}\n[SQL: select 'secret']\n[parameters: {{'e': 'secret'}}]\n(See)",
        f"(psycopg.errors.UniqueViolation) {DUPLICATE}",
    ),
    (
        "UNIQUE constraint failed: users.email [SQL: 'select %s'] [parameters: ('secret',)]",
        "UNIQUE constraint failed: users.email",
    ),
    # SQL Server, by pyodbc
    (
        "('23000', \"Cannot insert duplicate key in object 'dbo.users'. The duplicate key value is (secret). (2627)\")",
        "(23000) Cannot insert duplicate key in object 'dbo.users'. The duplicate key value is (?)",
    ),
    (
        "Conversion failed when converting the varchar value 'it's ' secret' to data type int.",
        "Conversion failed when converting the varchar value '?' to data type int.",
    ),
    # Oracle, SQLite, MongoDB, Redis
    ("row with column values (EMAIL:'secret') already exists", "row with column values (?) already exists"),
    (
        "unable to convert string value containing 'secret' to a number: N",
        "unable to convert string value containing '?' to a number: N",
    ),
    ('unrecognized token: "\'secret"', 'unrecognized token: "?"'),
    ("cannot be compared with b'secret'", "cannot be compared with b'?'"),
    (
        'E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: "secret" }, full error: {}',
        "E11000 duplicate key error collection: shop.users index: email_1 dup key: {?}",
    ),
    (
        "unknown command 'HATS', with args beginning with: 'secret' ",
        "unknown command 'HATS', with args beginning with: '?' ",
    ),
    # Cut where a message is too long
    ('invalid value "secret and so on…', 'invalid value "?"'),
    ('invalid input: "a" secret and so on…', 'invalid input: "?"'),
]

NAMES = [
    'new row for relation "stock" violates check constraint "stock_item_check"',
    'null value in column "pieces" of relation "stock" violates not-null constraint',
    'insert or update on table "shelf" violates foreign key constraint "shelf_item_fkey"',
    'syntax error at or near "selec"',
    'password authentication failed for user "crumbs"',
    'connection to server at "127.0.0.1", port 1 failed: FATAL:  database "hats" does not exist',
    "Unknown column 'itm' in 'field list'",
    "Table 'shop.hats' doesn't exist",
    "Data too long for column 'name' at row 1",
    "Access denied for user 'crumbs'@'localhost' (using password: YES)",
    "Can't connect to MySQL server on '127.0.0.1' ([Errno 111] Connection refused)",
    "Cannot add or update a child row: a foreign key constraint fails (`shop`.`orders`, CONSTRAINT `o` FOREIGN KEY)",
    "Invalid column name 'itm'.",
    'ORA-00904: "ITM": invalid identifier',
    'ORA-01400: cannot insert NULL into ("SHOP"."USERS"."NAME")',
    "ORA-00001: unique constraint (SHOP.USERS_EMAIL) violated",
    "UNIQUE constraint failed: stock.item",
    'near "selec": syntax error',
    "no such table: hats",
    "cannot adapt type 'Hat' using placeholder '%s' (format: AUTO)",
]


@pytest.mark.parametrize(("said", "reported"), WITH_VALUES)
def test_values_are_left_out(said: str, reported: str) -> None:
    """Every database is covered, and every library that passes its errors on."""
    assert "secret" not in str(remove_values(said))
    assert remove_values(said) == reported


@pytest.mark.parametrize("said", NAMES)
def test_names_stay(said: str) -> None:
    """Without them one would not know what is wrong."""
    assert remove_values(said) == said


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("<class 'asyncpg.exceptions.UndefinedTableError'>: no hats", ("UndefinedTableError", "no hats")),
        ("<class 'Error'>: no hats", ("Error", "no hats")),
        ("no hats, <class 'Error'>: none", (None, "no hats, <class 'Error'>: none")),
        ("<class 'Error'>", (None, "<class 'Error'>")),
        (None, (None, None)),
    ],
)
def test_a_class_in_the_words_of_a_driver(said: str | None, parts: tuple[str | None, str | None]) -> None:
    """SQLAlchemy's dialect of asyncpg writes it so, and the span has it in its status alone."""
    assert split_class(said) == parts


def test_nothing_said_stays_nothing() -> None:
    """An error without words has none to leave out."""
    assert remove_values(None) is None
    assert remove_values("") is None


@pytest.mark.usefixtures("events")
def test_an_exception_that_a_span_of_the_applications_recorded(app: Application) -> None:
    """What a database said is told without values there too, and what the application says is its own."""
    of_a_database = sqlite3.IntegrityError("Duplicate entry 'secret' for key 'item'")
    with app.request():
        for error in (LookupError('no hat "bowler"'), of_a_database):
            with app.tracer.start_as_current_span("pack") as span:
                span.record_exception(error)
        messages = [each.message for each in otel_crumbs.trail() if each.category == "exception"]

    assert messages == ['LookupError: no hat "bowler"', "IntegrityError: Duplicate entry '?' for key 'item'"]


@pytest.mark.parametrize("piece", ["value: '", "'", "' for column ", 'value "', "near '", "(1, '"])
def test_a_long_text_is_looked_through_in_bounds(piece: str) -> None:
    """A text that begins like a value again and again would take for ever otherwise."""
    assert len(remove_values(piece * 100_000) or "") <= 2 * MAX_MESSAGE
