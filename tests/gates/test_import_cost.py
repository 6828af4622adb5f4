"""What is imported, and when: nothing that the user did not ask for, and nothing by a worker."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.export.receiver import receiving

SENT_BY_A_WORKER = """
import sys, otel_crumbs
otel_crumbs.install(capture="excepthook", spool_dir="none", **{settings})
otel_crumbs.capture_exception(LookupError())
before = set(sys.modules)
assert otel_crumbs.flush(20)
print(*set(sys.modules) - before)
"""

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


GROUND = "import opentelemetry.sdk.trace, opentelemetry.sdk._logs"

# Of this package: what renders, builds, delivers and keeps events, and the sources of modules that nobody imported.
FOR_ERRORS = {
    *("export.console", "export.app_logs", "export.exporter", "export.http.exporter", "export.otlp.http_exporter"),
    *(
        "export.sentry.exporter",
        "export.spool.spool",
        "sources.deduplicate",
        "sources.rules.table",
    ),
    *("sources.http_client", "sources.databases.statement", "sources.databases.psycopg"),
}

# What takes longer to import than all of ours, and is only needed once something is installed.
LATE = ("asyncio", "email", "http.client", "importlib.metadata", "opentelemetry.instrumentation", "ssl", "wrapt")


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


def test_what_is_needed_for_installing_is_imported_then() -> None:
    """Libraries that only record do not pay for exporters and hooks; the SDK's own imports are not counted."""
    ground = modules_after("import opentelemetry.sdk.trace, opentelemetry.sdk._logs")
    imported = modules_after("import opentelemetry.sdk.trace, opentelemetry.sdk._logs, otel_crumbs")

    assert (imported - ground).isdisjoint(LATE)
    assert (imported - ground).isdisjoint(
        {"otel_crumbs.setup.config", "otel_crumbs.export", "otel_crumbs.setup.installation"}
    )


@pytest.mark.parametrize("exporter", ["none", "otlp", "http", "sentry", "console", "app_logs"])
def test_installing_imports_nothing_that_only_an_error_needs(exporter: str) -> None:
    """Every process pays for it, also the many that are over in a moment; of those that live on most never fail."""
    settings = {"exporter": exporter, "http_endpoint": "http://127.0.0.1:1/", "sentry_dsn": "http://key@127.0.0.1:1/1"}
    ground = modules_after(GROUND)
    imported = modules_after(f"{GROUND}; import otel_crumbs; otel_crumbs.install(**{settings})") - ground

    of_this_package = {name.partition(".")[2] for name in imported if name.partition(".")[0] == "otel_crumbs"}
    others = {name for name in imported if name.partition(".")[0] not in {"otel_crumbs", "http", "gc"}}
    # Newer SDKs import all of these themselves.
    assert others <= {"copy", "dataclasses", "opentelemetry.util.re"}
    assert of_this_package.isdisjoint(FOR_ERRORS)
    assert {name for name in of_this_package if name.startswith(("event.", "export.delivery."))} == set()


def test_a_source_is_imported_with_the_module_that_it_hooks() -> None:
    """Whoever imports `http.client` or asyncio has time for the little more."""
    ground = modules_after(f"{GROUND}; import otel_crumbs; otel_crumbs.install(exporter='none')")
    imported = modules_after(
        f"{GROUND}; import otel_crumbs; otel_crumbs.install(exporter='none'); import http.client, asyncio"
    )

    assert "otel_crumbs.sources.http_client" not in ground
    assert "otel_crumbs.sources.http_client" in imported


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("BreadcrumbLogRecordProcessor", "sources.logs.processor"),
        ("BreadcrumbSpanProcessor", "sources.spans.processor"),
        ("Config", "setup.config"),
        ("ConfigError", "setup.config"),
        ("ErrorEvent", "event.model"),
        ("Installation", "setup.installation"),
        ("RecordUnsampled", "sources.spans.sampling"),
    ],
)
def test_types_that_come_late_are_there_when_asked_for(name: str, module: str) -> None:
    """They are imported then."""
    imported = modules_after(f"from otel_crumbs import {name}; assert {name}.__name__ == {name!r}")

    assert f"otel_crumbs.{module}" in imported


def test_the_entry_points_import_no_optional_package() -> None:
    """`opentelemetry-instrument` imports both in every process that it starts."""
    imported = modules_after("import otel_crumbs.instrumentor, otel_crumbs.setup.environment_variables")

    assert "otel_crumbs.instrumentor" in imported
    assert imported.isdisjoint(OPTIONAL)


@pytest.mark.parametrize("exporter", ["http", "sentry", "otlp"])
def test_a_worker_imports_nothing_when_it_sends(exporter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that is forked meanwhile would wait forever for a module that is being imported."""
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        dsn = receiver.url.replace("//", "//key@") + "/1"
        settings = {"exporter": exporter, "http_endpoint": receiver.url, "sentry_dsn": dsn}
        program = SENT_BY_A_WORKER.format(settings=settings)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60)

    assert len(receiver.requests) == 1
    assert done.stdout.split() == []
