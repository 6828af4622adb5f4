"""Fail in a request that logfire has spans of, and print the events that are delivered when its provider is flushed."""

from __future__ import annotations

import sys
import time

import logfire
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs.event import ErrorEvent
from otel_crumbs.export import DELIVERED, Outcome


class Slow:
    """Takes its time, and keeps the events."""

    name = "slow"
    spool = False

    def __init__(self) -> None:
        self.events: list[ErrorEvent] = []

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Keep an event after a while."""
        del timeout
        time.sleep(0.2)  # longer than the program takes to its end
        self.events.append(event)
        return DELIVERED

    def shutdown(self) -> None:
        """Do nothing."""


def configure() -> None:
    """Set up logfire, which sends nothing."""
    logfire.configure(send_to_logfire=False, console=False)


def main(*arguments: str) -> None:
    """Set up in the order that the arguments say, and fail."""
    exporter = Slow()
    if "first" in arguments:
        otel_crumbs.install(exporter=exporter, spool_dir="none")
    configure()
    if "twice" in arguments:
        configure()
    if "first" not in arguments:
        otel_crumbs.install(exporter=exporter, spool_dir="none")
    tracer, provider = trace.get_tracer("web"), trace.get_tracer_provider()
    assert not isinstance(provider, TracerProvider)
    try:
        with tracer.start_as_current_span("GET /orders", kind=trace.SpanKind.SERVER):
            with logfire.span("stock of {item}", item="hat"):
                logfire.info("counted")
            raise ValueError("boom")  # noqa: TRY301 - the request fails
    except ValueError:
        pass
    provider.force_flush()  # type: ignore[attr-defined]  # logfire's has it
    print([(each.title, each.operation, [crumb.message for crumb in each.breadcrumbs]) for each in exporter.events])  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
