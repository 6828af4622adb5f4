"""Tests of `otel_crumbs.export.entry_points`: the example of docs/exporters.md works as an installed package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "exporters.md"

PROGRAM = """
import otel_crumbs
otel_crumbs.install()
otel_crumbs.record("about to fail")
raise ValueError("boom")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Install the example of the page as a package."""
    page = PAGE.read_text(encoding="utf-8")
    [code] = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def make(" in block]
    [module] = re.findall(r'^file = "(\w+):make"$', page, re.MULTILINE)
    [group] = re.findall(r"^\[project\.entry-points\.(\w+)\]$", page, re.MULTILINE)
    (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
    metadata = tmp_path / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[{group}]\nfile = {module}:make\n", encoding="utf-8")
    return tmp_path


def run_program(package: Path, **variables: str) -> str:
    """Run a program that fails, where the package is installed; return its standard error."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    path = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    environment = {**inherited, "PYTHONPATH": path, "OTEL_CRUMBS_EXPORTER": "console,file", **variables}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=False, env=environment, text=True, timeout=60
    )
    return done.stderr


def test_an_installed_exporter_gets_the_events(package: Path) -> None:
    """The variable names it beside another exporter."""
    file = package / "errors.jsonl"

    stderr = run_program(package, ACME_ERRORS_FILE=str(file))

    [line] = file.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["title"] == "ValueError: boom"
    assert [breadcrumb["message"] for breadcrumb in json.loads(line)["breadcrumbs"]] == ["about to fail"]
    assert "fatal    ValueError: boom" in stderr


def test_a_missing_setting_is_warned_of(package: Path) -> None:
    """The other exporter goes on."""
    stderr = run_program(package)

    assert "without the exporter 'file': it needs a file. Remedy: set ACME_ERRORS_FILE" in stderr
    assert "fatal    ValueError: boom" in stderr
