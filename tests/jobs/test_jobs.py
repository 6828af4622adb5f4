"""A job is an operation with a trail of its own, and one that fails is one event with its name and id."""

from __future__ import annotations

import asyncio
import inspect
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import apscheduler.executors.asyncio
import apscheduler.executors.pool
import arq
import arq.worker
import dramatiq
import dramatiq.worker
import huey.api
import pytest
import redis
import rq
import rq.job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler
from dramatiq.brokers.redis import RedisBroker
from huey import MemoryHuey
from huey.consumer import Consumer

import otel_crumbs
from otel_crumbs.capture import job_libraries
from otel_crumbs.testing import CapturedEvents

from . import shop

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
BAD = ["bad cap", "bad pin"]
ITEMS = ["hat", "bad cap", "bow", "bad pin"]


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def check(events: CapturedEvents, library: str, name: str, *lines: str) -> list[dict[str, Any]]:
    """
    Check the two events of the bad items, and their whole trails; return their attributes.

    Args:
        events: What was captured.
        library: Its name.
        name: Of the operation.
        lines: How the lines begin that the library itself logs of a job.

    """
    found = sorted(events, key=lambda event: event.title)
    assert [event.title for event in found] == [f"ValueError: {item} cannot be counted" for item in BAD]
    for event, item in zip(found, BAD, strict=True):
        story = [each.message for each in event.breadcrumbs]
        own, library_lines = [], []
        for line in story:
            (library_lines if line.startswith(tuple(lines)) else own).append(line)
        assert own == [f"counting {item}", f"counted {item}"]
        # A few lines of the library itself, and none of other jobs.
        assert len(library_lines) <= 3
        assert not any(other in line for line in library_lines for other in ITEMS if other != item)
        assert (event.operation, event.handled) == (name, False)
        assert event.attributes["messaging.system"] == library
        assert event.attributes["messaging.operation.type"] == "process"
    return [dict(event.attributes) for event in found]


def test_messages_of_dramatiq(redis_port: int, events: CapturedEvents) -> None:
    """A worker's thread does one after the other; what an actor is told to throw is no event, nor is a retry."""
    broker = RedisBroker(url=f"redis://127.0.0.1:{redis_port}/0")

    def count(item: str) -> None:
        shop.count(item)
        if item == "again":
            raise dramatiq.errors.Retry(delay=3_600_000)

    actor = dramatiq.actor(count, broker=broker, actor_name="shop.count", max_retries=0, throws=shop.OutOfStockError)
    sent = [actor.send(item) for item in ("none", "again", *ITEMS)]
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
    worker.start()
    try:
        until(lambda: len(events) == 2)
    finally:
        worker.stop()
        broker.close()

    attributes = check(events, "dramatiq", "shop.count", "Failed to process", "Received message")
    assert [each["messaging.message.id"] for each in attributes] == [sent[3].message_id, sent[5].message_id]
    assert {each["messaging.destination.name"] for each in attributes} == {"default"}


def test_jobs_of_rq(redis_port: int, events: CapturedEvents) -> None:
    """RQ logs the traceback of a failure as text alone."""
    connection = redis.Redis(port=redis_port, db=1)
    queue = rq.Queue("shop", connection=connection)
    jobs = [queue.enqueue(shop.count, item) for item in ITEMS]

    rq.SimpleWorker([queue], connection=connection).work(burst=True, logging_level="CRITICAL")

    attributes = check(events, "rq", "tests.jobs.shop.count")
    assert [each["messaging.message.id"] for each in attributes] == [jobs[1].id, jobs[3].id]
    assert {each["messaging.destination.name"] for each in attributes} == {"shop"}
    assert [job.get_status() for job in jobs] == ["finished", "failed", "finished", "failed"]
    connection.close()


FORKING = """
import sys, redis, rq, otel_crumbs
otel_crumbs.install(exporter="console")
rq.Worker(["forked"], connection=redis.Redis(port=int(sys.argv[1]), db=3)).work(burst=True, logging_level="CRITICAL")
"""


def test_a_job_in_a_child_that_rq_forks(redis_port: int) -> None:
    """The child, which ends at once, delivers its event."""
    connection = redis.Redis(port=redis_port, db=3)
    rq.Queue("forked", connection=connection).enqueue(shop.count, "bad hat")
    connection.close()

    command = [sys.executable, "-c", FORKING, str(redis_port)]
    done = subprocess.run(command, check=True, timeout=PATIENCE, capture_output=True, text=True, cwd=ROOT)

    assert done.stderr.count("ValueError: bad hat cannot be counted") >= 1
    assert done.stderr.count("otel_crumbs: error event") == 1
    assert "counted bad hat" in done.stderr


