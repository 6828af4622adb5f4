"""Tests of `otel_crumbs.shutdown.sigterm`: the signal still ends the process, whoever undid the hook."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import os, signal, threading
from otel_crumbs.shutdown import sigterm

undo = sigterm.install(lambda: print("ended", flush=True))
thread = threading.Thread(target=undo)
{undo}
os.kill(os.getpid(), signal.SIGTERM)
# Where the signal is handled, Python runs the handler by here.
print("survived", flush=True)
"""


def run(undo: str) -> tuple[int, str]:
    """Run the program; return its status and its output."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(undo=undo)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout


def test_the_signal_ends_the_process_after_the_last_work() -> None:
    """The process dies of the signal, as the system would have it."""
    assert run("") == (-signal.SIGTERM, "ended\n")


def test_the_signal_ends_the_process_when_another_thread_undid_the_hook() -> None:
    """Only the main thread may take the handler out; it stays, does no work, and lets the process die."""
    assert run("thread.start(); thread.join()") == (-signal.SIGTERM, "")
