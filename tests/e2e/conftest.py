"""What the tests of this folder have in common."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.collector.fixtures import collector, collector_binary, service, start_collector
from tests.collector.otelcol import Collector
from tests.collector.running import clean_environment

from .applications import SITE, Launcher, StartWebsite, shopfront
from .partner import Partner
from .website import Website

__all__ = ["collector", "collector_binary", "service", "start_collector"]


@pytest.fixture(scope="session")
def partner() -> Iterator[Partner]:
    """Run the HTTP service that the applications call."""
    with Partner() as running:
        yield running


@pytest.fixture(scope="session")
def silent_endpoint() -> Iterator[str]:
    """Listen where connections are taken and no word is ever said."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def launcher(collector: Collector, service: str, tmp_path: Path, partner: Partner) -> Launcher:
    """Return what starts this test's programs."""
    return Launcher(collector=collector, service=service, folder=tmp_path, partner=partner.url)


@pytest.fixture(scope="session")
def shop_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database of the Django project once."""
    database = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    environment = {**clean_environment(database.parent), "SHOP_DATABASE": str(database)}
    subprocess.run(command, cwd=SITE, env=environment, check=True)
    return database


@pytest.fixture
def start_website(launcher: Launcher, shop_database: Path, tmp_path: Path) -> Iterator[StartWebsite]:
    """Return a function that starts a web server; what is still running in the end is stopped."""
    with ExitStack() as stack:

        def start(kind: str = "runserver", **variables: str) -> Website:
            environment = launcher.environment(
                DJANGO_SETTINGS_MODULE="shopfront.settings", SHOP_DATABASE=str(shop_database), **variables
            )
            website = shopfront(kind, folder=tmp_path, environment=environment)
            stack.callback(website.stop)
            website.start()
            return website

        yield start
