"""Tests of `otel_crumbs.export.delivery.sender`: each outcome has its consequences for the event."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from otel_crumbs import ErrorEvent
from otel_crumbs.event import CapturedError
from otel_crumbs.export import Delivery
from otel_crumbs.export.delivery.event_queue import MAX_WAITING
from tests.conftest import GuardedFailures

from .conftest import BUILDER
from .exporters import PATIENCE, REFUSED, RETRY, ScriptedExporter, captured_error

if TYPE_CHECKING:
    import pytest


def test_an_event_is_retried_until_it_is_taken(deliver: Callable[..., Delivery]) -> None:
    """After RETRY the same event is sent again."""
    exporter = ScriptedExporter(outcomes=[RETRY])
    delivery = deliver(exporter)

    delivery.emit(captured_error())

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["boom", "boom"]


def test_a_refused_event_is_lost_with_a_warning(
    deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    """The event is counted, its reason is logged, and the next event is sent."""
    exporter = ScriptedExporter(outcomes=[REFUSED])
    delivery = deliver(exporter)

    delivery.emit(captured_error("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(captured_error("second"))
    second = delivery.flush(PATIENCE)

    assert (first, second) == (False, True)
    assert exporter.sent == ["first", "second"]
    assert delivery.workers[0].lost == 1
    assert "not welcome" in caplog.text


def test_an_event_that_cannot_be_built_is_lost(
    deliver: Callable[..., Delivery], guarded_failures: GuardedFailures
) -> None:
    """The worker goes on, and one flush returns False."""

    def build(captured: CapturedError) -> ErrorEvent | None:
        if captured.exceptions.infos[0].message == "first":
            raise RuntimeError("cannot build")
        return BUILDER.build(captured)

    exporter = ScriptedExporter()
    delivery = deliver(exporter, build=build)

    delivery.emit(captured_error("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(captured_error("second"))

    assert first is False
    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["second"]
    assert [str(error) for _, error in guarded_failures] == ["cannot build"]
    guarded_failures.clear()


def test_an_event_that_a_hook_drops_is_not_lost(deliver: Callable[..., Delivery]) -> None:
    """`before_send` returned None: nothing is sent, and everything counts as acknowledged."""
    exporter = ScriptedExporter()
    delivery = deliver(exporter, build=lambda _: None)

    delivery.emit(captured_error())

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == []


def test_a_full_queue_drops_the_oldest_events(
    deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    """The newest events are kept, and the others are counted as lost."""
    gate = threading.Event()
    exporter = ScriptedExporter(gate=gate)
    delivery = deliver(exporter)
    delivery.emit(captured_error("in the hands of the exporter"))
    exporter.began.wait(PATIENCE)

    captured = [captured_error(str(number)) for number in range(MAX_WAITING + 5)]
    for one in captured:
        delivery.emit(one)
    gate.set()
    delivery.flush(PATIENCE)

    assert exporter.sent == ["in the hands of the exporter", *(str(number) for number in range(5, MAX_WAITING + 5))]
    assert delivery.workers[0].lost == 5
    assert "full" in caplog.text
