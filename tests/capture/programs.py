"""Programs in processes of their own, with an installation that begins before them and writes its events to a file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.commands import environment

# Python imports a module of this name before the program, as `opentelemetry-instrument` has it.
_FIRST = "sitecustomize.py"
_INSTALL = '''
import json
import os
import sys
{before}
import otel_crumbs
from otel_crumbs.export import DELIVERED


class Written:
    """Appends the events to a file."""

    name = "written"
    spool = False

    def export(self, event, timeout):
        sent = event.title, event.level, event.mechanism, [crumb.message for crumb in event.breadcrumbs]
        with open(os.environ["EVENTS"], "a") as file:
            file.write(json.dumps(sent) + "\\n")
        return DELIVERED

    def shutdown(self):
        pass


otel_crumbs.install(exporter=Written(), spool_dir="none")
'''

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")

# A title, a level, a mechanism, and the messages of the trail.
Sent = tuple[str, str, str, list[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a program ended, and the events that it left."""

    status: int
    stdout: str
    stderr: str
    events: list[Sent]

    @property
    def shown(self) -> tuple[int, str, str]:
        """What a user of the program gets to see, without the addresses of objects."""
        return self.status, _ADDRESS.sub("", self.stdout), _ADDRESS.sub("", self.stderr)


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """
    A program in a folder.

    Args:
        folder: The folder, in which the program runs.
        before: Statements that run before the installation.

    """

    folder: Path
    before: str = ""

    @property
    def file(self) -> Path:
        """The file of the program."""
        return self.folder / "app.py"

    def prepare(self, code: str = "", *, enabled: bool = True) -> dict[str, str]:
        """Write the files of the program; return the environment that it needs."""
        (self.folder / _FIRST).write_text(_INSTALL.format(before=self.before))
        self.file.write_text(code)
        self.written.unlink(missing_ok=True)
        return environment(
            self.folder,
            EVENTS=str(self.written),
            OTEL_CRUMBS_ENABLED=str(enabled).lower(),
            PYTHONPATH=os.pathsep.join([str(self.folder), str(Path(__file__).parents[2])]),
            PYTHON_COLORS="0",
            HOME=str(self.folder),
        )

    @property
    def written(self) -> Path:
        """The file with the events."""
        return self.folder / "events"

    def read_events(self) -> list[Sent]:
        """Return the events that the program left."""
        if not self.written.exists():
            return []
        lines = self.written.read_text().splitlines()
        return [(title, level, mechanism, trail) for title, level, mechanism, trail in map(json.loads, lines)]

    def run(
        self,
        code: str = "",
        *arguments: str,
        typed: str = "",
        enabled: bool = True,
        **variables: str,
    ) -> Ended:
        """Run the program to its end, by its file if no other arguments of Python's are given."""
        env = self.prepare(code, enabled=enabled) | variables
        done = subprocess.run(
            [sys.executable, *(arguments or (str(self.file),))],
            cwd=self.folder,
            env=env,
            input=typed,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        return Ended(status=done.returncode, stdout=done.stdout, stderr=done.stderr, events=self.read_events())

    def run_both(self, code: str = "", *arguments: str, typed: str = "", **variables: str) -> Ended:
        """Run the program without an installation and with one; return the latter if a user sees no difference."""
        without = self.run(code, *arguments, typed=typed, enabled=False, **variables)
        ended = self.run(code, *arguments, typed=typed, **variables)
        assert ended.shown == without.shown
        assert without.events == []
        return ended
