"""The exporters that post over HTTP, each made for a URL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from otel_crumbs.export import Exporter, Outcome
from otel_crumbs.export.http.exporter import HttpExporter, JsonLinesExporter
from otel_crumbs.export.otlp.environment import read_otlp_settings
from otel_crumbs.export.otlp.http_exporter import OtlpHttpExporter
from otel_crumbs.export.sentry.dsn import read_dsn
from otel_crumbs.export.sentry.exporter import SentryExporter
from tests.export.events import event_of

TIMEOUT = 5.0


def make_otlp(url: str) -> Exporter:
    """Return the exporter `otlp`."""
    return OtlpHttpExporter(read_otlp_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": url}))


def make_http(url: str) -> Exporter:
    """Return the exporter `http`."""
    return HttpExporter(f"{url}/events", headers={})


def make_sentry(url: str) -> Exporter:
    """Return the exporter `sentry`."""
    return SentryExporter(read_dsn(f"{url.replace('://', '://key@')}/1"))


def make_lines(url: str) -> Exporter:
    """Return the exporter `http` with JSON lines."""
    return JsonLinesExporter(f"{url}/events", headers={})


every_exporter = pytest.mark.parametrize("make", [make_otlp, make_http, make_lines, make_sentry])


def send_event(make: Callable[[str], Exporter], url: str, timeout: float = TIMEOUT) -> Outcome:
    """Send an event, and return the outcome."""
    exporter = make(url)
    try:
        return exporter.export(event_of(), timeout)
    finally:
        exporter.shutdown()
