"""Tests of gunicorn's workers, which come and go: each event arrives once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.applications import installed_program, instrumented
from tests.e2e.website import Website
from tests.export.receiver import Receiver, Reply, receiving
from tests.loopback import free_port, nobody_listens

from .running import (
    ENDS_AT_LEISURE,
    NO_TELEMETRY,
    PROGRAMS,
    arrived,
    each_exactly_once,
    environment,
    numbered,
    port_of,
    until,
    waiting,
    workers_of,
)

pytestmark = pytest.mark.e2e

MANY = 10

# The process that installs otel_crumbs is the worker, or the master from which it is forked.
WAYS: dict[str, tuple[list[str], list[str]]] = {
    "worker": ([], []),
    "preload": ([], ["--preload"]),
    "instrumented": (instrumented(), []),
}
RECYCLED = ("--max-requests", "3")
TIMED_OUT = "gunicorn's worker was silent for more than its timeout of 2 s"

Start = Callable[..., Website]

every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts gunicorn; what is still running in the end is stopped."""
    with ExitStack() as stack:

        def start(way: str, endpoint: str, *options: str, **variables: str) -> Website:
            before, more = WAYS[way]
            port = free_port()
            gunicorn = [installed_program("gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "2"]
            website = Website(
                [*before, *gunicorn, *more, *options, "pages:application"],
                port=port,
                site=PROGRAMS,
                folder=tmp_path,
                environment=environment(tmp_path, endpoint, **NO_TELEMETRY, **variables),
            )
            stack.callback(website.stop)
            website.start()
            return website

        yield start


def visit(website: Website) -> None:
    """Visit many pages, all of which fail."""
    assert [website.get(f"/{page}")[0] for page in numbered("page", MANY)] == [500] * MANY


def documents(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the events that arrived."""
    return [request.document for request in receiver.requests]


@pytest.mark.parametrize(("way", "jitter"), [*((way, "0") for way in WAYS), ("worker", "1")])
def test_a_replaced_worker_delivers_its_events(
    start: Start, receiver: Receiver, tmp_path: Path, way: str, jitter: str
) -> None:
    """Every failing request is one event, also the last one of a worker."""
    website = start(way, receiver.url, *RECYCLED, "--max-requests-jitter", jitter, **ENDS_AT_LEISURE)

    visit(website)
    website.stop()

    assert arrived(receiver) == each_exactly_once(count=MANY, name="page")
    assert len(workers_of(receiver)) > 2
    assert waiting(tmp_path) == []


@every_way
def test_workers_deliver_events_of_earlier_workers(start: Start, tmp_path: Path, way: str) -> None:
    """The receiver is away while workers come and go, and no further failure is needed when it is back."""
    away = nobody_listens()
    website = start(way, away, *RECYCLED)
    visit(website)
    until(lambda: len(waiting(tmp_path)) == MANY)

    with receiving(port=port_of(away)) as receiver:
        until(lambda: not waiting(tmp_path))
        website.stop()

    assert arrived(receiver) == each_exactly_once(count=MANY, name="page")
    assert len(workers_of(receiver)) > 2


@every_way
def test_a_new_server_delivers_events_of_the_old_one(start: Start, tmp_path: Path, way: str) -> None:
    """The new server needs no failure of its own for that."""
    away = nobody_listens()
    old = start(way, away, *RECYCLED)
    visit(old)
    old.stop()
    left = len(waiting(tmp_path))

    with receiving(port=port_of(away)) as receiver:
        new = start(way, receiver.url)
        until(lambda: not waiting(tmp_path))
        new.stop()

    assert left == MANY
    assert arrived(receiver) == each_exactly_once(count=MANY, name="page")
    assert len(workers_of(receiver)) > 2


@pytest.mark.parametrize(("way", "receiver_is"), [*((way, "silent") for way in WAYS), ("worker", "away")])
def test_a_killed_worker_saves_its_events(start: Start, tmp_path: Path, way: str, receiver_is: str) -> None:
    """Gunicorn's timeout sends SIGABRT, at which the worker says where it hangs, and a second later SIGKILL."""
    with receiving() as silent:
        silent.reply = Reply(raw=lambda connection: connection.recv(1))
        url = nobody_listens() if receiver_is == "away" else silent.url
        website = start(way, url, "--timeout", "2")
        # Newer ones answer with 500, older ones hang up.
        with suppress(ConnectionError):
            website.get("/stuck/page-0")
        until(lambda: "Booting worker" in website.output.partition("WORKER TIMEOUT")[2])
        website.stop()
    left = len(waiting(tmp_path))

    with receiving(port=port_of(url)) as receiver:
        new = start(way, url)
        until(lambda: not waiting(tmp_path))
        new.stop()

    assert left == 2
    assert arrived(receiver) == each_exactly_once("page-0", TIMED_OUT)
    hang = next(document for document in documents(receiver) if document["level"] == "fatal")
    assert hang["exceptions"][0]["type"] == "WorkerTimeout"
    assert hang["operation"] == "stuck/page-0"
    assert hang["breadcrumbs"][0]["message"] == "before page-0"
    assert hang["exceptions"][0]["frames"][-1]["function"] == "application"