def test_jobs_of_arq(redis_port: int, events: CapturedEvents) -> None:
    """All of them are tasks of one event loop; a job that asks to be run again is no event."""

    async def count(context: dict[str, Any], item: str) -> None:
        await shop.count_later(context, item)
        if item == "again" and context["job_try"] == 1:
            raise arq.Retry

    async def work() -> list[str]:
        settings = arq.connections.RedisSettings(port=redis_port, database=2)
        pool = await arq.create_pool(settings)
        jobs = [await pool.enqueue_job("count", item) for item in ("again", *ITEMS)]
        worker = arq.worker.Worker(
            [arq.func(count, name="count")],  # type: ignore[arg-type]  # arq asks for its own protocol
            redis_pool=pool,
            burst=True,
            poll_delay=0.01,
            handle_signals=False,
        )
        await worker.async_run()
        await worker.close()
        return [job.job_id for job in jobs if job is not None]

    ids = asyncio.run(work())

    attributes = check(events, "arq", "count", "  ")
    assert [each["messaging.message.id"] for each in attributes] == [ids[2], ids[4]]


def test_tasks_of_huey(events: CapturedEvents) -> None:
    """A worker's thread does one after the other; a task that asks to be tried again or cancels itself is no event."""
    queue = MemoryHuey("shop")

    def count(item: str) -> None:
        shop.count(item)
        if item == "again":
            raise huey.api.CancelExecution(retry=False)

    task = queue.task(name="count")(count)
    sent = [task(item) for item in ("again", *ITEMS)]
    consumer = Consumer(queue, workers=1, periodic=False, initial_delay=0.01, worker_type="thread")
    consumer.start()
    try:
        until(lambda: len(events) == 2)
    finally:
        consumer.stop(graceful=True)

    attributes = check(events, "huey", "count", "Executing", "Unhandled")
    assert [each["messaging.message.id"] for each in attributes] == [sent[2].id, sent[4].id]
    assert {each["messaging.destination.name"] for each in attributes} == {"shop"}


def test_jobs_of_apscheduler(events: CapturedEvents) -> None:
    """Those of a pool share its threads."""
    scheduler = BackgroundScheduler(executors={"default": {"type": "threadpool", "max_workers": 1}})
    for item in ITEMS:
        scheduler.add_job(shop.count, args=[item], id=f"id of {item}", name="count items")
    scheduler.start()
    try:
        until(lambda: len(events) == 2)
    finally:
        scheduler.shutdown()

    attributes = check(events, "apscheduler", "count items", "Running job", "Job ")
    assert [each["messaging.message.id"] for each in attributes] == ["id of bad cap", "id of bad pin"]


def test_coroutines_of_apscheduler(events: CapturedEvents) -> None:
    """They are tasks of the event loop."""

    async def work() -> None:
        scheduler = AsyncIOScheduler()
        for item in ITEMS:
            scheduler.add_job(shop.count_in_loop, args=[item], id=f"id of {item}", name="count items")
        scheduler.start()
        while len(events) < 2:  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.01)
        scheduler.shutdown()

    asyncio.run(asyncio.wait_for(work(), PATIENCE))

    attributes = check(events, "apscheduler", "count items", "Running job", "Job ")
    assert [each["messaging.message.id"] for each in attributes] == ["id of bad cap", "id of bad pin"]


HOOKED = {
    dramatiq.worker: ("_WorkerThread", "process_message"),
    rq.job: ("Job", "perform"),
    arq.worker: ("Worker", "run_job"),
    huey.api: ("Huey", "_execute"),
    apscheduler.executors.pool: (None, "run_job"),
    apscheduler.executors.asyncio: (None, "run_coroutine_job"),
}


@pytest.mark.parametrize("module", HOOKED, ids=lambda module: module.__name__)
def test_undoing_puts_the_very_functions_back(module: ModuleType) -> None:
    """Until then each looks as it did."""
    owner, name = HOOKED[module]
    place = getattr(module, owner) if owner else module
    hooked = vars(place)[name]

    otel_crumbs.uninstall()

    own = vars(place)[name]
    assert hooked is not own
    assert inspect.signature(hooked) == inspect.signature(own)
    assert inspect.iscoroutinefunction(hooked) == inspect.iscoroutinefunction(own)
    assert "otel_crumbs" not in own.__code__.co_filename


def test_a_release_that_is_not_known_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """One warning names what to do, and the library stays as it is."""
    otel_crumbs.uninstall()
    unknown = ModuleType("rq.job")
    unknown.Job = type("Job", (), {"perform": lambda: None})  # type: ignore[attr-defined]  # a class of another release
    perform = vars(unknown.Job)["perform"]
    known = sys.modules["rq.job"]
    sys.modules["rq.job"] = unknown
    try:
        with caplog.at_level(logging.WARNING, logger="otel_crumbs"):
            undo = job_libraries.install()
            again = job_libraries.install()
        again()
        undo()
    finally:
        sys.modules["rq.job"] = known

    [warning] = [record.getMessage() for record in caplog.records if "does not know" in record.getMessage()]
    assert f"rq ({rq.__version__})" in warning
    assert "@otel_crumbs.operation()" in warning
    assert vars(unknown.Job)["perform"] is perform
