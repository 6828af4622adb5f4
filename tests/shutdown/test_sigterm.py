"""Tests of `otel_crumbs.shutdown.sigterm`: the signal ends the process, and the hook gives way to other handlers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs

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


@pytest.fixture(autouse=True)
def _restore_handler() -> Iterator[None]:
    """Restore the handler of the signal after each test."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


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


def test_uninstall_removes_the_hooks() -> None:
    """The signal has its default action, and `os._exit` is the system's."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    exit_before = os._exit

    otel_crumbs.install(exporter="none")
    hooked = signal.getsignal(signal.SIGTERM), os._exit
    otel_crumbs.uninstall()

    assert hooked[0] is not signal.SIG_DFL
    assert hooked[1] is not exit_before
    assert (signal.getsignal(signal.SIGTERM), os._exit) == (signal.SIG_DFL, exit_before)


@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda *_: None])
def test_a_handler_of_the_application_stays(own: Any) -> None:
    """The handler was there first, and a signal that is ignored stays ignored."""
    signal.signal(signal.SIGTERM, own)

    otel_crumbs.install(exporter="none")

    assert signal.getsignal(signal.SIGTERM) is own


def test_a_handler_that_came_later_stays() -> None:
    """Uninstalling takes out the package's own handler only."""

    def later(*_: Any) -> None:
        pass

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    otel_crumbs.install(exporter="none")
    signal.signal(signal.SIGTERM, later)

    otel_crumbs.uninstall()

    assert signal.getsignal(signal.SIGTERM) is later


def test_installing_in_another_thread_hooks_no_signal() -> None:
    """Python allows it in the main thread alone, and it is no failure."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    thread = threading.Thread(target=otel_crumbs.install, kwargs={"exporter": "none"})
    thread.start()
    thread.join()

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
