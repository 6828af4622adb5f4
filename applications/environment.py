"""The environment of an application: itself, otel-crumbs, and what `opentelemetry-bootstrap` proposes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CRUMBS = f"otel-crumbs[distro] @ {Path(__file__).parents[1].as_uri()}"


def make_environment(folder: Path, packages: Sequence[str], python: str = sys.executable) -> Path:
    """
    Make an environment as the README says, with uv.

    Returns:
        The folder of its programs.

    Raises:
        subprocess.CalledProcessError: Something cannot be installed.

    """
    programs = folder / "bin"
    subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", python, folder], check=True)
    _install(programs, [CRUMBS, *packages])
    command = [programs / "opentelemetry-bootstrap", "-a", "requirements"]
    proposed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    # While a release reaches an index, the distribution proposes packages that are not there yet.
    _install(programs, [requirement.replace("==", "<=") for requirement in proposed], "--prerelease=allow")
    return programs


def update_crumbs(programs: Path) -> None:
    """Install otel-crumbs again, as it is now, into an environment that is there already."""
    _install(programs, [CRUMBS], "--no-deps", "--reinstall-package=otel-crumbs", "--refresh-package=otel-crumbs")


def _install(programs: Path, requirements: Sequence[str], *options: str) -> None:
    command = ["uv", "pip", "install", "--quiet", *options, "--python", programs / "python", *requirements]
    subprocess.run(command, check=True)


def installed_version(programs: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    program = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([programs / "python", "-c", program], check=True, capture_output=True, text=True)
    return done.stdout.strip()
