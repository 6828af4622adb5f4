"""
Environments: one with all packages, and two thin ones on top, without otel_crumbs and with it.

The thin ones find the packages by a line of a `.pth` file, and begin every
process with `inside/start.py` by another one. Only one of them has otel_crumbs.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Literal

from .packages import run_pip

INSIDE = Path(__file__).parent / "inside"
SideName = Literal["without", "with"]
SIDES: tuple[SideName, ...] = ("without", "with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    An environment to run a suite in.

    Args:
        name: Whether otel_crumbs is in it.
        folder: Where it is.

    """

    name: SideName
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


def make_environment(folder: Path, python: Path, requirements: Iterable[str]) -> None:
    """Make an environment, or bring one that is there up to the requirements."""
    if not folder.exists():
        subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    run_pip("install", *requirements, python=folder / "bin" / "python")


def make_side(name: SideName, folder: Path, packages: Path, python: Path, wheel: Path) -> Side:
    """Make a thin environment over one that has the packages."""
    shutil.rmtree(folder, ignore_errors=True)
    side = Side(name=name, folder=folder)
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    if name == "with":
        run_pip("install", "--no-deps", str(wheel), python=side.python)
    own, shared = find_site_packages(folder), find_site_packages(packages)
    shutil.copytree(INSIDE, own / "peers_inside", ignore=shutil.ignore_patterns("__pycache__"))
    (own / "peers.pth").write_text(f"{shared}\nimport peers_inside.start\n", encoding="utf-8")
    check_side(side)
    return side


def find_site_packages(environment: Path) -> Path:
    """Find where an environment has its packages."""
    [found] = environment.glob("lib/python*/site-packages")
    return found


def version_of(name: str, environment: Path) -> str:
    """Return the version of a package in an environment."""
    [found] = distributions(name=name, path=[str(find_site_packages(environment))])
    return found.version


def check_side(side: Side) -> None:
    """Ensure that a side is what it is called: a suite that nobody watches would show no difference."""
    program = (
        "import sys; from opentelemetry.trace import get_tracer_provider as provider; "
        "module = sys.modules.get('otel_crumbs.install'); "
        "print(type(provider()).__name__, bool(module and module.get_installation()))"
    )
    done = subprocess.run([side.python, "-c", program], capture_output=True, check=False, text=True)
    if (done.stdout, done.stderr) != (f"TracerProvider {side.name == 'with'}\n", ""):
        raise SystemExit(f"{side.folder} is not {side.name} otel_crumbs: {done.stdout}{done.stderr}")
