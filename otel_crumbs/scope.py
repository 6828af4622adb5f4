"""Under which name we send through OpenTelemetry, so that we know our own."""

from __future__ import annotations

# The name of the `instrumentation scope <https://opentelemetry.io/docs/specs/otel/common/instrumentation-scope/>`_.
SCOPE = "otel_crumbs"
