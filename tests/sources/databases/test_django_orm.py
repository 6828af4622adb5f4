"""Django's connections are watched without getting in Django's way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("django")

UNCONFIGURED = """
import sys
import django.db.backends.signals
import otel_crumbs

otel_crumbs.install(exporter="none")
from django.conf import settings

print("configured" if settings.configured else "left alone", "settings_of_the_application" in sys.modules)
"""

QUERIES = """
import json, traceback
import django
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
import otel_crumbs

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, DEBUG=True)
before = CursorWrapper.execute
django.setup()
connection.ensure_connection()
otel_crumbs.install(exporter="none")
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE shop (name)")
    cursor.executemany("INSERT INTO shop VALUES (%s)", [["a"], ["b"]])
    try:
        cursor.execute("SELECT nothing", [])
    except Exception as error:
        files = {frame.filename.rpartition("/")[2] for frame in traceback.extract_tb(error.__traceback__)}
trail = [crumb.message for crumb in otel_crumbs.trail()]
otel_crumbs.uninstall()
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
print(json.dumps([trail, connection.execute_wrappers, "django_orm.py" in files, CursorWrapper.execute is before]))
"""


@pytest.fixture(scope="module")
def seen() -> Any:
    """Return what a program saw that asks a database through Django."""
    done = subprocess.run([sys.executable, "-c", QUERIES], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_each_statement_is_a_breadcrumb(seen: Any) -> None:
    """Also where Django logs its queries, and of a connection that was open before."""
    trail = seen[0]

    assert len(trail) == 3
    assert trail[0].startswith("CREATE TABLE shop (name)")
    assert trail[1].startswith("INSERT INTO shop VALUES (%s)")
    assert trail[2].startswith("SELECT nothing")


def test_the_wrappers_of_a_connection_are_the_applications_own(seen: Any) -> None:
    """Applications look at the list, and take off what they put on."""
    assert seen[1] == []


def test_a_statement_that_fails_has_no_frame_more(seen: Any) -> None:
    """What the application prints of it is as it was."""
    assert seen[2] is False


def test_cursors_are_as_they_were_after_uninstall(seen: Any) -> None:
    """The method is the very one."""
    assert seen[3] is True


@pytest.mark.parametrize("variables", [{}, {"DJANGO_SETTINGS_MODULE": "settings_of_the_application"}])
def test_a_django_that_is_not_set_up_is_left_alone(variables: dict[str, str], tmp_path: Path) -> None:
    """Where Django is imported and not configured yet, its settings are not asked for, and nothing is said."""
    (tmp_path / "settings_of_the_application.py").write_text("DATABASES = {}")

    done = subprocess.run(
        [sys.executable, "-c", UNCONFIGURED],
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}", **variables},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split("\n")[0] == "left alone False"
    assert done.stderr == ""
