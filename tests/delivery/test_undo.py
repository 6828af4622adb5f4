"""What is hooked for the ends of a process is as before when otel_crumbs is uninstalled."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.shutdown import ShutdownBudget


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the signal's handler as it was found."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_uninstalling_restores_what_was_there() -> None:
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
def test_a_handler_of_the_applications_is_left_alone(own: Any) -> None:
    """It was there first; a signal that is ignored stays ignored."""
    signal.signal(signal.SIGTERM, own)

    otel_crumbs.install(exporter="none")

    assert signal.getsignal(signal.SIGTERM) is own


def test_a_handler_that_came_later_stays() -> None:
    """Uninstalling takes out our own only."""

    def later(*_: Any) -> None:
        pass

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    otel_crumbs.install(exporter="none")
    signal.signal(signal.SIGTERM, later)

    otel_crumbs.uninstall()

    assert signal.getsignal(signal.SIGTERM) is later


def test_installing_in_another_thread_hooks_no_signal() -> None:
    """Python does not allow it there, and it is no failure."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    thread = threading.Thread(target=otel_crumbs.install, kwargs={"exporter": "none"})
    thread.start()
    thread.join()

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_last_seconds_are_spent_once() -> None:
    """The budget is for all ends together, one after the other or inside each other."""
    reported: list[float] = []
    last_seconds = ShutdownBudget(0.2)

    def hang(seconds: float) -> None:
        reported.append(seconds)
        threading.Event().wait(5)

    last_seconds.spend(hang)
    last_seconds.spend(reported.append)

    assert reported == [pytest.approx(0.2, abs=0.1), 0.0]
