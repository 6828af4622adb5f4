"""Tests of `otel_crumbs.export.delivery.attempt`: an exporter cannot harm the worker that calls it."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from otel_crumbs.export import Delivery
from tests.conftest import GuardedFailures

from .exporters import PATIENCE, ScriptedExporter, captured_error


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


def test_exporters_run_with_instrumentation_suppressed(deliver: Callable[..., Delivery]) -> None:
    """An exporter's own requests make no spans and no breadcrumbs."""
    enabled: list[bool] = []
    delivery = deliver(ScriptedExporter(on_export=lambda: enabled.append(is_instrumentation_enabled())))

    delivery.emit(captured_error())
    delivery.flush(PATIENCE)

    assert enabled == [False]
