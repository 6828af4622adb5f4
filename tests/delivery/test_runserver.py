"""Tests of Django's `runserver`, which starts again when a file changes: no event is lost."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.applications import instrumented
from tests.e2e.website import Website
from tests.export.receiver import receiving
from tests.loopback import free_port, nobody_listens

from .running import NO_TELEMETRY, PROGRAMS, arrived, each_exactly_once, environment, port_of, until, waiting

pytestmark = pytest.mark.e2e

Start = Callable[[list[str], str], Website]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a source file of the project."""
    source = tmp_path / "word.py"
    source.write_text('WORD = "before"\n', encoding="utf-8")
    return source


@pytest.fixture
def start(source: Path, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the development server; it is stopped in the end."""
    websites: list[Website] = []

    def start(before: list[str], endpoint: str) -> Website:
        port = free_port()
        variables = environment(
            tmp_path,
            endpoint,
            DJANGO_SETTINGS_MODULE="reloaded",
            PYTHONPATH=os.pathsep.join([str(PROGRAMS), str(source.parent)]),
            PYTHONUNBUFFERED="1",
            **NO_TELEMETRY,
        )
        website = Website(
            [*before, sys.executable, "-m", "django", "runserver", f"127.0.0.1:{port}"],
            port=port,
            site=tmp_path,
            folder=tmp_path,
            environment=variables,
            stop_signal=signal.SIGINT,
        )
        websites.append(website)
        website.start()
        return website

    yield start
    for website in websites:
        website.stop()


@pytest.mark.parametrize("before", [[], instrumented()], ids=["app", "instrumented"])
def test_a_reloaded_process_delivers_earlier_events(
    start: Start, source: Path, tmp_path: Path, before: list[str]
) -> None:
    """The receiver is away until both processes have failed."""
    away = nobody_listens()
    website = start(before, away)
    failed = [website.get("/fail")[0]]
    until(lambda: len(waiting(tmp_path)) == 1)

    source.write_text('WORD = "afterwards"\n', encoding="utf-8")
    until(lambda: has_noticed(website, source))
    until(lambda: says(website, b"afterwards"))
    failed.append(website.get("/fail")[0])
    with receiving(port=port_of(away)) as receiver:
        until(lambda: len(receiver.requests) == 2 and not waiting(tmp_path))

    assert failed == [500, 500]
    assert arrived(receiver) == each_exactly_once("before", "afterwards")


def has_noticed(website: Website, source: Path) -> bool:
    """Return whether the server ends for a change; one that comes before it has looked around once is none to it."""
    source.touch()
    return "word.py changed, reloading." in website.output


def says(website: Website, word: bytes) -> bool:
    """Return whether a page says this; while the server starts again there is none."""
    try:
        return website.get("/say") == (200, word)
    except ConnectionError:
        return False
