"""The tests of this folder run once, on one interpreter, with the dependency group `stack`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.collector.fixtures import collector_binary
from tests.libraries.collecting import mark_libraries, started
from tests.libraries.servers import postgresql_server

from .image import ROOT, Image, build

__all__ = ["collector_binary"]

HERE = Path(__file__).parent

# They come together, by the dependency group `stack`; without them there is nothing to test.
collect_ignore_glob = [] if all(find_spec(name) for name in ("chdb", "psycopg", "yaml")) else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    mark_libraries(items, HERE)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[int]:
    """Run PostgreSQL; skip, or fail where it is required, if it is not installed."""
    yield from started(postgresql_server())


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Do what the shop's Dockerfile says."""
    return build(ROOT / "deploy" / "shop" / "Dockerfile", tmp_path_factory.mktemp("image"))
