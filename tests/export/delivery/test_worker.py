"""Tests of `otel_crumbs.export.delivery.worker`: the end of a process cuts off no request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_crumbs import ErrorEvent
from otel_crumbs.base.counters import counters
from otel_crumbs.base.threads import forbid_threads
from otel_crumbs.event import CapturedError
from otel_crumbs.export import DELIVERED, Delivery, Outcome
from tests.conftest import GuardedFailures
from tests.delivery.running import until

from .conftest import BUILDER
from .exporters import PATIENCE, SlowExporter, captured_error, count_files, emit_errors

MANY = 50


def test_the_end_waits_for_the_response_under_way(
    start: Callable[..., Delivery], fill_spool: Callable[[int], None], tmp_path: Path
) -> None:
    """If it were cut off, the next process would send the event again; no other request begins."""
    fill_spool(2)
    gate = threading.Event()
    exporter = SlowExporter(wait=lambda: gate.wait(PATIENCE))
    delivery = start(exporter)
    until(lambda: exporter.began)

    ending = threading.Thread(target=delivery.end, args=(PATIENCE,))
    ending.start()
    ending.join(0.1)
    waits = ending.is_alive()
    gate.set()
    ending.join(PATIENCE)
    ended = list(exporter.ended)
    time.sleep(0.1)

    assert waits
    assert ended == exporter.ended == exporter.began
    assert count_files(tmp_path) == 1


def test_no_request_begins_that_the_end_would_cut_off(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """A slow receiver gets some events, each with a response; the others wait for the next process."""
    exporter = SlowExporter(wait=lambda: time.sleep(0.1))
    delivery = start(exporter)

    emit_errors(delivery, MANY)
    delivery.end(4.0)

    ended = list(exporter.ended)
    assert ended == exporter.began
    assert 0 < len(ended) < MANY
    assert count_files(tmp_path) == MANY - len(ended)


def test_a_silent_receiver_holds_up_no_other_at_the_end(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """The other exporter begins no request either that the end would cut off."""
    gate = threading.Event()
    silent = SlowExporter(wait=lambda: gate.wait(PATIENCE), name="silent")
    slow = SlowExporter(wait=lambda: time.sleep(0.1), name="slow")
    delivery = start(silent, slow)

    emit_errors(delivery, MANY)
    delivery.end(4.0)
    ended, left = list(slow.ended), count_files(tmp_path)
    gate.set()

    assert ended == slow.began
    assert 0 < len(ended) < MANY
    assert left == MANY + MANY - len(ended)


def test_threads_end_where_none_may_run(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """What comes after that is saved by whoever captured it, and no thread starts for it."""
    exporter = SlowExporter(wait=lambda: None)
    delivery = start(exporter)
    emit_errors(delivery)
    until(lambda: exporter.ended)

    undo = forbid_threads(lambda: True)
    try:
        delivery.wait_for_threads(PATIENCE)
        names = [thread.name for thread in threading.enumerate()]
        emit_errors(delivery)
        delivery.save(PATIENCE)
        running, left = delivery.running, count_files(tmp_path)
    finally:
        undo()

    assert not any(name.startswith("otel_crumbs") for name in names)
    assert len(exporter.ended) == 1
    assert (running, left) == (True, 1)


def test_a_worker_without_events_does_not_run(start: Callable[..., Delivery]) -> None:
    """Nothing was captured and nothing is in the spool, so the end has nothing to wait for."""
    delivery = start(SlowExporter())

    before = delivery.running
    emit_errors(delivery)

    assert not before
    assert delivery.running


def test_an_event_that_is_saved_by_others_is_sent(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """The thread had looked for work before the event came into the spool, and waits for the next one."""
    exporter = SlowExporter()
    delivery = start(exporter)
    emit_errors(delivery)
    until(lambda: exporter.ended and not delivery.pending)
    time.sleep(0.05)

    delivery.workers[0]._pending.put(captured_error(1))
    delivery.save(PATIENCE)

    until(lambda: len(exporter.ended) == 2)
    assert count_files(tmp_path) == 0


class OwnError(BaseException):
    """An exception that is no `Exception`."""


RAISED = (SystemExit, KeyboardInterrupt, GeneratorExit, OwnError)


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("where", ["build", "export", "outcome"])
def test_a_worker_survives_what_is_no_exception(
    start: Callable[..., Delivery], guarded_failures: GuardedFailures, where: str, raised: type[BaseException]
) -> None:
    """The event is lost, which is counted, and the next one is delivered."""

    class Failing(SlowExporter):
        def export(self, event: ErrorEvent, timeout: float) -> Outcome:
            super().export(event, timeout)
            if event.exception.message != "error-0":
                return DELIVERED
            if where == "outcome":
                return raised  # type: ignore[return-value]  # an exporter of others may return anything
            raise raised

    def build(captured: CapturedError) -> ErrorEvent | None:
        if where == "build" and captured.exceptions.infos[0].message == "error-0":
            raise raised
        return BUILDER.build(captured)

    exporter = Failing()
    delivery = start(exporter, build=build)
    before = counters.count_total("dropped")
    emit_errors(delivery, 1)
    first = delivery.flush(PATIENCE)
    emit_errors(delivery, 2)
    delivery.flush(PATIENCE)
    delivery.emit(captured_error("last"))

    assert first is False
    assert delivery.flush(PATIENCE) is True
    assert exporter.ended[-2:] == ["error-1", "last"]
    assert (delivery.workers[0].lost, counters.count_total("dropped") - before) == (2, 2)
    guarded_failures.clear()


def test_a_hook_that_flushes_does_not_wait_for_itself(start: Callable[..., Delivery]) -> None:
    """Its own event is not acknowledged yet."""
    flushed: list[bool] = []

    def build(captured: CapturedError) -> ErrorEvent | None:
        flushed.append(delivery.flush(PATIENCE))
        return BUILDER.build(captured)

    delivery = start(SlowExporter(), build=build)
    emit_errors(delivery)

    assert delivery.flush(PATIENCE) is True
    assert flushed == [False]
