"""Tests of `otel_crumbs.base.interpreters`, in an interpreter beside the main one as mod_wsgi makes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from otel_crumbs.base.interpreters import is_in_apache, is_main_interpreter

PROJECT = Path(__file__).parents[2]
SECONDS_TO_RUN = 60
# Those of mod_wsgi share the lock with the main interpreter.
MAKE = """
import os, sys
try:
    import _interpreters
    interpreter = _interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as _interpreters
    interpreter = _interpreters.create(isolated=False)
failed = _interpreters.run_string(interpreter, f"import sys; sys.path[:] = {sys.path!r}\\n" + sys.argv[1])
if failed:
    sys.exit(str(failed))
# Its threads are not ended, as mod_wsgi does.
os._exit(0)
"""
RECORDING = """
import json
import otel_crumbs
from otel_crumbs.base.interpreters import is_main_interpreter
from otel_crumbs.testing import capture_events
with capture_events() as events:
    with otel_crumbs.operation("order"):
        otel_crumbs.record("before")
        otel_crumbs.capture_exception(LookupError("no such order"))
trails = [[each.message for each in event.breadcrumbs] for event in events]
print(json.dumps([is_main_interpreter(), trails]), flush=True)
"""

needs_interpreters = pytest.mark.skipif(
    find_spec("_interpreters") is None and find_spec("_xxsubinterpreters") is None,
    reason="this Python makes no other interpreters",
)


def run_beside_the_main_one(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in another interpreter of a process."""
    # Coverage's tracer in C is there for the main one alone, and says so.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(
        [sys.executable, "-c", MAKE, program],
        capture_output=True,
        check=False,
        cwd=PROJECT,
        env=environ,
        text=True,
        timeout=SECONDS_TO_RUN,
    )


def test_the_interpreter_of_a_program_is_the_main_one() -> None:
    """No server made it, and it is none of Apache's."""
    assert is_main_interpreter()
    assert not is_in_apache()


@needs_interpreters
def test_another_interpreter_has_trails_too() -> None:
    """Python 3.12 to 3.14.0 have no `Token.MISSING` there."""
    done = run_beside_the_main_one(RECORDING)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [False, [["before"]]]
