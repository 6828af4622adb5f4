"""A small Django project in this process, without a database."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from otel_crumbs.testing import CapturedEvents, capture_events

# Without Django there is nothing to test.
collect_ignore_glob = [] if find_spec("django") else ["test_*.py"]


@pytest.fixture(autouse=True, scope="session")
def _project() -> None:
    from .project import set_up  # noqa: PLC0415 - needs Django

    set_up()


@pytest.fixture
def events() -> Iterator[CapturedEvents]:
    """Install breadcrumbs and yield what is captured."""
    with capture_events() as captured:
        yield captured
