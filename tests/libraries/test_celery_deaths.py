"""Children of a Celery worker that die: each death is one event, with the child's trail."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import celery
import pytest

from tests.delivery.running import environment, waiting
from tests.export.receiver import Receiver, receiving
from tests.recorder.cgroups import cgroup, enter
from tests.recorder.dying import TYPES, check, recordings, recover

from .celery_worker import worker
from .running import ROOT

__all__ = ["cgroup"]

PATIENCE = 60.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def until(true: Callable[[], object], folder: Path) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, (folder / "log").read_text(encoding="utf-8", errors="replace")
        time.sleep(0.05)


def make_variables(folder: Path, receiver: Receiver, port: int, recorder: str) -> dict[str, str]:
    """Return the environment of a worker."""
    variables = {"BROKER": f"redis://127.0.0.1:{port}/5", "PYTHONPATH": str(ROOT), "OTEL_CRUMBS_RECORDER": recorder}
    return environment(folder, receiver.url, **variables)


def have_done(
    folder: Path,
    variables: Mapping[str, str],
    receiver: Receiver,
    tasks: list[tuple[str, list[str]]],
    *,
    inside: Sequence[str] = (),
    **options: Any,
) -> list[dict[str, Any]]:
    """Have a worker with one child do tasks in turn, each of which is an event; return the events of each."""
    with celery.Celery("sender", broker=variables["BROKER"], set_as_current=False) as sender:
        sender.control.purge()
        with worker(folder, variables, "-P", "prefork", "-c", "1", inside=inside):
            for number, (name, arguments) in enumerate(tasks, 1):
                sender.send_task(name, arguments, **options)
                until(lambda number=number: len(receiver.requests) >= number and not waiting(folder), folder)
            # A second event of the last one would come at once.
            time.sleep(1)
    return [request.document for request in receiver.requests]


def test_each_death_of_a_child_is_one_event(redis_port: int, receiver: Receiver, tmp_path: Path) -> None:
    """Killed, crashed, or ended by itself: with the child's trail, and nothing is left for others."""
    variables = make_variables(tmp_path, receiver, redis_port, "auto")
    tasks = [("shop.die", [way]) for way in TYPES]

    deaths = have_done(tmp_path, variables, receiver, tasks)

    assert [event["operation"].rpartition(" ")[2] for event in deaths] == [*TYPES]
    for event, way in zip(deaths, TYPES, strict=True):
        check(event, way)
    assert recover(variables, tmp_path / "otel-crumbs" / "recordings") == "otel-crumbs: 0 deaths found\n"
    assert recordings(tmp_path) == []


def test_a_child_without_memory_is_one_event(
    redis_port: int,
    receiver: Receiver,
    tmp_path: Path,
    cgroup: Path,
) -> None:
    """Its parent is in the same cgroup, and stays."""
    variables = make_variables(tmp_path, receiver, redis_port, "auto")

    [event] = have_done(tmp_path, variables, receiver, [("shop.die", ["memory"])], inside=enter(cgroup))

    check(event, "memory", "OutOfMemory")
    assert recordings(tmp_path) == []


def test_a_task_over_its_hard_limit_has_the_trail_of_its_child(
    redis_port: int, receiver: Receiver, tmp_path: Path
) -> None:
    """One event of the parent's, and the child that it kills leaves none."""
    variables = make_variables(tmp_path, receiver, redis_port, "auto")

    [event] = have_done(tmp_path, variables, receiver, [("shop.die", ["hang"])], time_limit=3)

    assert event["exceptions"][0]["type"] == "billiard.exceptions.TimeLimitExceeded"
    assert event["attributes"]["celery.task_name"] == "shop.die"
    messages = [each["message"] for each in event["breadcrumbs"]]
    assert [f"step {number}" for number in range(10, 60)] == [each for each in messages if each.startswith("step")][
        -50:
    ]
    assert any(re.fullmatch(r"SELECT \* FROM orders \(in flight.*\)", each) for each in messages)
    assert recover(variables, tmp_path / "otel-crumbs" / "recordings") == "otel-crumbs: 0 deaths found\n"


def test_a_child_without_a_recording_is_lost_all_the_same(redis_port: int, receiver: Receiver, tmp_path: Path) -> None:
    """Its parent's exception is the event then."""
    variables = make_variables(tmp_path, receiver, redis_port, "auto") | {"WITHOUT_RECORDING": "1"}

    [event] = have_done(tmp_path, variables, receiver, [("shop.die", ["kill"])])

    assert event["exceptions"][0]["type"] == "billiard.exceptions.WorkerLostError"
