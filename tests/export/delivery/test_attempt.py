"""Tests of `otel_crumbs.export.delivery.attempt`: an exporter cannot harm the worker that calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from otel_crumbs.event import ErrorEvent
from otel_crumbs.export import DELIVERED, Delivery
from otel_crumbs.export.delivery import attempt
from tests.conftest import GuardedFailures
from tests.export.events import event_of

from .exporters import PATIENCE, ScriptedExporter, captured_error

if TYPE_CHECKING:
    import pytest


def test_an_exporter_that_raises_loses_one_event(
    deliver: Callable[..., Delivery], guarded_failures: GuardedFailures
) -> None:
    """The exception is logged and counts as a refusal, and the worker goes on."""
    failures: list[Exception] = [RuntimeError("broken")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    exporter = ScriptedExporter(on_export=fail_once)
    delivery = deliver(exporter)

    delivery.emit(captured_error("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(captured_error("second"))
    second = delivery.flush(PATIENCE)

    assert (first, second) == (False, True)
    assert exporter.sent == ["second"]
    assert [str(error) for _, error in guarded_failures] == ["broken"]
    guarded_failures.clear()


def test_an_event_that_is_taken_is_made_smaller_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """That would be a third of the worker's time."""
    made: list[ErrorEvent] = []
    monkeypatch.setattr(attempt, "EventRoom", made.append)

    assert attempt.send_event(ScriptedExporter(), event_of()) == DELIVERED
    assert made == []


def test_exporters_run_with_instrumentation_suppressed(deliver: Callable[..., Delivery]) -> None:
    """An exporter's own requests make no spans and no breadcrumbs."""
    enabled: list[bool] = []
    delivery = deliver(ScriptedExporter(on_export=lambda: enabled.append(is_instrumentation_enabled())))

    delivery.emit(captured_error())
    delivery.flush(PATIENCE)

    assert enabled == [False]
