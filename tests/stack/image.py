"""The steps of a Dockerfile, done in a folder and an empty virtual environment in place of an image."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.collector.running import clean_environment

ROOT = Path(__file__).parents[2]
SECONDS_TO_INSTALL = 500


@dataclass(kw_only=True)
class Image:
    """
    What a Dockerfile makes.

    Args:
        folder: Stands in for the file system of the image.
        programs: The folder of its Python's programs.
        work: Its working directory.
        command: Its CMD.
        users: Whom it runs as, in the order of the file.

    """

    folder: Path
    programs: Path
    work: Path
    command: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    def find(self, path: str) -> Path:
        """Return where a path of the image is here."""
        return self.folder / path.lstrip("/") if path.startswith("/") else self.work / path

    def localise(self, command: list[str]) -> list[str]:
        """Return a command of the image as it is called here."""
        program, *arguments = command
        own = self.programs / program
        return [str(own) if own.exists() else program, *(self._localise_word(word) for word in arguments)]

    def _localise_word(self, word: str) -> str:
        return str(self.find(word)) if word.startswith(("/app", "/data")) else word


def build(dockerfile: Path, folder: Path) -> Image:
    """Do the steps: copy, install, and note who runs what where."""
    environment = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--upgrade-deps", environment], check=True)
    image = Image(folder=folder, programs=environment / "bin", work=folder)
    text = re.sub(r"\\\n\s*", "", dockerfile.read_text(encoding="utf-8"))
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if name == "WORKDIR":
            image.work = image.find(rest)
            image.work.mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            *sources, target = shlex.split(rest)
            copy(sources, target, image)
        elif name == "RUN" and rest.startswith("pip install"):
            install(shlex.split(rest), image)
        elif name == "USER":
            image.users.append(rest)
        elif name == "CMD":
            image.command = json.loads(rest)
    return image


def shop_environment(folder: Path, postgresql: int, port: int) -> dict[str, str]:
    """Return the environment of the shop's service, with what is here in place of the database and of its host."""
    return {
        **clean_environment(folder),
        "OTEL_SERVICE_NAME": "coffee-corner",
        "OTEL_METRICS_EXPORTER": "none",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SHOP_BIND": f"127.0.0.1:{port}",
        "SHOP_POSTGRESQL": "postgres",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgresql),
        "PGUSER": "crumbs",
    }


def copy(sources: list[str], target: str, image: Image) -> None:
    """Copy files into a folder, or a folder or a file to a place, as COPY does."""
    place = image.find(target.rstrip("/."))
    for source in sources:
        found = ROOT / source
        if found.is_dir():
            shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
        elif target.endswith("/"):
            shutil.copy(found, image.find(target))
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, place)


def install(command: list[str], image: Image) -> None:
    """Install as the image does."""
    local = image.localise(command)
    subprocess.run([local[0], *local[1:], "-q"], cwd=image.work, check=True, timeout=SECONDS_TO_INSTALL)
