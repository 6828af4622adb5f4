"""A Celery worker, run as people do: under `opentelemetry-instrument`."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.delivery.running import NO_TELEMETRY

from .running import ROOT

SECONDS_TO_STOP = 120


@contextmanager
def worker(folder: Path, variables: Mapping[str, str], *options: str, inside: Sequence[str] = ()) -> Iterator[None]:
    """
    Run a worker for the tasks of these tests, and shut it down warmly: it ends what it has begun.

    Args:
        folder: Where its log is written to.
        variables: Its environment.
        options: Those of its command line.
        inside: What stands before its command.

    """
    program = Path(sys.executable).with_name("opentelemetry-instrument")
    command = [*inside, program, sys.executable, "-m", "celery", "-A", "tests.libraries.programs.tasks", "worker"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *options, "--without-gossip", "--without-mingle"],
            cwd=ROOT,
            env={**variables, **NO_TELEMETRY},
            stdout=log,
            stderr=log,
        )
        try:
            yield
            process.terminate()
            # One that is still starting dies of the signal.
            assert process.wait(SECONDS_TO_STOP) in {0, -signal.SIGTERM}
        finally:
            process.kill()
            process.wait()
