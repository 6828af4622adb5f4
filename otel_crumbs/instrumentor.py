"""The entry point for zero code: ``opentelemetry-instrument`` and declarative configuration files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]  # no __all__

from .base.guard import guarded, warn
from .install import install, uninstall
from .setup.config import SETTINGS, ConfigError


@dataclass
class CrumbsConfiguration:
    """
    The section of a declarative configuration file; a value left out means the environment, else the default.

    It stands under ``instrumentation/development: python: otel_crumbs:``.
    """

    enabled: bool | None = None
    exporter: str | list[str] | None = None
    max_breadcrumbs: int | None = None
    max_event_bytes: int | None = None
    log_level: str | int | None = None
    ignore_loggers: str | list[str] | None = None
    record_unsampled: bool | None = None
    capture: str | list[str] | None = None
    otlp_format: str | None = None
    http_endpoint: str | None = None
    http_headers: str | dict[str, str] | None = None
    http_compression: str | None = None
    sentry_dsn: str | None = None
    spool_dir: str | None = None
    spool_max_bytes: int | None = None
    rate_limit: int | None = None
    flush_timeout: float | None = None
    scrub_keys: str | list[str] | None = None
    before_breadcrumb: str | None = None
    before_send: str | None = None


class CrumbsInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped in the releases that we support
    """
    Installs breadcrumbs; never raises, for that would stop other people's instrumentation.

    Args:
        options: As of `otel_crumbs.install`.

    """

    configuration = CrumbsConfiguration

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return nothing: it works with whatever is there."""
        return ()

    @guarded("otel_crumbs was installed by OpenTelemetry's auto-instrumentation")
    def _instrument(self, **options: Any) -> None:
        known = {setting.name for setting in SETTINGS}
        wanted = {name: value for name, value in options.items() if name in known and value is not None}
        try:
            install(**wanted)
        except ConfigError as error:
            warn("configuration", "otel_crumbs: %s. It is installed without the settings of the file.", error)
            install()

    def _uninstrument(self, **options: Any) -> None:
        uninstall()
