"""Celery tasks, and what a worker's events are written down with: BACKEND, BROKER, EVENTS, SERIALIZER, ..."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

import celery
import redis

import otel_crumbs
from tests.libraries.describing import message_of
from tests.recorder.programs.dying import work

BROKER = os.environ.get("BROKER", "memory://")

app = celery.Celery("shop", broker=BROKER, broker_connection_retry_on_startup=True)
app.conf.update(worker_hijack_root_logger=False, worker_send_task_events=False, task_ignore_result=True)
if "BACKEND" in os.environ:
    app.conf.update(result_backend=os.environ["BACKEND"], task_ignore_result=False)
if "SERIALIZER" in os.environ:
    app.conf.update(result_serializer=os.environ["SERIALIZER"], accept_content=["json", "pickle"])


class OutOfStockError(Exception):
    """An exception that cannot be pickled, nor can any of its bases take its place."""

    def __init__(self, item: str, count: int) -> None:
        """Have another number of arguments than a copy would be made with."""
        super().__init__(f"{count} {item} left")


class BadCountError(ValueError):
    """An exception that cannot be pickled; Celery handles a ValueError in its place."""

    def __init__(self, item: str, *, count: int) -> None:
        """Have an argument that a copy would not be made with."""
        super().__init__(f"{item} cannot be {count}")


@app.task(name="shop.count")
def count(item: str) -> None:
    """Count something in Redis, unless it cannot be counted."""
    logging.getLogger("shop").info("counting %s", item, extra={"pid": os.getpid()})
    redis.Redis.from_url(BROKER).incr(f"count:{item}")
    if item.startswith("bad"):
        raise ValueError(f"{item} cannot be counted")


@app.task(name="shop.order")
def order(item: str) -> None:
    """Have something counted by another task."""
    count.delay(item)


@app.task(name="shop.pack")
def pack(item: str) -> None:
    """Fail with what cannot be pickled, as another exception led to it."""
    otel_crumbs.record(f"packing {item}")
    try:
        {}[item]  # type: ignore[index]  # it fails
    except KeyError as error:
        raise OutOfStockError(item, 0) from error


@app.task(name="shop.weigh", throws=(OutOfStockError,))
def weigh(item: str) -> None:
    """Fail as declared, with what cannot be pickled, or not as declared."""
    raise BadCountError(item, count=-1) if item == "bad" else OutOfStockError(item, 0)


@app.task(name="shop.sleep", time_limit=1)
def sleep() -> None:
    """Sleep for longer than allowed, so that the parent ends the child."""
    time.sleep(60)


@app.task(name="shop.die")
def die(way: str) -> None:
    """Have the child die in the middle of its work, WITHOUT_RECORDING as on a full disk."""
    if "WITHOUT_RECORDING" in os.environ:
        for path in Path(os.environ["XDG_STATE_HOME"]).glob(f"otel-crumbs/recordings/{os.getpid()}-*"):
            path.unlink()
    work(way)


@app.task(name="shop.find", throws=(LookupError,))
def find(item: str) -> None:
    """Find nothing, as the task is declared to."""
    raise KeyError(item)


def write_down(event: otel_crumbs.ErrorEvent) -> None:
    """Append an event to a file, and send it nowhere."""
    line = {
        "pid": os.getpid(),
        "title": event.title,
        "types": [each.type for each in event.exceptions],
        "functions": [frame.function for frame in event.exception.frames],
        "operation": event.operation,
        "attributes": dict(event.attributes),
        "breadcrumbs": [[each.category, message_of(each)] for each in event.breadcrumbs],
    }
    with Path(os.environ["EVENTS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
