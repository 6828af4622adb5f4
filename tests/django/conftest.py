"""A small Django project in this process, without a database."""

from __future__ import annotations

import os
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


@pytest.fixture(autouse=True)
def _no_settings_of_the_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide variables such as OTEL_CRUMBS_REQUIRE_COLLECTOR, which the checks would rightly wonder about."""
    for variable in os.environ:
        if variable.startswith("OTEL_CRUMBS_"):
            monkeypatch.delenv(variable)


@pytest.fixture
def events() -> Iterator[CapturedEvents]:
    """Install breadcrumbs and yield what is captured."""
    with capture_events() as captured:
        yield captured
