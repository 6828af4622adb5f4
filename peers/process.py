"""Runs a part of a suite in a process of its own, with all that it starts, and not for ever."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .environments import Side
from .outcomes import Outcome, read_outcomes
from .suites import Part, Runner

# Of pytest: all passed, some failed, none found.
ENDED = frozenset({0, 1, 5})
TAIL = 2000

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where a suite is run.

    Args:
        side: The environment.
        sources: The folder with its tests, of this side alone.
        runner: What reads them.

    """

    side: Side
    sources: Path
    runner: Runner


def heed_signals() -> None:
    """
    Let the suites' processes be interrupted.

    A shell ignores these signals for what it runs in the background, and so do all
    processes below: tests that interrupt themselves then wait for ever, and some
    take all memory meanwhile.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            # It goes on ignoring them itself; what it starts does not, for a handler is no handler there.
            signal.signal(number, lambda *_: None)


def run_part(place: Place, part: Part, only: Sequence[str] = ()) -> dict[str, Outcome]:
    """Run a part, or only some of its tests; return their outcomes."""
    # Short: a socket's path has room for a hundred letters.
    work = Path(tempfile.mkdtemp(prefix="peers-"))
    try:
        (work / "tmp").mkdir()
        record = work / "record"
        command, folder = command_of(place, part, only, work)
        end = run_to_the_end(command, folder, environ_of(work, place.side), part.seconds, work / "output")
        folders = {str(work): "<work>", str(place.sources): "<sources>", str(place.side.folder): "<environment>"}
        return read_outcomes(record, end, folders)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def command_of(place: Place, part: Part, only: Sequence[str], work: Path) -> tuple[list[str], Path]:
    """Return a command, and the folder to run it in."""
    python = str(place.side.python)
    if place.runner == "unittest":
        return [python, "-m", "peers_inside.run_unittest", *part.labels, "--only", *only], work
    if place.runner == "django":
        settings = ["--settings=peers_inside.django_settings", "--parallel=1", "--verbosity=0"]
        return [python, "runtests.py", *settings, *(only or part.labels)], place.sources / "tests"
    options = ["-q", "-p", "peers_inside.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return [python, "-m", "pytest", *options, *(only or part.labels)], place.sources


def environ_of(work: Path, side: Side) -> Mapping[str, str]:
    """Return the environment variables: those of here, but for what would set up Python, OpenTelemetry or a runner."""
    strange = ("OTEL_", "PYTHON", "PYTEST_", "DJANGO_", "NOX_", "VIRTUAL_ENV", "COVERAGE_", "CI")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    path = os.pathsep.join([str(side.python.parent), environ.get("PATH", os.defpath)])
    own = {"PATH": path, "HOME": str(work), "TMPDIR": str(work / "tmp"), "PEERS_RECORD": str(work / "record")}
    return {**environ, **own, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}


def run_to_the_end(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: int, output: Path
) -> Outcome:
    """Run a command and end whatever it leaves; return how it ended."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(process)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return Outcome("hangs", f"after {seconds} seconds")
        finally:
            end_group(process)
            _running.discard(process)
    if status in ENDED:
        return Outcome("ended")
    tail = output.read_bytes()[-TAIL:].decode(errors="replace")
    return Outcome(f"died ({status})", tail)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, which are in the group that it leads."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_all() -> None:
    """End everything that runs: whoever waits for it goes on at once."""
    for process in tuple(_running):
        end_group(process)
