"""The job libraries come together, by the dependency group `jobs`; without them there is nothing to test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from otel_crumbs.testing import CapturedEvents, capture_events
from tests.libraries.servers import NotInstalledError, redis_server

HERE = Path(__file__).parent
LIBRARIES = ("apscheduler", "arq", "dramatiq", "huey", "rq")
collect_ignore_glob = [] if all(find_spec(name) for name in LIBRARIES) else ["test_*.py"]

# Libraries leave sockets to the garbage collector, and use what Python or Redis will not have for ever.
NOT_OURS = ("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.libraries)
            for warning in NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(warning))


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
    server = redis_server()
    try:
        port = server.__enter__()
    except NotInstalledError as missing:
        if os.environ.get("OTEL_CRUMBS_REQUIRE_SERVERS") == "1":
            pytest.fail(f"{missing} (OTEL_CRUMBS_REQUIRE_SERVERS is set)")
        pytest.skip(str(missing))
    yield port
    server.__exit__(None, None, None)
