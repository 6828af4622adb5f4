"""Tests of `otel_crumbs.export.delivery.pending`: the last request is for events that the spool keeps, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from otel_crumbs.export import Delivery
from otel_crumbs.export.delivery.pending import PendingEvents
from tests.delivery.running import until

from .conftest import BUILDER
from .exporters import PATIENCE, SlowExporter, captured_error, count_files, emit_errors


def test_events_in_memory_alone_have_no_last_request(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """No later process can send them, while events of a spool are not sent after the last request."""
    gate = threading.Event()
    spooled, unspooled = (SlowExporter(wait=lambda: gate.wait(PATIENCE)) for _ in range(2))
    deliveries = [start(spooled), start(unspooled, spool=None)]

    for delivery in deliveries:
        emit_errors(delivery, 2)
    until(lambda: spooled.began and unspooled.began)
    for delivery in deliveries:
        delivery.workers[0].set_last_request(time.monotonic())
    gate.set()

    assert [delivery.flush(PATIENCE) for delivery in deliveries] == [False, True]
    assert [spooled.ended, unspooled.ended] == [["error-0"], ["error-0", "error-1"]]
    assert count_files(tmp_path) == 1


def test_a_new_error_takes_back_the_last_request(
    start: Callable[..., Delivery], fill_spool: Callable[[int], None], tmp_path: Path
) -> None:
    """A process that outlives its end, as the first of a container does SIGTERM, goes on delivering."""
    fill_spool(1)
    exporter = SlowExporter()
    delivery = start(exporter)
    delivery.end(PATIENCE)

    emit_errors(delivery)

    assert delivery.flush(PATIENCE) is True
    until(lambda: not count_files(tmp_path))
    assert exporter.ended == ["error-0", "error-0"]


def test_an_error_that_is_queued_again_wakes_the_worker() -> None:
    """Another thread had taken it in the meantime, and the worker saw nothing to do."""
    pending = PendingEvents(lambda: None)
    pending.put(captured_error())
    taken = pending.take()
    assert taken is not None
    woken_before = pending.changed.wait(0)

    pending.put_back(taken)
    woken_after_put_back = pending.changed.wait(0)
    pending.requeue(taken.build_events(BUILDER.build))
    woken_after_requeue = pending.changed.wait(0)

    assert (woken_before, woken_after_put_back, woken_after_requeue) == (False, True, True)
