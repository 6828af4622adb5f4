"""One query of Django's ORM is one breadcrumb, with an instrumentation of the driver and without."""

from __future__ import annotations

import pytest

from .running import trails_of

SELECT = 'SELECT "hat"."id", "hat"."name" FROM "hat" WHERE "hat"."name" = %s ORDER BY "hat"."id" ASC LIMIT 1'
INSERT = 'INSERT INTO "hat" ("name") VALUES (%s) RETURNING "hat"."id"'
ERRORS = {"sqlite": "IntegrityError", "postgresql": "UniqueViolation"}
REASONS = {
    "sqlite": "UNIQUE constraint failed: hat.name",
    "postgresql": 'duplicate key value violates unique constraint "hat_name_key"',
}
DRIVERS = {"sqlite": "sqlite3", "postgresql": "psycopg"}


@pytest.mark.parametrize("instrumented", [True, False], ids=["driver instrumented", "driver alone"])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_queries_of_the_orm(request: pytest.FixtureRequest, engine: str, *, instrumented: bool) -> None:
    """Successes, failures, transactions and `executemany`, each told once and without parameters."""
    port = str(request.getfixturevalue("postgresql_port")) if engine == "postgresql" else "0"
    driver = DRIVERS[engine]
    library = driver if instrumented else "django"

    trails = trails_of("django_orm", engine, port, *(["django", driver] if instrumented else ["django"]))

    [get], [create], [fail], [many] = (trails[name] for name in ("get", "create", "fail", "many"))
    assert get[:4] == ["query", "query", "info", SELECT]
    assert get[4]["db.system"] == engine
    assert get[4]["library"] == library
    assert create[:4] == ["query", "query", "info", INSERT]
    error = ERRORS[engine] if instrumented else "IntegrityError"
    assert fail[:4] == ["query", "query", "error", f"{INSERT} -> {error} ({REASONS[engine]})"]
    assert fail[4]["error"].startswith(f"{error}: ")
    assert many[:4] == ["query", "query", "info", "update hat set name = %s where name = %s"]
    assert "secret" not in str(trails)
    assert [each[3] for each in trails["transaction"] if each[2] == "info"] == [
        INSERT,
        'UPDATE "hat" SET "name" = %s WHERE "hat"."name" = %s',
    ]
    # psycopg begins a transaction by itself; how one of SQLite ends only an instrumented connection tells.
    begin = ["BEGIN"] if engine == "sqlite" else []
    end = [] if engine == "sqlite" and not instrumented else ["COMMIT"]
    framing = [each[3].partition(" ")[0] for each in trails["transaction"] if each[2] == "debug"]
    assert framing == [*begin, "SAVEPOINT", "RELEASE", *end]


@pytest.mark.parametrize("instrumented", [True, False], ids=["driver instrumented", "driver alone"])
def test_what_django_says_to_a_new_connection_stays_out(postgresql_port: int, *, instrumented: bool) -> None:
    """`SELECT set_config('TimeZone', ...)` is no query of the application's."""
    drivers = ["django", "psycopg"] if instrumented else ["django"]

    trails = trails_of("django_orm", "postgresql", str(postgresql_port), *drivers)

    assert trails["reconnect"] == []


@pytest.mark.parametrize("instrumented", [True, False], ids=["driver instrumented", "driver alone"])
def test_a_database_that_is_not_there(postgresql_port: int, *, instrumented: bool) -> None:
    """Django asks the driver to connect, and the driver's failure is told once."""
    drivers = ["django", "psycopg"] if instrumented else ["django"]

    [refused] = trails_of("django_orm", "postgresql", str(postgresql_port), *drivers)["refused"]

    assert refused[:3] == ["query", "query", "error"]
    assert refused[3].startswith("connect 127.0.0.1/hats -> OperationalError (")
    assert refused[4]["db.namespace"] == "hats"


def test_what_django_asks_for_a_developer_takes_no_room() -> None:
    """With `DEBUG = True` it has SQLite quote the parameters of each statement; the last line is what failed."""
    trails = trails_of("django_debug")

    messages = [message for _, _, _, message, _ in trails["ask"]]
    assert messages == [*[f"SELECT {number} + %s" for number in range(90)], messages[-1]]
    assert messages[-1].startswith("SELECT * FROM nowhere WHERE id = %s -> OperationalError")
