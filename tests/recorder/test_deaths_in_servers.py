"""Workers of real servers that die: each death is one event, whoever reports it and whoever looks afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.running import NO_TELEMETRY, waiting
from tests.e2e.applications import installed_program, instrumented
from tests.e2e.website import Website
from tests.export.receiver import Receiver
from tests.loopback import free_port

from .cgroups import enter
from .dying import ROOT, TYPES, TYPES_OF_HANGS, check, recordings, recover, run, variables

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="files and signals are those of Linux"),
]

PATIENCE = 60.0
PAGES = "tests.recorder.programs.dying_pages"
GUNICORN = [installed_program("gunicorn"), "--timeout", "2", "--bind"]
UVICORN = [installed_program("uvicorn"), "--workers", "2", "--port"]
THREADS = ["--worker-class", "gthread", "--threads", "2"]

# How each server is started, before its port and after it, and the deaths in it. The process that installs otel_crumbs
# is each of its processes, or only the worker: then it is the next worker that reports a death.
SERVERS: dict[str, tuple[list[str], list[str], dict[str, str]]] = {
    "gunicorn": ([*instrumented(), *GUNICORN], [f"{PAGES}:application"], TYPES | TYPES_OF_HANGS),
    # Without the master's word an abort may as well be its own.
    "gunicorn, installed in its workers": (
        GUNICORN,
        [f"{PAGES}:application"],
        TYPES | TYPES_OF_HANGS | {"abort": "WorkerTimeout"},
    ),
    # Threads that hang in Python code do not keep the worker from a word to its master.
    "gunicorn with threads": (
        [*instrumented(), *GUNICORN],
        [*THREADS, f"{PAGES}:application"],
        TYPES | {"hang in C": "WorkerTimeout"},
    ),
    "uvicorn": ([*instrumented(), *UVICORN], [f"{PAGES}:asgi"], TYPES),
    "uvicorn, installed in its workers": (UVICORN, [f"{PAGES}:asgi"], TYPES),
}


@pytest.fixture
def website(request: pytest.FixtureRequest, receiver: Receiver, tmp_path: Path) -> Iterator[Website]:
    """Run one of the servers."""
    website = make_website(request.param, receiver, tmp_path)
    website.start()
    yield website
    website.stop()


def make_website(name: str, receiver: Receiver, tmp_path: Path, inside: Sequence[str] = ()) -> Website:
    """Return one of the servers, which is not started yet."""
    before, after, _ = SERVERS[name]
    port = free_port()
    address = f"127.0.0.1:{port}" if "--bind" in before else str(port)
    return Website(
        [*inside, *before, address, *after],
        port=port,
        site=ROOT,
        folder=tmp_path,
        environment=variables(tmp_path, receiver, PYTHONPATH=str(ROOT), **NO_TELEMETRY),
    )


def until(true: Callable[[], object], website: Website) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, website.output
        time.sleep(0.02)


def visit(website: Website, way: str) -> None:
    """Visit a page on which the worker dies, which is its answer; another worker may come only after a while."""

    def reach() -> bool:
        try:
            website.get("/" + way.replace(" ", "%20"))
        except ConnectionRefusedError:
            return False
        except (OSError, HTTPException):
            return True
        return True

    until(reach, website)


def is_settled(home: Path) -> bool:
    """Return whether no death is being reported: who dies meanwhile leaves it to the next, and it comes twice."""
    return not waiting(home) and all(Path("/proc", name.partition("-")[0]).exists() for name in recordings(home))


def by_way(receiver: Receiver) -> dict[str, list[dict[str, Any]]]:
    """Return the events that arrived, by the way in which the process died."""
    found: dict[str, list[dict[str, Any]]] = {}
    for request in receiver.requests:
        # Uvicorn kills workers that are slow to start on a busy machine: they were at no work yet.
        if "operation" in request.document:
            found.setdefault(request.document["operation"].rpartition("work ")[2], []).append(request.document)
    return found


@pytest.mark.parametrize(("website", "name"), [(name, name) for name in SERVERS], indirect=["website"])
def test_each_death_of_a_worker_is_one_event(website: Website, name: str, receiver: Receiver, tmp_path: Path) -> None:
    """With what the worker did; the next start of the service and the command find nothing any more."""
    ways = SERVERS[name][2]

    for way in ways:
        visit(website, way)
        until(lambda way=way: way in by_way(receiver) and is_settled(tmp_path), website)
    website.stop()
    run(variables(tmp_path, receiver), "script", "well")
    said = recover(variables(tmp_path, receiver), tmp_path / "otel-crumbs" / "recordings")

    found = by_way(receiver)
    assert {way: len(events) for way, events in found.items()} == dict.fromkeys(ways, 1)
    for way, [event] in found.items():
        # Only the main thread has room for the handler that writes the stacks where its own stack overflows.
        check(event, way, ways[way], has_stacks=(name, way) != ("gunicorn with threads", "overflow"))
    assert said == "otel-crumbs: 0 deaths found\n"
    assert recordings(tmp_path) == []


@pytest.mark.parametrize("name", ["gunicorn", "gunicorn with threads", "uvicorn"])
def test_a_worker_without_memory_is_one_event(receiver: Receiver, tmp_path: Path, cgroup: Path, name: str) -> None:
    """The system kills the largest process of its cgroup, and the other processes of the server stay."""
    website = make_website(name, receiver, tmp_path, enter(cgroup))

    try:
        website.start()
        visit(website, "memory")
        until(lambda: "memory" in by_way(receiver) and is_settled(tmp_path), website)
    finally:
        website.stop()
    run(variables(tmp_path, receiver), "script", "well")

    [event] = [request.document for request in receiver.requests]
    check(event, "memory", "OutOfMemory")
    assert recordings(tmp_path) == []
