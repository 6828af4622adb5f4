"""
Bugsink from its package, in a virtual environment of its own.

It is fetched where the tests run and kept in a cache outside the checkout. Its
licence (PolyForm Shield) lets anybody use it so, and is why it is no part of
the project.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

VERSION = "2.6.1"

SECONDS_TO_INSTALL = 600

# What the environment of the test run says about warnings and Django is not about pip and Bugsink.
FOREIGN = ("OTEL_", "PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONPATH", "DJANGO_", "COVERAGE_")


def installed() -> Path:
    """
    Return the folder of Bugsink's programs, and install them first if need be.

    Raises:
        subprocess.CalledProcessError: If they cannot be installed.
        subprocess.TimeoutExpired: If that takes too long.

    """
    folder = cached_folder(os.environ)
    done = folder / "done"
    with _one_at_a_time(folder):
        if not done.exists():
            _install(folder / "venv")
            done.touch()
    return folder / "venv" / "bin"


def cached_folder(environ: Mapping[str, str]) -> Path:
    """Return where the virtual environment belongs, whether or not it is there yet."""
    base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "otel-crumbs" / f"bugsink-{VERSION}-python{sys.version_info[0]}.{sys.version_info[1]}"


def own_environment() -> dict[str, str]:
    """Return the environment without what is only about the test run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}


def _install(venv: Path) -> None:
    _run(sys.executable, "-m", "venv", "--clear", "--upgrade-deps", str(venv))
    _run(str(venv / "bin" / "pip"), "install", "-q", f"bugsink=={VERSION}")


def _run(*command: str) -> None:
    subprocess.run(
        command, check=True, capture_output=True, text=True, env=own_environment(), timeout=SECONDS_TO_INSTALL
    )


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
