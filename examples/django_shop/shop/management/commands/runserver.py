"""Open the shop: Django's own runserver, without its nagging about migrations."""

from __future__ import annotations

from django.core.management.commands import runserver


class Command(runserver.Command):
    """Serve the shop, whose WSGI application brings its database up to date itself."""

    def check_migrations(self) -> None:
        """Leave the migrations to the application."""
