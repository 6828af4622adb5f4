"""Tests of Apache's processes, in which mod_wsgi runs Python: each event arrives once, and the end is as without us."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.export.receiver import Receiver, receiving
from tests.loopback import nobody_listens

from .apache import DAEMONS, EMBEDDED, MAIN, OWN, Apache, find_what_is_missing
from .running import (
    ENDS_AT_LEISURE,
    PROGRAMS,
    arrived,
    each_exactly_once,
    numbered,
    port_of,
    until,
    waiting,
    workers_of,
)

MISSING = find_what_is_missing()

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

MANY = 10
RECYCLED = 3
# What Apache, mod_wsgi and this package say of a process that did not end by itself, or of something that failed.
BAD_NEWS = ("exit signal", "still did not", "otel_crumbs failed", "Fatal Python", "signal handler", "not delivered")

Start = Callable[..., Apache]

every_way = pytest.mark.parametrize(
    ("mode", "interpreter"),
    [(DAEMONS, MAIN), (DAEMONS, OWN), (EMBEDDED, MAIN), (EMBEDDED, OWN)],
    ids=["daemons, main interpreter", "daemons", "embedded, main interpreter", "embedded"],
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts Apache; what is still running in the end is stopped."""
    with ExitStack() as stack:

        def start(program: str, endpoint: str, **options: object) -> Apache:
            apache = Apache(program, endpoint, folder=tmp_path, **options)  # type: ignore[arg-type]  # as given
            stack.callback(apache.stop)
            apache.start()
            return apache

        yield start


def visit(apache: Apache, name: str = "page", count: int = MANY) -> None:
    """Visit many pages, all of which fail."""
    assert [apache.get(f"/{page}")[0] for page in numbered(name, count)] == [500] * count


def bad_news(apache: Apache) -> list[str]:
    """Return the lines of Apache's log that are not there without us."""
    return [line for line in apache.errors.splitlines() if any(words in line for words in BAD_NEWS)]


@every_way
def test_a_recycled_process_delivers_its_events(
    start: Start, receiver: Receiver, tmp_path: Path, mode: str, interpreter: str
) -> None:
    """Every failing request is one event, also the last one of a process."""
    way = {"mode": mode, "interpreter": interpreter, "recycled_after": RECYCLED}
    apache = start("pages", receiver.url, **way, **ENDS_AT_LEISURE)

    visit(apache)
    apache.stop()

    assert arrived(receiver) == each_exactly_once(count=MANY, name="page")
    assert len(workers_of(receiver)) > 2
    assert waiting(tmp_path) == []
    assert bad_news(apache) == []


@every_way
def test_installing_before_anything_else_loses_nothing(
    start: Start, receiver: Receiver, tmp_path: Path, mode: str, interpreter: str
) -> None:
    """Each interpreter installs then, before it is known for one of mod_wsgi's."""
    way = {"mode": mode, "interpreter": interpreter, "recycled_after": RECYCLED}
    apache = start("pages", receiver.url, **way, **ENDS_AT_LEISURE, PYTHONPATH=str(PROGRAMS / "early"))

    visit(apache)
    apache.stop()

    assert arrived(receiver) == each_exactly_once(count=MANY, name="page")
    assert waiting(tmp_path) == []
    assert bad_news(apache) == []


@every_way
def test_a_graceful_restart_loses_nothing(
    start: Start, receiver: Receiver, tmp_path: Path, mode: str, interpreter: str
) -> None:
    """Neither before it nor after it, and an error while the application is loaded is one event of each process."""
    apache = start("loading", receiver.url, mode=mode, interpreter=interpreter, **ENDS_AT_LEISURE)

    visit(apache, "before")
    os.kill(apache.pid, signal.SIGUSR1)
    until(lambda: "resuming normal operations" in apache.errors.partition("Graceful restart requested")[2])
    visit(apache, "after")
    apache.stop()

    found = arrived(receiver)
    assert found.pop("loading") >= 2
    assert found == each_exactly_once(*numbered("before", MANY), *numbered("after", MANY))
    assert waiting(tmp_path) == []
    assert bad_news(apache) == []


@every_way
def test_a_new_server_delivers_what_the_old_one_left(start: Start, tmp_path: Path, mode: str, interpreter: str) -> None:
    """The receiver was away, and comes back before the new server has its first request."""
    away = nobody_listens()
    old = start("pages", away, mode=mode, interpreter=interpreter)
    visit(old)
    old.stop()
    left = len(waiting(tmp_path))

    with receiving(port=port_of(away)) as receiver:
        new = start("pages", receiver.url, mode=mode, interpreter=interpreter, **ENDS_AT_LEISURE)
        visit(new, "new", 1)
        until(lambda: not waiting(tmp_path) and len(receiver.requests) > MANY)
        new.stop()

    assert left == MANY
    assert arrived(receiver) == each_exactly_once("new-0", count=MANY, name="page")


@pytest.mark.parametrize(("interpreter", "seen"), [(OWN, [0, 1, 0]), (MAIN, [0, 0, 0])], ids=["own", "main"])
def test_undoing_leaves_nothing_in_the_module_of_apache(start: Start, interpreter: str, seen: list[int]) -> None:
    """Only in an interpreter that Apache made does it have to say when that ends."""
    apache = start("subscribed", nobody_listens(), mode=DAEMONS, interpreter=interpreter)

    status, body = apache.get("/")

    assert (status, json.loads(body)) == (200, seen)
