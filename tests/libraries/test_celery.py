"""Sending a task is one breadcrumb; a task that fails is an event with its own trail, in any kind of worker."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import celery
import pytest
from billiard.einfo import ExceptionInfo
from billiard.exceptions import TimeLimitExceeded
from opentelemetry import trace

import otel_crumbs
from otel_crumbs.testing import CapturedEvents

from .celery_worker import worker
from .describing import details, reported, trail_of
from .running import environment

PATIENCE = 60.0


# The instrumentation finds a task by its name in Celery's current application, of which there is one.
@pytest.fixture(scope="module")
def application(redis_port: int) -> celery.Celery:
    """Make an application whose broker is Redis, which is instrumented too."""
    application = celery.Celery("shop", broker=f"redis://127.0.0.1:{redis_port}/0")

    @application.task(name="shop.fail")
    def fail(item: str) -> None:
        otel_crumbs.record("counting")
        raise ValueError(item)

    return application


def test_sending_a_task(application: celery.Celery) -> None:
    """How it reached Redis goes without saying."""
    [breadcrumb] = trail_of(lambda: application.tasks["shop.fail"].delay("hat"))

    assert reported([breadcrumb]) == [("default", "messaging", "info", "celery send shop.fail")]
    data = details(breadcrumb)
    assert len(data.pop("message_id")) == 36
    assert data == {"system": "celery", "destination": "celery", "task": "shop.fail", "library": "celery"}


def test_a_task_run_on_the_spot(application: celery.Celery, events: CapturedEvents) -> None:
    """An eager task within a request is one breadcrumb of the request."""
    with trace.get_tracer("shop").start_as_current_span("GET /", kind=trace.SpanKind.SERVER):
        application.tasks["shop.fail"].apply(("hat",))
        trail = otel_crumbs.trail()

    [breadcrumb] = [each for each in trail if each.category == "messaging"]
    assert reported([breadcrumb]) == [("default", "messaging", "error", "shop.fail run -> ValueError after a moment")]
    assert breadcrumb.data["state"] == "FAILURE"
    assert len(events) <= 1


@pytest.mark.parametrize("pool", ["solo", "prefork"])
def test_tasks_of_a_worker(redis_port: int, tmp_path: Path, pool: str) -> None:
    """Each failed task is one event, with its own breadcrumbs and those of no other; a declared failure is none."""
    database = {"solo": 1, "prefork": 2}[pool]
    broker = f"redis://127.0.0.1:{redis_port}/{database}"

    variables = environment(
        BROKER=broker,
        EVENTS=str(tmp_path / "events"),
        OTEL_CRUMBS_BEFORE_SEND="tests.libraries.programs.tasks:write_down",
        OTEL_CRUMBS_EXPORTER="console",
    )

    with worker(tmp_path, variables, "-P", pool, "-c", "1"):
        sender = celery.Celery("sender", broker=broker, set_as_current=False)
        sender.send_task("shop.find", ["hat"])
        for item in ("hat", "bad cap", "bow", "bad pin"):
            sender.send_task("shop.order", [item])
        events = wait_for_events(tmp_path, 2)

    assert [event["title"] for event in events] == [
        "ValueError: bad cap cannot be counted",
        "ValueError: bad pin cannot be counted",
    ]
    for event, item in zip(events, ("bad cap", "bad pin"), strict=True):
        story = [each for each in event["breadcrumbs"] if each[0] in {"shop", "redis", "messaging"}]
        assert story == [["shop", f"counting {item}"], ["redis", "INCRBY ? ?"]]


@pytest.mark.parametrize("capture", ["logging,operation", "operation"])
@pytest.mark.parametrize(("pool", "more"), [("solo", {}), ("prefork", {"SERIALIZER": "pickle"}), ("threads", {})])
def test_an_exception_that_cannot_be_pickled(
    redis_port: int, tmp_path: Path, pool: str, more: dict[str, str], capture: str
) -> None:
    """Celery handles another one in its place; the event has its class, text, frames and cause all the same."""
    broker = f"redis://127.0.0.1:{redis_port}/5"
    variables = environment(
        BROKER=broker,
        EVENTS=str(tmp_path / "events"),
        OTEL_CRUMBS_BEFORE_SEND="tests.libraries.programs.tasks:write_down",
        OTEL_CRUMBS_CAPTURE=capture,
        OTEL_CRUMBS_EXPORTER="console",
        **more and {"BACKEND": broker, "C_FORCE_ROOT": "true", **more},
    )

    with worker(tmp_path, variables, "-P", pool, "-c", "1"):
        sender = celery.Celery("sender", broker=broker, set_as_current=False)
        sent = [sender.send_task(*task) for task in (("shop.weigh", ["hat"]), ("shop.pack", ["hat"]))]
        sender.send_task("shop.weigh", ["bad"])
        wait_for_events(tmp_path, 2)

    weighed, packed = wait_for_events(tmp_path, 0)
    module = "tests.libraries.programs.tasks"
    assert (packed["title"], packed["types"]) == (
        "OutOfStockError: 0 hat left",
        [f"{module}.OutOfStockError", "KeyError"],
    )
    assert packed["functions"][-1] == "pack"
    assert ["manual", "packing hat"] in packed["breadcrumbs"]
    assert packed["attributes"]["celery.task_name"] == "shop.pack"
    assert packed["attributes"]["messaging.message.id"] == sent[1].id
    assert (weighed["title"], weighed["types"]) == ("BadCountError: bad cannot be -1", [f"{module}.BadCountError"])
    assert weighed["functions"][-1] == "weigh"


def test_a_task_over_its_time_limit(redis_port: int, tmp_path: Path) -> None:
    """The parent, which ends the child, reports the real exception, with the task's name and id."""
    broker = f"redis://127.0.0.1:{redis_port}/4"
    variables = environment(
        BROKER=broker,
        EVENTS=str(tmp_path / "events"),
        OTEL_CRUMBS_BEFORE_SEND="tests.libraries.programs.tasks:write_down",
        OTEL_CRUMBS_EXPORTER="console",
    )

    with worker(tmp_path, variables, "-P", "prefork", "-c", "1"):
        sender = celery.Celery("sender", broker=broker, set_as_current=False)
        sent = sender.send_task("shop.sleep")
        sender.send_task("shop.count", ["bad hat"])
        events = wait_for_events(tmp_path, 2)

    failed, late = sorted(events, key=lambda event: str(event["title"]), reverse=True)
    assert late["title"] == "TimeLimitExceeded: TimeLimitExceeded(1,)"
    assert (late["attributes"]["celery.task_name"], late["attributes"]["messaging.message.id"]) == (
        "shop.sleep",
        sent.id,
    )
    assert failed["title"] == "ValueError: bad hat cannot be counted"
    assert failed["attributes"]["celery.task_name"] == "shop.count"


