"""Every installed instrumentation is active, as under `opentelemetry-instrument`; servers run on loopback."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import running_application

from .collecting import mark_libraries, started
from .partner import Partner
from .servers import NotInstalledError, mariadb_server, mongodb_server, postgresql_server, redis_server

HERE = Path(__file__).parent

# They come together, by the dependency group `libraries`; without them there is nothing to test.
LIBRARIES = ("aiohttp", "boto3", "celery", "fastapi", "flask", "grpc", "httpx", "psycopg", "redis", "sqlalchemy")
collect_ignore_glob = [] if all(find_spec(name) for name in LIBRARIES) else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    mark_libraries(items, HERE)


# By folder: tests of others in the same run set up providers of their own.
@pytest.fixture(scope="package", autouse=True)
def _instrumented() -> Iterator[None]:
    # Not at the top: where there are no libraries, this file is imported all the same.
    from .describing import instrumented  # noqa: PLC0415

    with running_application(), instrumented():
        yield
    with warnings.catch_warnings():
        # Of the sockets that failed calls left, now and not in somebody else's test.
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture(autouse=True)
def events(_nothing_left_over: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[CapturedEvents]:
    """Install breadcrumbs, and yield the events that are captured."""
    # What is reported of a statement is seen whole, by those that a test installs too; that its values go has tests
    # of its own.
    monkeypatch.setenv("OTEL_CRUMBS_SQL_LITERALS", "keep")
    with capture_events(sql_literals="keep") as captured:
        yield captured


@pytest.fixture(scope="session")
def partner() -> Iterator[Partner]:
    """Run an HTTP server that answers as it is asked to."""
    with Partner() as running:
        yield running


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """Run a Redis; skip, or fail where it is required, if it is not installed."""
    yield from started(redis_server())


@pytest.fixture(scope="session")
def mongodb_port() -> Iterator[int]:
    """Run a server that speaks MongoDB's protocol; skip where there is none, which no package of Debian's brings."""
    with ExitStack() as stack:
        try:
            port = stack.enter_context(mongodb_server())
        except NotInstalledError as missing:
            pytest.skip(str(missing))
        yield port


@pytest.fixture(scope="session")
def mariadb_port() -> Iterator[int]:
    """Run a MariaDB; skip, or fail where it is required, if it is not installed."""
    yield from started(mariadb_server())


@pytest.fixture(scope="session")
def postgresql_port() -> Iterator[int]:
    """Run a PostgreSQL; skip, or fail where it is required, if it is not installed."""
    yield from started(postgresql_server())
