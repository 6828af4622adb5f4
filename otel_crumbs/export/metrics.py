"""
The package's counters as OpenTelemetry metrics of the application's own MeterProvider.

The instruments are observable: a counter is read when the application's metric
reader collects, so that counting costs no more than without metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter

from otel_crumbs.base.counters import counters, evicted, recorded
from otel_crumbs.base.identity import SCOPE, find_version

# For each name in the counters, the metric, its unit and its description.
METRICS = {
    "recorded": ("otel_crumbs.breadcrumbs.recorded", "{breadcrumb}", "Breadcrumbs that sources left in a trail."),
    "evicted": ("otel_crumbs.breadcrumbs.evicted", "{breadcrumb}", "Breadcrumbs that made room for newer ones."),
    "captured": ("otel_crumbs.events.captured", "{event}", "Error events that were captured."),
    "sent": ("otel_crumbs.events.sent", "{event}", "Error events that a receiver acknowledged."),
    "retried": ("otel_crumbs.events.retried", "{event}", "Attempts that failed and are made again."),
    "spooled": ("otel_crumbs.events.spooled", "{event}", "Error events that were written to disk to wait there."),
    "dropped": ("otel_crumbs.events.dropped", "{event}", "Error events that were lost, by reason."),
}

_FAST_COUNTERS = {"recorded": recorded, "evicted": evicted}

_installed: list[Meter] = []


def install() -> None:
    """Make the instruments, once for the process, since OpenTelemetry's API cannot remove an instrument."""
    if not _installed:
        _installed.append(create_instruments(get_meter(SCOPE, find_version())))


def create_instruments(meter: Meter) -> Meter:
    """Make the instruments of a meter."""
    for name, (metric, unit, meaning) in METRICS.items():
        meter.create_observable_counter(metric, callbacks=[_make_reader(name)], unit=unit, description=meaning)
    return meter


def _make_reader(name: str) -> Callable[[CallbackOptions], Iterator[Observation]]:
    def read(_: CallbackOptions) -> Iterator[Observation]:
        if name in _FAST_COUNTERS:
            yield Observation(_FAST_COUNTERS[name].value)
        for attributes, number in counters.read(name):
            yield Observation(number, {f"otel_crumbs.{key}": value for key, value in attributes.items()})

    return read
