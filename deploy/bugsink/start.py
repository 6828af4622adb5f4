"""Set up Bugsink in this folder, with one user and one project, and serve it; a second start finds what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(sys.executable).parent
BIND = "0.0.0.0:8000"
USER, PASSWORD = "admin@example.org", "admin"

# Its own default is to tell its makers that it runs.
CONFIGURATION = """
BUGSINK["PHONEHOME"] = False
BUGSINK["INGEST_STORE_BASE_DIR"] = "{folder}/ingestion"
ALLOWED_HOSTS = ["*"]
DATABASES["default"]["NAME"] = "{folder}/db.sqlite3"
DATABASES["snappea"]["NAME"] = "{folder}/snappea.sqlite3"
"""

PROJECT = """
from uuid import UUID
from django.contrib.auth import get_user_model
from projects.models import Project, ProjectMembership, ProjectRole
from teams.models import Team, TeamMembership, TeamRole
user = get_user_model().objects.get(username="{user}")
team, _ = Team.objects.get_or_create(name="shop")
accepted = dict(accepted=True)
TeamMembership.objects.get_or_create(team=team, user=user, defaults=dict(role=TeamRole.ADMIN, **accepted))
key = UUID("0123456789abcdef0123456789abcdef")
project, _ = Project.objects.get_or_create(slug="shop", defaults=dict(name="shop", team=team, sentry_key=key))
ProjectMembership.objects.get_or_create(project=project, user=user, defaults=dict(role=ProjectRole.ADMIN, **accepted))
"""


def main() -> None:
    """Set it up, then become the server."""
    folder = Path.cwd()
    port = os.environ.get("BUGSINK_BIND", BIND).rpartition(":")[2]
    if not (folder / "bugsink_conf.py").exists():
        run("bugsink-create-conf", "--template=local", "--host=127.0.0.1", f"--port={port}")
        with (folder / "bugsink_conf.py").open("a", encoding="utf-8") as configuration:
            configuration.write(CONFIGURATION.format(folder=folder))
    os.environ |= {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "bugsink_conf"}
    run("bugsink-manage", "migrate", "-v0")
    run("bugsink-manage", "migrate", "snappea", "--database=snappea", "-v0")
    os.environ["CREATE_SUPERUSER"] = f"{USER}:{PASSWORD}"
    run("bugsink-manage", "prestart")
    run("bugsink-manage", "shell", "-v0", text=PROJECT.format(user=USER))
    bind = os.environ.get("BUGSINK_BIND", BIND)
    command = [str(HERE / "gunicorn"), "--bind", bind, "--workers", "1", "--threads", "4", "bugsink.wsgi"]
    os.execv(command[0], command)  # noqa: S606 - no shell is what is wanted


def run(program: str, *arguments: str, text: str = "") -> None:
    """Run one of Bugsink's programs to its end."""
    subprocess.run([str(HERE / program), *arguments], check=True, input=text, text=True)


if __name__ == "__main__":
    main()
