"""Asks SQLite through Django as a new project does: with `DEBUG = True`."""

from __future__ import annotations

import django
from django.conf import settings

import otel_crumbs
from tests.libraries.describing import instrumented
from tests.libraries.programs.printing import report, set_up

QUERIES = 90


def main() -> None:
    """Ask a trail full of times, with one statement that fails in the end."""
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.configure(DATABASES=databases, DEBUG=True, USE_TZ=True)
    set_up()
    with instrumented("sqlite3"):
        django.setup()
        from django.db import connection  # noqa: PLC0415 - needs settings

        def ask() -> None:
            with connection.cursor() as cursor:
                for number in range(QUERIES):
                    cursor.execute(f"SELECT {number} + %s", [number])
                cursor.execute("SELECT * FROM nowhere WHERE id = %s", [7])

        connection.ensure_connection()
        report("ask", ask)
        assert len(connection.queries) == QUERIES + 1
        assert connection.queries[1]["sql"] == "SELECT 1 + 1"
    otel_crumbs.uninstall()


if __name__ == "__main__":
    main()
