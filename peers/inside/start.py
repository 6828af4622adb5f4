"""
What every process of a suite begins with, its children included: a line of a `.pth` file imports this.

Both sides have OpenTelemetry set up. One of them has otel_crumbs beside it.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
set_logger_provider(LoggerProvider())

try:
    import otel_crumbs
except ModuleNotFoundError:
    pass  # this is the side without
else:
    otel_crumbs.install(exporter="none")
