"""Events that wait are sent in one request; what happens to it happens to all of them, and to each once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from otel_crumbs.base.counters import counters
from otel_crumbs.export import DELIVERED, Delivery, Outcome, Verdict
from otel_crumbs.export.delivery.event_queue import CROWDED, MAX_WAITING
from tests.delivery.running import until

from .conftest import BUILDER
from .exporters import (
    PATIENCE,
    RETRY,
    BatchingExporter,
    ScriptedExporter,
    SlowExporter,
    captured_error,
    count_files,
    emit_errors,
)

MANY = 20
BURST = MAX_WAITING + 500
# A burst takes long on a busy machine, and the receiver does not answer before its end.
LONG = 300.0
TOO_LARGE = Outcome(verdict=Verdict.TOO_LARGE, reason="too large")


def numbered(count: int) -> list[str]:
    """Return the messages of so many errors."""
    return [f"error-{number}" for number in range(count)]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Keep a receiver from responding until the end of the test at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()


def emit_behind(gate: threading.Event, exporter: BatchingExporter, delivery: Delivery, count: int = MANY) -> None:
    """Emit errors that wait until the response to the first one comes."""
    delivery.emit(captured_error("first"))
    exporter.began.wait(PATIENCE)
    emit_errors(delivery, count)
    gate.set()


def test_what_waits_is_sent_together(deliver: Callable[..., Delivery], gate: threading.Event) -> None:
    """The events are in the order in which they were captured."""
    exporter = BatchingExporter(gate=gate)
    delivery = deliver(exporter)

    emit_behind(gate, exporter, delivery)

    assert delivery.flush(PATIENCE) is True
    assert exporter.batches == [["first"], numbered(MANY)]
    assert delivery.workers[0].delivered == MANY + 1


def test_a_batch_is_retried_whole(start: Callable[..., Delivery], gate: threading.Event, tmp_path: Path) -> None:
    """It is one file meanwhile, and errors that are captured later are not added to it."""
    exporter = BatchingExporter(gate=gate, outcomes=[DELIVERED, RETRY, RETRY])
    delivery = start(exporter)

    emit_behind(gate, exporter, delivery)
    until(lambda: count_files(tmp_path) == MANY and len(exporter.batches) >= 2)
    files = len([*tmp_path.glob("*/*/*.event")])
    delivery.emit(captured_error("last"))

    until(lambda: delivery.flush(PATIENCE))
    assert files == 1
    assert [batch for batch in exporter.batches if "error-0" in batch] == [numbered(MANY)] * 3
    assert sorted(exporter.sent) == sorted(["first", *numbered(MANY), "last"])
    assert count_files(tmp_path) == 0


def test_a_batch_in_memory_is_retried_whole(deliver: Callable[..., Delivery], gate: threading.Event) -> None:
    """Where there is no spool it stays together, too."""
    exporter = BatchingExporter(gate=gate, outcomes=[DELIVERED, RETRY])
    delivery = deliver(exporter)

    emit_behind(gate, exporter, delivery)

    assert delivery.flush(PATIENCE) is True
    assert exporter.batches == [["first"], numbered(MANY), numbered(MANY)]


@pytest.mark.parametrize("spooled", [False, True])
def test_an_event_that_is_refused_costs_itself(
    start: Callable[..., Delivery], gate: threading.Event, *, spooled: bool
) -> None:
    """The receiver took nothing of the request, so its halves are sent, until the one is alone."""
    exporter = BatchingExporter(gate=gate, poison="error-7", outcomes=[DELIVERED, *([RETRY] if spooled else [])])
    delivery = start(exporter, **({} if spooled else {"spool": None}))

    emit_behind(gate, exporter, delivery)
    flushed = delivery.flush(PATIENCE)

    assert flushed is False
    assert sorted(exporter.sent) == sorted(["first", *numbered(MANY)[:7], *numbered(MANY)[8:]])
    assert delivery.workers[0].lost == 1


def test_a_batch_that_is_too_large_is_halved(deliver: Callable[..., Delivery], gate: threading.Event) -> None:
    """No event has to become smaller for it."""
    exporter = BatchingExporter(gate=gate, outcomes=[DELIVERED, TOO_LARGE])
    delivery = deliver(exporter)

    emit_behind(gate, exporter, delivery)

    assert delivery.flush(PATIENCE) is True
    assert exporter.batches[2:] == [numbered(MANY)[: MANY // 2], numbered(MANY)[MANY // 2 :]]


def test_what_is_rejected_of_a_batch_is_lost(
    deliver: Callable[..., Delivery], gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """The receiver does not say which, and nothing is sent a second time."""
    rejecting = replace(DELIVERED, rejected=3, reason="no room for them")
    exporter = BatchingExporter(gate=gate, outcomes=[DELIVERED, rejecting])
    delivery = deliver(exporter)

    emit_behind(gate, exporter, delivery)
    flushed = delivery.flush(PATIENCE)

    assert flushed is False
    assert (delivery.workers[0].delivered, delivery.workers[0].lost) == (MANY - 2, 3)
    assert len(exporter.batches) == 2
    assert "no room for them" in caplog.text


def test_files_of_one_event_are_sent_together(
    start: Callable[..., Delivery], fill_spool: Callable[[int], None], tmp_path: Path
) -> None:
    """What earlier processes left one by one takes few requests."""
    fill_spool(MANY)
    exporter = BatchingExporter()
    start(exporter)

    until(lambda: not count_files(tmp_path))

    assert exporter.batches == [numbered(MANY)]


def test_a_file_of_many_is_sent_one_by_one_where_it_must(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """The exporter may have got other settings since it was written."""
    away = start(BatchingExporter(outcomes=[RETRY] * 99))
    emit_errors(away, 1)
    until(lambda: count_files(tmp_path) == 1)
    emit_errors(away, MANY)
    away.end(2.0)
    away.close()
    exporter = ScriptedExporter()
    start(exporter)

    until(lambda: not count_files(tmp_path))

    assert sorted(exporter.sent) == sorted(["error-0", *numbered(MANY)])


def test_a_burst_is_kept_on_disk_and_not_dropped(
    start: Callable[..., Delivery], gate: threading.Event, tmp_path: Path
) -> None:
    """The receiver hangs, and more errors are captured than have room in memory."""
    exporter = BatchingExporter(on_export=lambda: gate.wait(LONG))
    delivery = start(exporter)
    before = counters.count_total("dropped")

    emit_errors(delivery, BURST)
    waiting = len(delivery.workers[0]._pending.queue)
    delivery.save(PATIENCE)
    # Another thread may be about to delete a copy of its own.
    until(lambda: count_files(tmp_path) == BURST)
    gate.set()

    until(lambda: delivery.flush(PATIENCE))
    assert waiting < MAX_WAITING
    assert sorted(exporter.sent) == sorted(numbered(BURST))
    assert counters.count_total("dropped") == before


def test_whoever_captures_errors_waits_for_no_hook_that_hangs(
    start: Callable[..., Delivery], gate: threading.Event
) -> None:
    """It waits for a second, and not again while nothing goes on."""
    delivery = start(SlowExporter(), build=lambda _: gate.wait(PATIENCE) and None)

    began = time.monotonic()
    emit_errors(delivery, 4 * CROWDED)
    took = time.monotonic() - began
    gate.set()

    # Each of a hundred errors would have waited for a quarter of a second otherwise.
    assert took < 15.0
    assert delivery.flush(PATIENCE) is True


def test_a_machine_that_stands_still_for_a_while_loses_nothing(
    start: Callable[..., Delivery], gate: threading.Event
) -> None:
    """Nobody waits any more, until an error would be dropped."""
    exporter = BatchingExporter()
    delivery = start(exporter, build=lambda captured: BUILDER.build(captured) if gate.wait(LONG) else None)
    before = counters.count_total("dropped")

    def go_on() -> None:
        until(lambda: delivery.workers[0]._pending.queue.brimming)
        time.sleep(0.3)
        gate.set()

    thread = threading.Thread(target=go_on)
    thread.start()
    emit_errors(delivery, BURST)
    thread.join()

    until(lambda: delivery.flush(PATIENCE))
    assert counters.count_total("dropped") == before
    assert sorted(exporter.sent) == sorted(numbered(BURST))
