"""The instrumentor that ``opentelemetry-instrument`` and declarative configuration files find by its entry point."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field, make_dataclass
from typing import Any

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]  # no __all__

from .base.guard import guarded, warn
from .install import install, uninstall
from .setup.config import SETTINGS, ConfigError

CrumbsConfiguration = make_dataclass(
    "CrumbsConfiguration", [(row.name, row.declared | None, field(default=None)) for row in SETTINGS]
)
CrumbsConfiguration.__doc__ = """
The section of this package in a declarative configuration file.

A setting that it leaves out is read from the environment. The section stands
under ``instrumentation/development: python: otel_crumbs:``.
"""


class CrumbsInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped in the releases that we support
    """
    Installs breadcrumbs for OpenTelemetry's auto-instrumentation.

    It never raises: an exception would keep other instrumentors from running.

    Args:
        options: As of `otel_crumbs.install`.

    """

    configuration = CrumbsConfiguration

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return nothing: breadcrumbs work with whatever is installed."""
        return ()

    @guarded("otel_crumbs was installed by OpenTelemetry's auto-instrumentation")
    def _instrument(self, **options: Any) -> None:
        known = {row.name for row in SETTINGS}
        wanted = {name: value for name, value in options.items() if name in known and value is not None}
        try:
            install(**wanted)
        except ConfigError as error:
            warn("configuration", "otel_crumbs: %s. It is installed without the settings of the file.", error)
            install()

    def _uninstrument(self, **options: Any) -> None:
        uninstall()
