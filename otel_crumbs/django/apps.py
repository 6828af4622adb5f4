"""The application's configuration."""

from __future__ import annotations

from django.apps import AppConfig

from otel_crumbs.install import install


class CrumbsConfig(AppConfig):
    """Installs breadcrumbs when Django starts, and registers the system checks."""

    name = "otel_crumbs.django"
    # Without one it would be "django".
    label = "otel_crumbs"
    verbose_name = "OpenTelemetry breadcrumbs"

    def ready(self) -> None:
        """Install breadcrumbs where they are not installed yet."""
        from . import checks  # noqa: F401, PLC0415 - importing registers them, once the applications are loaded

        install()
