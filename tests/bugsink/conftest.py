"""Bugsink for the tests of this folder, and the applications that send to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.collector.running import clean_environment
from tests.e2e.applications import StartWebsite, shopfront
from tests.e2e.conftest import partner, shop_database
from tests.e2e.partner import Partner
from tests.e2e.website import Website

from .browser import chromium
from .package import installed
from .server import Bugsink

__all__ = ["partner", "shop_database"]


@pytest.fixture(scope="session")
def bugsink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bugsink]:
    """Run Bugsink; skip, or fail where it is required, if it cannot be installed."""
    try:
        programs = installed()
    except (OSError, subprocess.SubprocessError) as error:
        missing(f"Bugsink cannot be installed: {getattr(error, 'stderr', '') or error}", "OTEL_CRUMBS_REQUIRE_BUGSINK")
    server = Bugsink(programs, tmp_path_factory.mktemp("bugsink"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser_program() -> str:
    """Return the browser; skip, or fail where it is required, if there is none."""
    program = chromium()
    if program is None:
        missing("there is no Chromium on this machine", "OTEL_CRUMBS_REQUIRE_BROWSER")
    return program


@pytest.fixture
def start_website(bugsink: Bugsink, partner: Partner, shop_database: Path, tmp_path: Path) -> Iterator[StartWebsite]:
    """Return a function that starts the Django project of the e2e tests, with Bugsink as its only receiver."""
    environment = {
        **clean_environment(tmp_path),
        "DJANGO_SETTINGS_MODULE": "shopfront.settings",
        "SHOP_DATABASE": str(shop_database),
        "PARTNER": partner.url,
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=4.2.0,deployment.environment.name=staging",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_CRUMBS_EXPORTER": "sentry",
        "OTEL_CRUMBS_SENTRY_DSN": bugsink.dsn,
    }
    with ExitStack() as stack:

        def start(kind: str = "runserver") -> Website:
            website = shopfront(kind, folder=tmp_path, environment=environment)
            stack.callback(website.stop)
            website.start()
            return website

        yield start


def missing(reason: str, variable: str) -> None:
    """Skip the test, or fail where what is missing is required."""
    if os.environ.get(variable):
        pytest.fail(f"{reason} ({variable} is set)")
    pytest.skip(reason)
