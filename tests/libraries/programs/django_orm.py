"""Asks a database through Django's ORM: ENGINE PORT INSTRUMENTATION..."""

from __future__ import annotations

import sys
from typing import Any

import django
from django.conf import settings

from tests.libraries.describing import instrumented
from tests.libraries.programs.printing import report, set_up

ENGINES = {
    "sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "postgresql": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "crumbs",
        "HOST": "127.0.0.1",
        "PORT": sys.argv[2],
        # A program's tables are its own.
        "OPTIONS": {"options": "-c search_path=pg_temp"},
    },
}


def main() -> None:
    """Make a table, and do what applications do."""
    settings.configure(DATABASES={"default": ENGINES[sys.argv[1]]}, USE_TZ=True)
    set_up()
    with instrumented(*sys.argv[3:]) if sys.argv[3:] else instrumented("threading"):
        django.setup()
        use_the_orm()


def use_the_orm() -> None:
    """Import what needs Django set up."""
    from django.db import connection, models, transaction  # noqa: PLC0415 - needs settings

    class Hat(models.Model):  # noqa: DJ008 - nobody looks at it
        name: Any = models.CharField(max_length=20, unique=True)

        class Meta:
            app_label = "shop"
            db_table = "hat"

    with connection.schema_editor() as editor:
        editor.create_model(Hat)

    def in_a_transaction() -> None:
        with transaction.atomic():
            Hat.objects.create(name="bowler")
            with transaction.atomic():
                Hat.objects.filter(name="bowler").update(name="cap")

    def many() -> None:
        with connection.cursor() as cursor:
            cursor.executemany("update hat set name = %s where name = %s", [("a", "b"), ("c", "d")])

    report("get", lambda: Hat.objects.filter(name="secret").first())
    report("create", lambda: Hat.objects.create(name="secret"))
    report("fail", lambda: Hat.objects.create(name="secret"))
    report("transaction", in_a_transaction)
    report("many", many)
    connection.close()
    if connection.vendor == "postgresql":
        report("reconnect", connection.ensure_connection)
        connection.close()
        connection.settings_dict["NAME"] = "hats"
        report("refused", connection.ensure_connection)


if __name__ == "__main__":
    main()
