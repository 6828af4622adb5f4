"""However a process ends, what it captured arrives once, or waits for the next process."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.export.receiver import Receiver, Reply, receiving
from tests.loopback import nobody_listens

from .running import (
    ENDS_AT_LEISURE,
    SAVES_AT_LEISURE,
    arrived,
    each_exactly_once,
    environment,
    finish,
    run,
    start,
    until,
    waiting,
)

pytestmark = pytest.mark.e2e

SOME = 5
# As many as a queue holds; nearly all of them have a trail that is full.
MANY = 1000
OF_A_CHILD = ("error-child-0", "error-child-1")
OF_WORKERS = ("error-one-0", "error-other-0")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


@pytest.mark.parametrize(
    ("way", "code", "others"),
    [
        ("return", 0, ()),
        ("sys.exit", 3, ()),
        ("os._exit", 5, ()),
        ("raise", 1, ("error-uncaught",)),
        ("late", 0, ("late-0",)),
        ("fork", 0, OF_A_CHILD),
        ("fork-exit", 0, OF_A_CHILD),
        ("multiprocessing-fork", 0, OF_A_CHILD),
        ("multiprocessing-spawn", 0, OF_A_CHILD),
        ("executor-fork", 0, OF_WORKERS),
        ("executor-spawn", 0, OF_WORKERS),
        ("executor-forkserver", 0, OF_WORKERS),
        ("pool-fork", 0, OF_WORKERS),
        ("pool-spawn", 0, OF_WORKERS),
        ("multiprocessing-failure", 0, ("error-uncaught",)),
    ],
)
def test_with_a_receiver_everything_arrives_once(
    tmp_path: Path, receiver: Receiver, way: str, code: int, others: tuple[str, ...]
) -> None:
    """Each error arrives once, those of children too."""
    finished = run(environment(tmp_path, receiver.url, **ENDS_AT_LEISURE), SOME, way)

    assert finished[0] == code, finished
    assert arrived(receiver) == each_exactly_once(*others, count=SOME)
    assert waiting(tmp_path) == []


@pytest.mark.parametrize(
    ("way", "code", "others"),
    [
        ("return", 0, ()),
        ("sys.exit", 3, ()),
        ("os._exit", 5, ()),
        ("raise", 1, ("error-uncaught",)),
        ("fork", 0, OF_A_CHILD),
        ("multiprocessing-fork", 0, OF_A_CHILD),
        ("executor-fork", 0, OF_WORKERS),
        ("executor-spawn", 0, OF_WORKERS),
        ("pool-fork", 0, OF_WORKERS),
        ("pool-spawn", 0, OF_WORKERS),
    ],
)
def test_without_a_receiver_the_next_process_delivers(
    tmp_path: Path, receiver: Receiver, way: str, code: int, others: tuple[str, ...]
) -> None:
    """It needs no error of its own for that, only to stay a while."""
    first = run(environment(tmp_path, nobody_listens(), **SAVES_AT_LEISURE), SOME, way)
    kept = len(waiting(tmp_path))

    with start(environment(tmp_path, receiver.url), 0, "wait") as second:
        until(lambda: not waiting(tmp_path))
        second.kill()

    assert first[0] == code, first
    assert kept == SOME + len(others)
    assert arrived(receiver) == each_exactly_once(*others, count=SOME)


def test_sigterm_kills_as_it_would_without_us(tmp_path: Path, receiver: Receiver) -> None:
    """The process dies of the signal, and its events arrive."""
    process = start(environment(tmp_path, receiver.url), SOME, "wait")

    process.terminate()
    code, _, _ = finish(process)

    assert code == -signal.SIGTERM
    assert arrived(receiver) == each_exactly_once(count=SOME)


def test_sigterm_keeps_what_cannot_be_delivered(tmp_path: Path) -> None:
    """A receiver that never answers costs FLUSH_TIMEOUT at the most, and no event."""
    silent = Reply(raw=lambda _: time.sleep(20))
    with receiving() as receiver:
        receiver.reply = silent
        process = start(environment(tmp_path, receiver.url, **SAVES_AT_LEISURE), SOME, "wait")

        process.terminate()
        code, _, _ = finish(process)

    assert code == -signal.SIGTERM
    assert len(waiting(tmp_path)) == SOME


def test_an_end_waits_for_the_answer_to_what_another_process_left(tmp_path: Path, receiver: Receiver) -> None:
    """Otherwise the next process would send the event once more."""
    run(environment(tmp_path, nobody_listens(), **SAVES_AT_LEISURE), 1, "return")
    receiver.reply = Reply(raw=_answer_late)

    process = start(environment(tmp_path, receiver.url, **ENDS_AT_LEISURE), 0, "wait")
    until(lambda: receiver.requests)
    process.terminate()
    code, _, stderr = finish(process)

    assert (code, stderr) == (-signal.SIGTERM, "")
    assert arrived(receiver) == each_exactly_once(count=1)
    assert waiting(tmp_path) == []


def _answer_late(connection: socket.socket) -> None:
    time.sleep(1)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_sigterm_right_after_a_burst_loses_none_of_it(tmp_path: Path, receiver: Receiver) -> None:
    """Nobody listens, so a thousand events with full trails are written before the process dies."""
    process = start(environment(tmp_path, nobody_listens(), OTEL_CRUMBS_FLUSH_TIMEOUT="10"), MANY, "wait")

    process.terminate()
    code, _, stderr = finish(process)
    kept = len(waiting(tmp_path))
    with start(environment(tmp_path, receiver.url), 0, "wait") as second:
        until(lambda: not waiting(tmp_path))
        second.kill()

    assert (code, kept) == (-signal.SIGTERM, MANY), stderr
    assert arrived(receiver) == each_exactly_once(count=MANY)


def test_the_applications_own_handler_decides(tmp_path: Path, receiver: Receiver) -> None:
    """It ends in its own way, and that way delivers."""
    process = start(environment(tmp_path, receiver.url), SOME, "handle")
    time.sleep(0.5)

    process.terminate()
    code, stdout, _ = finish(process)

    assert (code, stdout) == (7, "handled\n")
    assert arrived(receiver) == each_exactly_once(count=SOME)


def test_a_handler_that_calls_ours_goes_on(tmp_path: Path, receiver: Receiver) -> None:
    """It would not have died without us, so it does not die with us."""
    process = start(environment(tmp_path, receiver.url), SOME, "chain")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"

    process.terminate()
    code, stdout, _ = finish(process)

    assert (code, stdout) == (8, "still here\n")
    assert arrived(receiver) == each_exactly_once(count=SOME)


def test_sigkill_after_an_attempt_loses_nothing(tmp_path: Path, receiver: Receiver) -> None:
    """While the receiver is away every event goes to disk at once; no hook is needed for that."""
    process = start(environment(tmp_path, nobody_listens()), SOME, "wait")
    until(lambda: len(waiting(tmp_path)) == SOME)

    process.kill()
    finish(process)
    run(environment(tmp_path, receiver.url), 1, "flush", "second")
    with start(environment(tmp_path, receiver.url), 0, "wait") as third:
        until(lambda: not waiting(tmp_path))
        third.kill()

    assert arrived(receiver) == each_exactly_once("second-0", count=SOME)


@pytest.mark.parametrize("way", ["return", "os._exit", "raise"])
def test_without_a_spool_an_end_takes_no_longer(tmp_path: Path, way: str) -> None:
    """What is lost then is said."""
    variables = environment(tmp_path, nobody_listens(), OTEL_CRUMBS_FLUSH_TIMEOUT="0.3", OTEL_CRUMBS_SPOOL_DIR="none")

    _, _, stderr = run(variables, SOME, way)

    assert waiting(tmp_path) == []
    assert "are lost" in stderr