def wait_for_events(folder: Path, count: int) -> list[dict[str, Any]]:
    """Return the first events that a worker wrote down, in the order of their titles."""
    deadline = time.monotonic() + PATIENCE
    written = folder / "events"
    while time.monotonic() < deadline:
        lines = written.read_text(encoding="utf-8").splitlines() if written.exists() else []
        if len(lines) >= count:
            return sorted(map(json.loads, lines), key=lambda event: str(event["title"]))
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text(encoding="utf-8", errors="replace"))


def test_what_a_pool_hands_over_is_the_real_exception(events: CapturedEvents) -> None:
    """The parent of a child that is over its time limit has it in an exception that only carries it."""
    with pytest.raises(TimeLimitExceeded) as raised:
        raise TimeLimitExceeded(3)
    details = {"id": "0815", "name": "shop.sleep"}
    carrier = ExceptionInfo((raised.type, raised.value, raised.tb)).exception

    logging.getLogger("celery.worker.request").error(
        "Task failed", exc_info=(type(carrier), carrier, None), extra={"data": details}
    )
    logging.getLogger("celery.worker.request").error("The same", exc_info=(type(carrier), carrier, None))

    [event] = events
    assert event.exception.type == "billiard.exceptions.TimeLimitExceeded"
    assert event.attributes == {
        "messaging.system": "celery",
        "celery.task_name": "shop.sleep",
        "messaging.message.id": "0815",
    }
