"""Tests of `otel_crumbs.shutdown.os_exec`: another program takes the place of this one, or does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import otel_crumbs
from tests.delivery.running import arrived, each_exactly_once, until
from tests.export.receiver import receiving

PROGRAM = """
import os, signal, sys
from otel_crumbs.shutdown import FatalSignals, os_exec

signals = FatalSignals(end=lambda: None, is_unsafe=lambda: True, seconds=20)
signals.install()
signals.find_actions()
os_exec.install(lambda: print("ended", flush=True), lambda: print("resumed", flush=True))
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGUSR2}})
signals.hold_or_release()
code = "import signal; print(*signal.pthread_sigmask(signal.SIG_BLOCK, ()), *map(signal.getsignal, (15, 1, 10)))"
args = [sys.executable, "-c", code]
{call}
"""
ENVIRONMENT = "{**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'}"


@pytest.mark.parametrize(
    "call",
    [
        "os.execv(sys.executable, args)",
        f"os.execve(sys.executable, args, {ENVIRONMENT})",
        f"os.execve(os.open(sys.executable, os.O_RDONLY), args, {ENVIRONMENT})",
        "os.execl(sys.executable, *args)",
        f"os.execle(sys.executable, *args, {ENVIRONMENT})",
        "os.execvp(sys.executable, args)",
        f"os.execvpe(sys.executable, args, {ENVIRONMENT})",
        "os.execlp(sys.executable, *args)",
        f"os.execlpe(sys.executable, *args, {ENVIRONMENT})",
    ],
)
def test_the_next_program_gets_the_signals_as_they_were(call: str) -> None:
    """The errors are saved first, by the whole family; what the application blocked stays blocked."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(call=call)], capture_output=True, text=True, check=True, timeout=100
    )
    blocked = "12 0 0 0" if sys.version_info >= (3, 11) else "Signals.SIGUSR2" + 3 * " Handlers.SIG_DFL"

    assert (done.stdout, done.stderr) == (f"ended\n{blocked}\n", "")


def test_a_failure_is_raised_and_delivery_goes_on(tmp_path: Path) -> None:
    """The exception is the system's, and the next error arrives as the one before."""
    with receiving() as receiver:
        otel_crumbs.install(exporter="http", http_endpoint=receiver.url, spool_dir=str(tmp_path))
        otel_crumbs.capture_exception(ValueError("error-0"))

        with pytest.raises(FileNotFoundError):
            os.execv(tmp_path / "missing", ["missing"])  # noqa: S606 - what is tested
        otel_crumbs.capture_exception(ValueError("error-1"))

        until(lambda: len(receiver.requests) == 2)
    assert arrived(receiver) == each_exactly_once(count=2)


def test_what_takes_a_file_descriptor_still_does() -> None:
    """`os.supports_fd` has the stand-in while it is there, and then no longer."""
    before = set(os.supports_fd)

    otel_crumbs.install(exporter="none")
    during = os.execve in os.supports_fd
    otel_crumbs.uninstall()

    assert during == (os.execve in before)
    assert set(os.supports_fd) == before
