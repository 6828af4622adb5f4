"""The name and the version under which this package sends telemetry."""

from __future__ import annotations

from functools import cache

# The name of the `instrumentation scope <https://opentelemetry.io/docs/specs/otel/common/instrumentation-scope/>`_.
SCOPE = "otel_crumbs"


@cache
def find_version() -> str:
    """Return the version of the installed distribution, ``0+unknown`` for a source tree that was never installed."""
    # Whoever only records breadcrumbs never asks, and does not pay for the import.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("otel-crumbs")
    except PackageNotFoundError:
        return "0+unknown"
