"""
The package's counters as OpenTelemetry metrics of the application's own MeterProvider.

The instruments are observable: a counter is read when the application's metric
reader collects, so that counting costs no more than without metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter

from otel_crumbs.base.counters import counters, evicted, recorded
from otel_crumbs.base.identity import SCOPE, VERSION
from otel_crumbs.base.patching import Undo

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


class Metrics:
    """
    The instruments of the application's meter provider.

    OpenTelemetry's API removes no instrument. So they are made once for the
    process, and observe nothing while nothing is installed.
    """

    def __init__(self) -> None:
        self.active = False
        self._made = False

    def install(self) -> Undo:
        """Have the instruments observe, and make them if there are none; return the function that undoes it."""
        if not self._made:
            self._made = True
            create_instruments(get_meter(SCOPE, VERSION), is_active=lambda: self.active)
        self.active = True
        return self._stop

    def _stop(self) -> None:
        self.active = False


def create_instruments(meter: Meter, *, is_active: Callable[[], bool] = lambda: True) -> None:
    """Make the instruments of a meter, which observe something while they are active."""
    for name, (metric, unit, meaning) in METRICS.items():
        callback = _make_callback(name, is_active)
        meter.create_observable_counter(metric, callbacks=[callback], unit=unit, description=meaning)


def _make_callback(name: str, is_active: Callable[[], bool]) -> Callable[[CallbackOptions], Iterator[Observation]]:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        if not is_active():
            return
        if name in _FAST_COUNTERS:
            yield Observation(_FAST_COUNTERS[name].value)
        for attributes, number in counters.read(name):
            yield Observation(number, {f"otel_crumbs.{key}": value for key, value in attributes.items()})

    return observe


process_metrics = Metrics()
