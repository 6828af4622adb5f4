"""Makes all that a suite needs on a Python: its sources, and an environment for each side."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .environments import SIDES, Side, make_environment, make_side, version_of
from .packages import build_wheel, fetch_sources, requirements_in, unpack
from .process import Place
from .suites import SUITES, Suite

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python of the machine."""

    version: str
    path: Path

    @classmethod
    def from_argument(cls, text: str) -> Interpreter:
        """Read `3.11=/usr/bin/python3.11`."""
        version, _, path = text.partition("=")
        return cls(version=version, path=Path(path))

    @property
    def has_tests(self) -> bool:
        """Whether CPython's own tests are there, more of them than Debian leaves in every Python."""
        return (self.tests / "test_logging.py").exists()

    @property
    def tests(self) -> Path:
        """Where they are, or would be."""
        return Path(self.ask("import sysconfig; print(sysconfig.get_path('stdlib'))")) / "test"

    @property
    def release(self) -> str:
        """The version with all its numbers."""
        return self.ask("import platform; print(platform.python_version())")

    def ask(self, program: str) -> str:
        """Run a program of a line, and return what it prints."""
        done = subprocess.run([self.path, "-c", program], capture_output=True, check=True, text=True)
        return done.stdout.strip()


def prepare(suite: Suite, interpreter: Interpreter, build: Path) -> tuple[Sequence[Place], Path, str]:
    """Make an environment and a copy of the tests for each side; return them with the tests' folder and release."""
    folder = build / interpreter.version / (suite.environment or suite.name)
    sides = make_sides(folder, interpreter, requirements_of(suite), build / "wheel")
    if not suite.sources:
        places = [Place(side=side, sources=interpreter.tests, runner=suite.runner) for side in sides]
        return places, interpreter.tests, interpreter.release
    release = version_of(suite.package, folder / "packages")
    fetched = fetch_sources(suite.package, release, build / "sources", interpreter.path)
    places = [Place(side=side, sources=unpack(fetched, side.folder / "sources"), runner=suite.runner) for side in sides]
    return places, places[0].sources, release


@cache
def make_sides(folder: Path, interpreter: Interpreter, requirements: tuple[str, ...], wheels: Path) -> Sequence[Side]:
    """Make the environments of a folder, once in a run."""
    packages = folder / "packages"
    wheel = build_wheel_once(wheels)
    make_environment(packages, interpreter.path, [*requirements_in(wheel), *requirements])
    return [make_side(name, folder / name, packages, interpreter.path, wheel) for name in SIDES]


def requirements_of(suite: Suite) -> tuple[str, ...]:
    """Return what a suite and those that share its environment ask for, and what they test."""
    sharing = [other for other in SUITES.values() if suite.environment and other.environment == suite.environment]
    wanted = [(*other.requirements, other.sources) for other in sharing or [suite]]
    return tuple(sorted({text for texts in wanted for text in texts if text}))


@cache
def build_wheel_once(folder: Path) -> Path:
    """Build the wheel of the checkout, once in a run."""
    return build_wheel(PROJECT, folder)
