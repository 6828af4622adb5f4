"""Datasette: an ASGI application that answers each failure itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from application import Application, Place, ask

# https://www.sqlite.org/fileformat.html: the size of a page, and the counter of changes.
PAGE, CHANGES = 4096, slice(24, 28)
PLUGIN = """
from datasette import hookimpl
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware


@hookimpl
def asgi_wrapper(datasette):
    return OpenTelemetryMiddleware
"""


def _make_database(place: Place) -> None:
    (place.folder / "plugins").mkdir()
    (place.folder / "plugins" / "tracing.py").write_text(PLUGIN, encoding="utf-8")
    with closing(sqlite3.connect(place.folder / "shop.db")) as database, database:
        database.execute("create table orders (id integer primary key, item text)")
        database.executemany("insert into orders (item) values (?)", [(f"item {n} " * 40,) for n in range(500)])


def _command(place: Place) -> Sequence[str]:
    return ["datasette", "serve", "shop.db", "--plugins-dir", "plugins", "--port", str(place.port)]


def _provoke(place: Place) -> int:
    ask(f"{place.url}/shop")
    content = bytearray((place.folder / "shop.db").read_bytes())
    # The pages after the first, which has the schema and says that others wrote since.
    content[PAGE:] = b"\xff" * (len(content) - PAGE)
    content[CHANGES] = b"\xff" * 4
    (place.folder / "shop.db").write_bytes(content)
    return ask(f"{place.url}/shop/orders")


APPLICATION = Application(
    name="datasette",
    packages=("datasette",),
    fault="The pages of its SQLite file are overwritten; a table is asked for",
    prepare=_make_database,
    command=_command,
    provoke=_provoke,
    healthy="/-/versions.json",
    story=("select id, item from orders", "database disk image is malformed", "GET /shop/orders"),
    known=(
        "The line before the last is no failure: Datasette looks for a template of that status, "
        "and then takes another one."
    ),
)
