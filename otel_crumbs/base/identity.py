"""The name and the version under which this package sends telemetry."""

from __future__ import annotations

# The name of the `instrumentation scope <https://opentelemetry.io/docs/specs/otel/common/instrumentation-scope/>`_.
SCOPE = "otel_crumbs"

# The distribution's too, which takes it from here: looking it up in the installed one imports `importlib.metadata`.
VERSION = "0.1.0"
