"""A running Bugsink with one project, and what it stored."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.loopback import free_port, is_well

from .package import own_environment

USER, PASSWORD = "admin@example.org", "admin"

SECONDS_TO_START = 60
SECONDS_TO_STOP = 15
SECONDS_TO_ANSWER = 30
SECONDS_TO_SET_UP = 180
SECONDS_BETWEEN_LOOKS = 0.05

# Strict validation is off by default, and what is refused is then answered with 200 and not stored.
CONFIGURATION = """
BUGSINK["PHONEHOME"] = False
BUGSINK["INGEST_STORE_BASE_DIR"] = "{folder}/ingestion"
BUGSINK["VALIDATE_ON_DIGEST"] = "strict"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES["default"]["NAME"] = "{folder}/db.sqlite3"
DATABASES["snappea"]["NAME"] = "{folder}/snappea.sqlite3"
"""

# One project with a known key, and a token for the API; `local` makes events readable as soon as they are taken.
PROJECT = """
from uuid import UUID
from bsmain.models import AuthToken
from bugsink.app_settings import get_settings
from compat.dsn import build_dsn
from django.contrib.auth import get_user_model
from projects.models import Project, ProjectMembership, ProjectRole
from teams.models import Team, TeamMembership, TeamRole
user = get_user_model().objects.get(username="{user}")
team = Team.objects.create(name="shop")
TeamMembership.objects.create(team=team, user=user, role=TeamRole.ADMIN, accepted=True)
project = Project.objects.create(
    slug="shop", name="shop", team=team, sentry_key=UUID("0123456789abcdef0123456789abcdef")
)
ProjectMembership.objects.create(project=project, user=user, role=ProjectRole.ADMIN, accepted=True)
print("DSN", build_dsn(get_settings().BASE_URL, project.id, project.sentry_key.hex))
print("TOKEN", AuthToken.create_full_access().token)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """An event that Bugsink stored."""

    id: str
    issue: str
    payload: dict[str, Any]

    @property
    def messages(self) -> list[str]:
        """The messages of its breadcrumbs."""
        return [breadcrumb["message"] for breadcrumb in self.payload["breadcrumbs"]["values"]]


class Bugsink:
    """
    A server on a free port, with everything that it keeps in one folder.

    Args:
        programs: Where Bugsink's programs are.
        folder: Empty.

    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._token = ""
        self.dsn = ""
        self._port = free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def output(self) -> str:
        """What the server says about itself, refused events included."""
        return (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Set up the database and the project, and return when the server answers."""
        self._run("bugsink-create-conf", "--template=local", "--host=127.0.0.1", f"--port={self._port}")
        with (self._folder / "bugsink_conf.py").open("a", encoding="utf-8") as configuration:
            configuration.write(CONFIGURATION.format(folder=self._folder))
        self._run("bugsink-manage", "migrate", "-v0")
        self._run("bugsink-manage", "migrate", "snappea", "--database=snappea", "-v0")
        self._run("bugsink-manage", "prestart", CREATE_SUPERUSER=f"{USER}:{PASSWORD}")
        said = dict(line.split(" ", 1) for line in self._run_project().splitlines() if " " in line)
        self.dsn, self._token = said["DSN"], said["TOKEN"]
        self._serve()

    def stop(self) -> None:
        """Stop the server."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def stored(self, event_id: str) -> Stored:
        """Return a stored event, and fail with what the server said where there is none."""
        for issue, event in self._events():
            if event["event_id"].replace("-", "") == event_id:
                whole = self._get(f"events/{event['id']}/")
                return Stored(id=event["id"], issue=issue, payload=whole["data"])
        raise AssertionError(f"Bugsink did not store event {event_id}; it says:\n{self.output}")

    def newest(self, count: int = 1) -> list[str]:
        """Return the ids of all events, and fail where there are not so many."""
        found = [event["event_id"].replace("-", "") for _, event in self._events()]
        assert len(found) >= count, self.output
        return found

    def _events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for issue in self._get("issues/?project=1")["results"]:
            for event in self._get(f"events/?issue={issue['id']}")["results"]:
                yield issue["id"], event

    def _get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(f"{self.url}/api/canonical/0/{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as answer:
            return json.load(answer)

    def _serve(self) -> None:
        command = [
            str(self._programs / "gunicorn"),
            f"--bind=127.0.0.1:{self._port}",
            "--workers=1",
            "--threads=4",
            "bugsink.wsgi",
        ]
        with (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self._environment(), stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while not is_well(f"{self.url}/health/ready"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Bugsink did not start; it says:\n{self.output}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _run_project(self) -> str:
        return self._run("bugsink-manage", "shell", "-v0", stdin=PROJECT.format(user=USER))

    def _run(self, program: str, *arguments: str, stdin: str = "", **variables: str) -> str:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder,
            env={**self._environment(), **variables},
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS_TO_SET_UP,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {
            **own_environment(),
            "HOME": str(self._folder),
            "PYTHONPATH": str(self._folder),
            "DJANGO_SETTINGS_MODULE": "bugsink_conf",
            "PYTHONUNBUFFERED": "1",
        }
