"""Tests of threads, greenlets, signals and finalisers: none of them waits for the delivery, and no event is lost."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from otel_crumbs.export.spool.codec import decode_event
from tests.export.receiver import Receiver, Reply
from tests.loopback import nobody_listens

from .running import ENDS_AT_LEISURE, PROGRAMS, SAVES_AT_LEISURE, arrived, environment, finish, start, until, waiting

pytestmark = pytest.mark.e2e

MANY = 20
FINALISERS = ("raises", "logs", "captures", "records", "opens an operation", "flushes")
LAST_MOMENTS = ("global", "cycle", "builtins", "atexit")


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the URL of a receiver that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def respond_slowly(connection: socket.socket) -> None:
    """Respond so slowly that others must go on meanwhile."""
    time.sleep(0.1)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def run_program(name: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run one of the programs to its end; a process that hangs fails the test."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAMS / name), *arguments],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return finish(process)


@pytest.mark.parametrize("finaliser", FINALISERS)
def test_the_collector_may_run_a_finaliser_anywhere(tmp_path: Path, receiver: Receiver, finaliser: str) -> None:
    """It fails or logs in the middle of a capture, and so comes back to us in the same thread."""
    variables = environment(tmp_path, receiver.url, **ENDS_AT_LEISURE)

    code, stdout, stderr = run_program("interrupted.py", "finaliser", finaliser, **variables)

    assert (code, stdout, stderr) == (0, "flushed True\n", "")
    assert {f"job {number}" for number in range(MANY)} <= set(arrived(receiver))


@pytest.mark.parametrize("finaliser", FINALISERS)
def test_a_signal_handler_may_run_anywhere(tmp_path: Path, receiver: Receiver, finaliser: str) -> None:
    """A timer interrupts the main thread again and again, and its handler comes back to us."""
    variables = environment(tmp_path, receiver.url, **ENDS_AT_LEISURE)

    code, stdout, stderr = run_program("interrupted.py", "signal", finaliser, **variables)

    assert (code, stdout, stderr) == (0, "flushed True\n", "")
    assert {f"job {number}" for number in range(MANY)} <= set(arrived(receiver))


def test_a_handler_may_run_between_any_two_steps_of_ours(tmp_path: Path, receiver: Receiver) -> None:
    """SIGTERM may come there, too: what was captured before is saved by a thread that waits for no other."""
    variables = environment(tmp_path, receiver.url, **ENDS_AT_LEISURE)

    code, stdout, stderr = run_program("interrupted.py", "trace", "captures", **variables)

    assert (code, stdout, stderr) == (0, "flushed True\n", "")
    assert {f"job {number}" for number in range(2)} <= set(arrived(receiver))


@pytest.mark.parametrize("step", range(0, 2000, 250))
def test_sigterm_between_two_steps_loses_nothing(tmp_path: Path, step: int) -> None:
    """The main thread is anywhere in a capture."""
    variables = environment(tmp_path, nobody_listens(), **SAVES_AT_LEISURE)

    code, _, _ = run_program("interrupted.py", "terminate", str(step), **variables)

    kept = [path.read_text() for path in waiting(tmp_path)]
    assert code == -signal.SIGTERM
    assert all(any(f"job {number}" in event for event in kept) for number in range(MANY))


@pytest.mark.parametrize("when", ["before", "between", "after", "late"])
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_greenlets_go_on(tmp_path: Path, receiver: Receiver, library: str, when: str) -> None:
    """Whether the library patches the process before the import, between, after `install()` or after an event."""
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    receiver.reply = Reply(raw=respond_slowly)
    variables = environment(tmp_path, receiver.url, **ENDS_AT_LEISURE)

    code, stdout, stderr = run_program("greenlets.py", library, when, **variables)

    assert (code, stdout, stderr) == (0, "flushed True, others went on True, switched in a capture False\n", "")
    assert {f"job {number}" for number in range(MANY)} <= set(arrived(receiver))


def test_a_killed_process_loses_nothing_to_a_silent_receiver(tmp_path: Path, silent: str) -> None:
    """The first request is under way, and all that was captured is on disk before it is over."""
    process = start(environment(tmp_path, silent), MANY, "wait")

    until(lambda: len(waiting(tmp_path)) == MANY)
    process.kill()
    code, _, _ = finish(process)

    assert code == -signal.SIGKILL


@pytest.mark.parametrize(
    ("moment", "what", "earlier"),
    [
        *((moment, "raises", "nothing") for moment in LAST_MOMENTS),
        *((moment, "raises", "an event") for moment in LAST_MOMENTS),
        *((moment, what, "nothing") for moment in LAST_MOMENTS for what in ("logs", "captures")),
        ("global", "logs", "an event"),
        ("atexit", "captures", "an event"),
    ],
)
def test_a_failure_in_the_last_moments_is_kept(
    tmp_path: Path, silent: str, moment: str, what: str, earlier: str
) -> None:
    """The interpreter goes down: no thread starts any more, and none that ran goes on."""
    variables = environment(tmp_path, silent, OTEL_CRUMBS_FLUSH_TIMEOUT="1")

    code, _, stderr = run_program("last_moments.py", moment, what, earlier, **variables)

    messages = [decode_event(path.read_bytes()).exception.message for path in waiting(tmp_path)]
    assert code == 0, stderr
    assert messages.count("in the last moment") == 1, stderr
    assert messages.count("earlier") == (earlier == "an event")


@pytest.mark.parametrize("seconds", ["0", "0.05", "0.2"])
def test_threads_that_nobody_waits_for_lose_nothing(tmp_path: Path, silent: str, seconds: str) -> None:
    """They go on until the interpreter stops them, wherever they are."""
    variables = environment(tmp_path, silent, OTEL_CRUMBS_FLUSH_TIMEOUT="2")
    said = tmp_path / "said"

    code, _, stderr = run_program("daemons.py", str(said), seconds, **variables)

    captured = said.read_text().splitlines()
    events = [decode_event(path.read_bytes()) for path in waiting(tmp_path)]
    kept = {event.exception.message for event in events}
    assert code == 0, stderr
    assert {"atexit 0", "thread 0 0"} <= set(captured)
    assert [message for message in captured if message not in kept] == []
    # One that is stopped in the middle may have written a second copy, of the same event.
    assert len({event.event_id for event in events}) == len(kept)
