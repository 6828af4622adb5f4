"""Packages, by pip and nothing else: whatever index it is set up for."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path


def run_pip(*arguments: str, python: Path | str = sys.executable) -> None:
    """Run pip for an interpreter that need not have it."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "-q", *arguments],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"pip {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def fetch_sources(name: str, version: str, folder: Path, python: Path) -> Path:
    """Fetch the source distribution of a release, once; return it."""
    target = folder / f"{name}-{version}"
    if not list(target.glob("*.tar.gz")):
        options = ("--no-deps", "--no-binary", ":all:", "-d", str(target))
        run_pip("download", *options, f"{name}=={version}", python=python)
    [found] = target.glob("*.tar.gz")
    return found


def unpack(sources: Path, folder: Path) -> Path:
    """Unpack a source distribution; return the folder that it makes."""
    with tarfile.open(sources) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sources.name.removesuffix(".tar.gz")
    configuration = unpacked / "pyproject.toml"
    if not configuration.exists() or "[tool.pytest" not in configuration.read_text(encoding="utf-8"):
        # Else pytest would go on to that of this project, which is in a folder above.
        (unpacked / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return unpacked


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of the project, as it is in the checkout."""
    for old in folder.glob("*.whl"):
        old.unlink()
    run_pip("wheel", "--no-deps", "-w", str(folder), str(project))
    [built] = folder.glob("*.whl")
    return built


def requirements_in(wheel: Path) -> list[str]:
    """Return what a wheel asks for; what is only for an extra has a marker that says so."""
    name, version, *_ = wheel.name.split("-")
    return PathDistribution(zipfile.Path(wheel, f"{name}-{version}.dist-info/")).requires or []
