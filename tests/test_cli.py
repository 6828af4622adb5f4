"""What every command has in common."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.commands import run

# Runs the demo in a Python where a module cannot be imported.
WITHOUT = "import sys; sys.modules[{module!r}] = None; from otel_crumbs.cli import main; sys.exit(main(['demo']))"


def test_the_version_is_reported(tmp_path: Path) -> None:
    """It is one line, as for every program."""
    assert run(tmp_path, "--version").stdout == f"otel-crumbs {version('otel-crumbs')}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["doctor", "--help"]])
def test_help_says_what_it_is_good_for(tmp_path: Path, arguments: list[str]) -> None:
    """It lists the options."""
    done = run(tmp_path, *arguments)

    assert done.returncode == 0
    assert "usage: otel-crumbs" in done.stdout
    assert "--help" in done.stdout


def test_help_has_examples(tmp_path: Path) -> None:
    """They can be copied."""
    assert "otel-crumbs demo --json" in run(tmp_path, "--help").stdout


@pytest.mark.parametrize("arguments", [[], ["demon"], ["demo", "--timeout", "soon"], ["doctor", "--timeout", "-1"]])
def test_a_wrong_command_line_is_said_so(tmp_path: Path, arguments: list[str]) -> None:
    """The exit code is 2, as argparse has it."""
    done = run(tmp_path, *arguments)

    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["rich", "django", "requests", "opentelemetry.instrumentation.sqlite3"])
def test_the_demo_names_what_is_missing(tmp_path: Path, module: str) -> None:
    """One line, with the remedy."""
    done = run(tmp_path, start=(sys.executable, "-c", WITHOUT.format(module=module)))

    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert module.replace(".", "-") in line
    assert line.endswith("pip install 'otel-crumbs[demo]'")
