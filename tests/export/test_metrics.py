"""Tests of `otel_crumbs.export.metrics`: the counters can be read as metrics of the application."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import otel_crumbs
from otel_crumbs.export import Outcome, Verdict, metrics


class Refusing:
    """An exporter that refuses everything."""

    name = "refusing"

    def export(self, event: Any, timeout: float) -> Outcome:
        """Refuse."""
        return Outcome(verdict=Verdict.REFUSED, reason="not welcome")

    def shutdown(self) -> None:
        """Do nothing."""


def read_sums(reader: InMemoryMetricReader) -> dict[str, int]:
    """Return the sum of each metric."""
    found = reader.get_metrics_data()
    assert found is not None
    return {
        metric.name.removeprefix("otel_crumbs."): sum(point.value for point in metric.data.data_points)
        for by_resource in found.resource_metrics
        for by_scope in by_resource.scope_metrics
        for metric in by_scope.metrics
    }


def test_every_verdict_is_counted() -> None:
    """Recorded and evicted breadcrumbs, and captured and dropped events have a metric each."""
    reader = InMemoryMetricReader()
    metrics.create_instruments(MeterProvider([reader], shutdown_on_exit=False).get_meter("test"))
    before = read_sums(reader)
    installation = otel_crumbs.install(exporter=Refusing(), max_breadcrumbs=5, spool_dir="none", rate_limit=1)

    for number in range(20):
        otel_crumbs.record(f"crumb {number}")
    errors = [ValueError("the same"), ValueError("the same")]
    for error in errors:
        otel_crumbs.capture_exception(error)
    installation.flush()
    otel_crumbs.trail()

    changed = {name: number - before.get(name, 0) for name, number in read_sums(reader).items()}
    assert changed["breadcrumbs.recorded"] == 20
    assert changed["breadcrumbs.evicted"] == 15
    assert changed["events.captured"] == 1
    # One was refused, and one was held back.
    assert changed["events.dropped"] == 2


def test_a_reason_is_an_attribute() -> None:
    """An alarm about lost events can say why they were lost."""
    reader = InMemoryMetricReader()
    metrics.create_instruments(MeterProvider([reader], shutdown_on_exit=False).get_meter("test"))
    installation = otel_crumbs.install(exporter=Refusing(), spool_dir="none")

    otel_crumbs.capture_exception(ValueError("boom"))
    installation.flush()

    found = reader.get_metrics_data()
    assert found is not None
    [scope] = found.resource_metrics[0].scope_metrics
    [dropped] = [metric for metric in scope.metrics if metric.name == "otel_crumbs.events.dropped"]
    attributes = [dict(point.attributes or {}) for point in dropped.data.data_points]
    assert {"otel_crumbs.exporter": "refusing", "otel_crumbs.reason": "refused"} in attributes


def test_metrics_end_with_uninstalling_and_come_back_once() -> None:
    """Nothing is observed while nothing is installed, and no instrument is made twice."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    instruments = metrics.Metrics()

    def names() -> list[str]:
        found = reader.get_metrics_data()
        scopes = [scope for resource in found.resource_metrics for scope in resource.scope_metrics] if found else []
        return [metric.name for scope in scopes for metric in scope.metrics if metric.data.data_points]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "get_meter", provider.get_meter)
        undo = instruments.install()
        first = names()
        undo()
        after = names()
        instruments.install()
        again = names()

    assert "otel_crumbs.breadcrumbs.recorded" in first
    assert after == []
    assert again == first


def test_an_installation_has_the_metrics_while_it_lasts() -> None:
    """The instruments of the process observe for it."""
    installation = otel_crumbs.install(exporter="none")
    during = metrics.process_metrics.active
    installation.uninstall()

    assert (during, metrics.process_metrics.active) == (True, False)
