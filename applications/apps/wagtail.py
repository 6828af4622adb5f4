"""Wagtail: Django, as `wagtail start` makes it, on SQLite with DEBUG."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing

from application import Application, Place, ask


def _make_site(place: Place) -> None:
    site = place.folder / "site"
    site.mkdir()
    for command in (
        [place.program("wagtail"), "start", "mysite", str(site)],
        [place.program("python"), "manage.py", "migrate", "--verbosity=0"],
    ):
        subprocess.run(command, cwd=site, env=place.environ, check=True, capture_output=True)


def _settings(place: Place) -> Mapping[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "mysite.settings.dev", "PYTHONPATH": str(place.folder / "site")}


def _command(place: Place) -> Sequence[str]:
    return ["python", "site/manage.py", "runserver", "--noreload", f"127.0.0.1:{place.port}"]


def _provoke(place: Place) -> int:
    ask(f"{place.url}/search/?query=welcome")
    with closing(sqlite3.connect(place.folder / "site" / "db.sqlite3")) as database, database:
        database.execute("drop table wagtailsearch_indexentry_fts")
    return ask(f"{place.url}/search/?query=welcome")


APPLICATION = Application(
    name="wagtail",
    packages=("wagtail",),
    fault="The table of the search index is gone; a visitor searches",
    prepare=_make_site,
    settings=_settings,
    command=_command,
    provoke=_provoke,
    story=("no such table: wagtailsearch_indexentry_fts",),
)
