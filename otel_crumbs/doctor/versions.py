"""The versions of the packages that matter here."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from .section import Row, Section

DISTRIBUTIONS = (
    "otel-crumbs",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-distro",
)


def describe_versions() -> Section:
    """Return the section about the versions of Python and of packages."""
    python = Row(name="Python", value=platform.python_version(), remark=sys.executable)
    rows = (Row(name=name, value=find_version(name) or "not installed") for name in DISTRIBUTIONS)
    return Section(title="Versions", key="versions", rows=(python, *rows))


def find_version(distribution: str) -> str | None:
    """Return the version of a distribution, None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
