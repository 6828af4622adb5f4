"""Tests of uWSGI's workers, which are forked without Python's hooks: each event arrives once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.e2e.applications import installed_program
from tests.e2e.website import Website
from tests.export.receiver import Receiver, receiving
from tests.loopback import free_port, nobody_listens

from .running import (
    ENDS_AT_LEISURE,
    NO_TELEMETRY,
    PROGRAMS,
    SECONDS_TO_RUN,
    arrived,
    each_exactly_once,
    environment,
    numbered,
    port_of,
    until,
    waiting,
)

pytestmark = pytest.mark.e2e

needs_uwsgi = pytest.mark.skipif(not Path(installed_program("uwsgi")).exists(), reason="uWSGI is not installed")

MANY = 6
# Once for all workers, where the master loads the application.
WAYS: dict[str, list[str]] = {
    "prefork": ["--master"],
    "prefork, threads": ["--master", "--enable-threads", "--threads", "2"],
    # Of several processes only the first would be ended.
    "no master": ["--processes", "1"],
}
# With Python 3.13 a worker of uWSGI 2.0.31 answers nothing then, whatever the application is.
if sys.version_info < (3, 13):
    WAYS["prefork, hooks"] = ["--master", "--py-call-osafterfork"]
# Once in each worker.
LAZY_WAYS: dict[str, list[str]] = {
    "lazy": ["--master", "--lazy-apps"],
    "lazy, threads": ["--master", "--lazy-apps", "--enable-threads"],
}

Start = Callable[..., Website]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts uWSGI; what is still running in the end is stopped."""
    with ExitStack() as stack:

        def start(program: str, endpoint: str, *options: str, **variables: str) -> Website:
            port = free_port()
            server = [installed_program("uwsgi"), "--http-socket", f"127.0.0.1:{port}", "--processes", "2"]
            site = ["--virtualenv", sys.prefix, "--pythonpath", str(PROGRAMS), "--wsgi", f"{program}:application"]
            website = Website(
                [*server, *site, "--die-on-term", *options],
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
    """Visit many pages: some of them fail, the others report an error outside any operation."""
    visit_failing_pages(website)
    for page in numbered("out-page", MANY):
        website.get(f"/outside/{page}")


def visit_failing_pages(website: Website) -> None:
    """Visit pages that fail, for which uWSGI hangs up."""
    for page in numbered("page", MANY):
        with suppress(ConnectionError):
            website.get(f"/{page}")


def check_trails(receiver: Receiver) -> None:
    """Check that each error has its own process's notes alone, and those of its own operation if it had one."""
    stories = {}
    for request in receiver.requests:
        event = request.document
        notes = [each for each in event["breadcrumbs"] if each["category"] == "manual"]
        [pid] = {each["data"]["pid"] for each in notes}
        stories[event["exceptions"][0]["message"]] = (pid, [each["message"] for each in notes])
    master, story = stories.pop("loading")
    assert story == ["while loading"]
    for message, (pid, notes) in stories.items():
        # Without a master the process that loads the application is the first worker.
        before = [note for note in notes if pid != master or note != "while loading"]
        assert before[-1] == f"before {message}"
        assert all(note.startswith("before out-") for note in before[:-1])
        assert message.startswith("out-") or notes == [f"before {message}"]


ALL = [*numbered("page", MANY), *numbered("out-page", MANY)]


@needs_uwsgi
@pytest.mark.parametrize("way", WAYS)
def test_what_workers_capture_arrives_once(start: Start, receiver: Receiver, tmp_path: Path, way: str) -> None:
    """So does the error of the master, which was captured while it loaded the application."""
    website = start("loading", receiver.url, *WAYS[way], **ENDS_AT_LEISURE)

    visit(website)
    until(lambda: len(receiver.requests) == len(ALL) + 1)
    website.stop()

    assert arrived(receiver) == each_exactly_once("loading", *ALL)
    check_trails(receiver)
    assert waiting(tmp_path) == []


@needs_uwsgi
@pytest.mark.parametrize("way", LAZY_WAYS)
def test_workers_that_load_the_application_deliver_too(start: Start, receiver: Receiver, way: str) -> None:
    """Each of them has an error of its own, while it loads the application."""
    website = start("loading", receiver.url, *LAZY_WAYS[way], **ENDS_AT_LEISURE)

    visit(website)
    until(lambda: len(receiver.requests) == len(ALL) + 2)
    website.stop()

    assert arrived(receiver) == each_exactly_once("loading", "loading", *ALL)


@needs_uwsgi
@pytest.mark.parametrize("way", ["prefork", "no master"])
def test_a_new_server_delivers_what_the_old_one_left(start: Start, tmp_path: Path, way: str) -> None:
    """The receiver was away, and the new server has no failure of its own."""
    away = nobody_listens()
    old = start("pages", away, *WAYS[way])
    visit_failing_pages(old)
    until(lambda: len(waiting(tmp_path)) == MANY)
    old.stop()
    left = len(waiting(tmp_path))

    with receiving(port=port_of(away)) as receiver:
        new = start("pages", receiver.url, *WAYS[way])
        until(lambda: not waiting(tmp_path))
        new.stop()

    assert left == MANY
    assert arrived(receiver) == each_exactly_once(count=MANY, name="page")


@needs_uwsgi
def test_undoing_leaves_nothing_in_the_modules_of_uwsgi(start: Start) -> None:
    """The application's own hook is back, and the chain of the decorators is as it was."""
    website = start("undone", nobody_listens(), *WAYS["prefork"])

    status, seen = website.get("/")

    assert (status, json.loads(seen)) == (200, [[True, True], [False, False], [True, True]])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_code_in_c_forks_delivers_its_own_event(receiver: Receiver, tmp_path: Path) -> None:
    """It has its parent's thread in its books, which does not run in it."""
    command = [sys.executable, str(PROGRAMS / "forked_in_c.py")]

    done = subprocess.run(
        command, check=False, env=environment(tmp_path, receiver.url), timeout=SECONDS_TO_RUN, capture_output=True
    )

    assert (done.returncode, done.stderr) == (7, b"")
    assert arrived(receiver) == each_exactly_once("parent", "child")
