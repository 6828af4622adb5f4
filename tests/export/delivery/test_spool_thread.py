"""Tests of `otel_crumbs.export.delivery.spool_thread`: events are saved while a request takes long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from otel_crumbs.export import Delivery
from tests.delivery.running import until

from .exporters import PATIENCE, SlowExporter, count_files, emit_errors

MANY = 20


def test_events_are_saved_while_a_request_takes_long(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """The one that is being sent, those that wait, and those that come; each is sent once all the same."""
    gate = threading.Event()
    exporter = SlowExporter(wait=lambda: gate.wait(PATIENCE))
    delivery = start(exporter)

    emit_errors(delivery, MANY)
    until(lambda: count_files(tmp_path) == MANY)
    emit_errors(delivery, 1)
    until(lambda: count_files(tmp_path) == MANY + 1)
    unanswered = list(exporter.ended)
    gate.set()

    assert unanswered == []
    assert delivery.flush(PATIENCE) is True
    assert sorted(exporter.ended) == sorted([*(f"error-{number}" for number in range(MANY)), "error-0"])
    assert count_files(tmp_path) == 0


def test_quick_requests_leave_the_disk_alone(start: Callable[..., Delivery], tmp_path: Path) -> None:
    """No folder is ever made while all is well."""
    delivery = start(SlowExporter())

    emit_errors(delivery, MANY)

    assert delivery.flush(PATIENCE) is True
    assert list(tmp_path.iterdir()) == []
