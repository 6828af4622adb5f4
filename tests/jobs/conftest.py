"""The job libraries come together, by the dependency group `jobs`; without them there is nothing to test."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from otel_crumbs.testing import CapturedEvents, capture_events
from tests.libraries.collecting import mark_libraries, started
from tests.libraries.servers import redis_server

HERE = Path(__file__).parent
LIBRARIES = ("apscheduler", "arq", "dramatiq", "huey", "rq")
collect_ignore_glob = [] if all(find_spec(name) for name in LIBRARIES) else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    mark_libraries(items, HERE)


@pytest.fixture(autouse=True)
def events(_nothing_left_over: None) -> Iterator[CapturedEvents]:
    """Install breadcrumbs, and yield the events that are captured."""
    with capture_events() as captured:
        yield captured


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """Run a Redis; skip, or fail where it is required, if it is not installed."""
    yield from started(redis_server())
