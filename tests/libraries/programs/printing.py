"""What the programs have in common: OpenTelemetry set up, and trails printed as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from tests.libraries.describing import message_of, trail_of


def set_up() -> None:
    """Set up the SDK, and breadcrumbs that are sent nowhere."""
    trace.set_tracer_provider(TracerProvider())
    otel_crumbs.install(exporter="none")


def report(name: str, call: Callable[[], object]) -> None:
    """Print the breadcrumbs that a call leaves, without how long it took."""
    trail = [
        [each.type, each.category, each.level, message_of(each), {**each.data, "duration_ms": None}]
        for each in trail_of(call)
    ]
    print(json.dumps({name: trail}), flush=True)  # noqa: T201 - what the test reads
