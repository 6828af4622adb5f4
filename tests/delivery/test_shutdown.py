"""Tests of processes that end: each error arrives once, or waits for the next process."""

from __future__ import annotations

import re
import signal
import socket
import time
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
    port_of,
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
        ("multiprocessing-failure", 0, ("error-uncaught",)),
    ],
)
def test_every_error_arrives_once(
    tmp_path: Path, receiver: Receiver, way: str, code: int, others: tuple[str, ...]
) -> None:
    """However the process ends, its errors arrive, and those of its children."""
    finished = run(environment(tmp_path, receiver.url, **ENDS_AT_LEISURE), SOME, way)

    assert finished[0] == code, finished
    assert arrived(receiver) == each_exactly_once(*others, count=SOME)
    assert waiting(tmp_path) == []


@pytest.mark.parametrize("way", ["pool-fork", "pool-spawn"])
def test_no_error_of_a_pool_is_lost(tmp_path: Path, receiver: Receiver, way: str) -> None:
    """
    It terminates its workers: one that has no answer yet saves its error, for the next process to send once more.

    By its id the receiver knows that it is the same one.
    """
    finished = run(environment(tmp_path, receiver.url, **ENDS_AT_LEISURE), SOME, way)
    with start(environment(tmp_path, receiver.url), 0, "wait") as second:
        until(lambda: not waiting(tmp_path))
        second.kill()

    assert finished[0] == 0, finished
    assert set(arrived(receiver)) == set(each_exactly_once(*OF_WORKERS, count=SOME))
    assert len({request.document["event_id"] for request in receiver.requests}) == SOME + len(OF_WORKERS)


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
    tmp_path: Path, way: str, code: int, others: tuple[str, ...]
) -> None:
    """The next process needs no error of its own for that."""
    away = nobody_listens()
    first = run(environment(tmp_path, away, **SAVES_AT_LEISURE), SOME, way)
    kept = len(waiting(tmp_path))

    with (
        receiving(port=port_of(away)) as receiver,
        start(environment(tmp_path, receiver.url), 0, "wait") as second,
    ):
        until(lambda: not waiting(tmp_path))
        second.kill()

    assert first[0] == code, first
    assert kept == SOME + len(others)
    assert arrived(receiver) == each_exactly_once(*others, count=SOME)


def test_sigterm_ends_the_process(tmp_path: Path, receiver: Receiver) -> None:
    """The process dies of the signal, and its events arrive."""
    process = start(environment(tmp_path, receiver.url), SOME, "wait")

    process.terminate()
    code, _, _ = finish(process)

    assert code == -signal.SIGTERM
    assert arrived(receiver) == each_exactly_once(count=SOME)


def test_sigterm_saves_undelivered_events(tmp_path: Path) -> None:
    """A receiver that never responds costs FLUSH_TIMEOUT at the most, and no event."""
    silent = Reply(raw=lambda _: time.sleep(20))
    with receiving() as receiver:
        receiver.reply = silent
        process = start(environment(tmp_path, receiver.url, **SAVES_AT_LEISURE), SOME, "wait")

        process.terminate()
        code, _, _ = finish(process)

    assert code == -signal.SIGTERM
    assert len(waiting(tmp_path)) == SOME


def test_the_end_waits_for_the_response_under_way(tmp_path: Path) -> None:
    """If it were cut off, the next process would send the event again."""
    away = nobody_listens()
    run(environment(tmp_path, away, **SAVES_AT_LEISURE), 1, "return")

    with receiving(port=port_of(away)) as receiver:
        receiver.reply = Reply(raw=_respond_late)
        process = start(environment(tmp_path, receiver.url, **ENDS_AT_LEISURE), 0, "wait")
        until(lambda: receiver.requests)
        process.terminate()
        code, _, stderr = finish(process)

    assert (code, stderr) == (-signal.SIGTERM, "")
    assert arrived(receiver) == each_exactly_once(count=1)
    assert waiting(tmp_path) == []


def _respond_late(connection: socket.socket) -> None:
    time.sleep(1)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_sigterm_after_a_burst_loses_no_event(tmp_path: Path) -> None:
    """A thousand events with full trails are written before the process dies."""
    away = nobody_listens()
    process = start(environment(tmp_path, away, OTEL_CRUMBS_FLUSH_TIMEOUT="10"), MANY, "wait")

    process.terminate()
    code, _, stderr = finish(process)
    kept = len(waiting(tmp_path))
    with (
        receiving(port=port_of(away)) as receiver,
        start(environment(tmp_path, receiver.url), 0, "wait") as second,
    ):
        until(lambda: not waiting(tmp_path))
        second.kill()

    assert (code, kept) == (-signal.SIGTERM, MANY), stderr
    assert arrived(receiver) == each_exactly_once(count=MANY)


def test_the_applications_own_handler_decides(tmp_path: Path, receiver: Receiver) -> None:
    """An application that handles SIGTERM ends in its own way, which delivers."""
    process = start(environment(tmp_path, receiver.url), SOME, "handle")
    time.sleep(0.5)

    process.terminate()
    code, stdout, _ = finish(process)

    assert (code, stdout) == (7, "handled\n")
    assert arrived(receiver) == each_exactly_once(count=SOME)


def test_a_handler_that_calls_the_hook_goes_on(tmp_path: Path, receiver: Receiver) -> None:
    """The process would not have died without the hook, so it does not die with it."""
    process = start(environment(tmp_path, receiver.url), SOME, "chain")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"

    process.terminate()
    code, stdout, _ = finish(process)

    assert (code, stdout) == (8, "still here\n")
    assert arrived(receiver) == each_exactly_once(count=SOME)


def test_sigkill_after_an_attempt_loses_no_event(tmp_path: Path) -> None:
    """While the receiver is away each event is written at once, so no hook is needed."""
    away = nobody_listens()
    process = start(environment(tmp_path, away), SOME, "wait")
    until(lambda: len(waiting(tmp_path)) == SOME)

    process.kill()
    finish(process)
    with receiving(port=port_of(away)) as receiver:
        run(environment(tmp_path, receiver.url), 1, "flush", "second")
        with start(environment(tmp_path, receiver.url), 0, "wait") as third:
            until(lambda: not waiting(tmp_path))
            third.kill()

    assert arrived(receiver) == each_exactly_once("second-0", count=SOME)


@pytest.mark.parametrize("way", ["return", "os._exit", "raise"])
def test_the_end_without_a_spool_warns_of_losses(tmp_path: Path, way: str) -> None:
    """Nothing is written, and the warning has the number of lost events."""
    variables = environment(tmp_path, nobody_listens(), OTEL_CRUMBS_FLUSH_TIMEOUT="2", OTEL_CRUMBS_SPOOL_DIR="none")

    _, _, stderr = run(variables, SOME, way)

    assert waiting(tmp_path) == []
    assert re.search(r"could deliver all error events \(lost: \d+\)", stderr)
