"""The check of a compose file: by Docker Compose where it is, else by the loader that it is made with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

VERSION = "2.16.2"
LOADER = f"github.com/compose-spec/compose-go/v2/cmd@v{VERSION}"
# Since then `depends_on` may name what a profile leaves out.
OLDEST = (2, 20)
USUAL_GO = Path("/usr/local/go/bin/go")
SECONDS_TO_BUILD = 500


class NoComposeError(Exception):
    """Neither is on this machine, and there is no Go to build the loader with."""


class Compose:
    """Reads a compose file as Docker Compose does."""

    def __init__(self) -> None:
        self._command = find_compose() or [str(build_loader())]
        self._is_loader = len(self._command) == 1 and self._command[0].endswith("cmd")

    def check(self, file: Path, *profiles: str) -> subprocess.CompletedProcess[str]:
        """Read a file, and return what was said of it; as JSON if it is right."""
        if self._is_loader:
            # It reads all services, whatever their profiles.
            command = [*self._command, "-format", "json", str(file)]
        else:
            chosen = [f"--profile={name}" for name in profiles]
            command = [*self._command, "-f", str(file), *chosen, "config", "--format", "json"]
        return subprocess.run(command, capture_output=True, check=False, text=True)

    def read(self, file: Path, *profiles: str) -> dict[str, Any]:
        """Return a file as it is understood."""
        done = self.check(file, *profiles)
        assert done.returncode == 0, done.stderr
        understood: dict[str, Any] = json.loads(done.stdout)
        return understood


def find_compose() -> list[str] | None:
    """Return how Docker Compose is called, if it is there and new enough."""
    for command in (["docker", "compose"], ["docker-compose"]):
        try:
            said = subprocess.run([*command, "version", "--short"], capture_output=True, check=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        found = re.match(r"v?(\d+)\.(\d+)", said)
        if found and (int(found[1]), int(found[2])) >= OLDEST:
            return command
    return None


def build_loader() -> Path:
    """Build the loader, once for each machine."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = base / "otel-crumbs" / f"compose-go-{VERSION}" / "cmd"
    if built.exists():
        return built
    go = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else None)
    if go is None:
        raise NoComposeError("there is neither Docker Compose 2.20 nor Go on this machine")
    built.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=built.parent) as scratch:
        environ = {**os.environ, "GOBIN": scratch, "GOWORK": "off"}
        try:
            subprocess.run(
                [go, "install", LOADER], env=environ, capture_output=True, check=True, timeout=SECONDS_TO_BUILD
            )
        except subprocess.SubprocessError as error:
            raise NoComposeError(f"the loader of compose files cannot be built: {error}") from error
        Path(scratch, "cmd").replace(built)
    return built
