"""`import otel_crumbs` brings in nothing that the user did not ask for."""

from __future__ import annotations

import subprocess
import sys

OPTIONAL = (
    "django",
    "grpc",
    "opentelemetry.distro",
    "opentelemetry.exporter.otlp.proto.grpc",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.instrumentation.django",
    "opentelemetry.instrumentation.logging",
    "opentelemetry.instrumentation.requests",
    "opentelemetry.instrumentation.sqlite3",
    "requests",
    "rich",
    "structlog",
)


def modules_after(statement: str) -> set[str]:
    """Return what a fresh interpreter has imported after a statement."""
    program = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60)
    return set(done.stdout.split())


def test_importing_the_package_imports_no_optional_package() -> None:
    """Exporters and frameworks are imported when something needs them."""
    imported = modules_after("import otel_crumbs")

    assert "otel_crumbs" in imported
    assert imported.isdisjoint(OPTIONAL)


def test_the_entry_points_import_no_optional_package() -> None:
    """`opentelemetry-instrument` imports both in every process that it starts."""
    imported = modules_after("import otel_crumbs.instrumentor, otel_crumbs.environment_variables")

    assert "otel_crumbs.instrumentor" in imported
    assert imported.isdisjoint(OPTIONAL)
