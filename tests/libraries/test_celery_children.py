"""The children of a Celery worker are replaced: what their tasks reported arrives once, wherever the receiver was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import celery
import pytest

from tests.delivery.running import ENDS_AT_LEISURE, arrived, each_exactly_once, environment, port_of, until, waiting
from tests.export.receiver import Receiver, Reply, receiving
from tests.loopback import nobody_listens

from .celery_worker import worker
from .running import ROOT

MANY = 10
# Each fails; those between them do not, and leave breadcrumbs of their own.
BAD = [f"bad {number}" for number in range(MANY)]
ITEMS = [item for pair in zip(BAD, (f"hat {number}" for number in range(MANY)), strict=True) for item in pair]
FAILURES = each_exactly_once(*(f"{item} cannot be counted" for item in BAD))

Work = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


@pytest.fixture
def broker(redis_port: int) -> Iterator[str]:
    """Return a broker in which only the tasks of this test wait."""
    broker = f"redis://127.0.0.1:{redis_port}/3"
    with celery.Celery("sender", broker=broker, set_as_current=False) as sender:
        sender.control.purge()
        for item in ITEMS:
            sender.send_task("shop.count", [item])
        yield broker


@pytest.fixture
def work(broker: str, tmp_path: Path) -> Work:
    """Return a function that runs a worker whose children do two tasks each."""

    def work(endpoint: str, **variables: str) -> AbstractContextManager[None]:
        whole = environment(tmp_path, endpoint, BROKER=broker, PYTHONPATH=str(ROOT), **variables)
        return worker(tmp_path, whole, "-P", "prefork", "-c", "2", "--max-tasks-per-child", "2")

    return work


def children_of(receiver: Receiver) -> set[int]:
    """Return which processes the errors are from; each has its own task's trail, and nothing of another's."""
    found = set()
    for request in receiver.requests:
        event = request.document
        [item] = re.findall(r"bad \d+", event["exceptions"][0]["message"])
        story = [each for each in event["breadcrumbs"] if each["category"] in {"shop", "redis", "messaging"}]
        assert [each["message"].partition(" in ")[0] for each in story] == [f"counting {item}", "INCRBY ? ?"]
        found.add(story[0]["data"]["pid"])
    return found


def test_children_that_are_replaced_deliver_what_they_captured(work: Work, receiver: Receiver, tmp_path: Path) -> None:
    """Every failed task is one event, also the last one of a child."""
    with work(receiver.url, **ENDS_AT_LEISURE):
        until(lambda: len(receiver.requests) == MANY)

    assert arrived(receiver) == FAILURES
    assert len(children_of(receiver)) > 2
    assert waiting(tmp_path) == []


def test_children_deliver_what_those_before_them_left(work: Work, tmp_path: Path) -> None:
    """The receiver was away while children came and went, and is back; no other failure is needed."""
    away = nobody_listens()

    with work(away):
        until(lambda: len(waiting(tmp_path)) == MANY)
        with receiving(port=port_of(away)) as receiver:
            until(lambda: not waiting(tmp_path))

    assert arrived(receiver) == FAILURES
    assert len(children_of(receiver)) > 2


def test_a_new_worker_delivers_what_the_old_one_left(work: Work, tmp_path: Path) -> None:
    """The old one was shut down while the receiver was away; the new one has no task at all."""
    away = nobody_listens()
    with work(away):
        until(lambda: len(waiting(tmp_path)) == MANY)

    with receiving(port=port_of(away)) as receiver, work(receiver.url):
        until(lambda: not waiting(tmp_path))

    assert arrived(receiver) == FAILURES
    assert len(children_of(receiver)) > 2


def test_a_shutdown_in_the_middle_of_everything_loses_nothing(work: Work, tmp_path: Path) -> None:
    """Nothing was acknowledged when SIGTERM came; the new worker delivers it, and does the other tasks."""
    with receiving() as silent:
        silent.reply = Reply(raw=lambda connection: connection.recv(1))
        with work(silent.url):
            until(lambda: silent.requests)

    with receiving(port=port_of(silent.url)) as receiver, work(receiver.url):
        until(lambda: len(receiver.requests) == MANY)

    assert arrived(receiver) == FAILURES
    assert waiting(tmp_path) == []
