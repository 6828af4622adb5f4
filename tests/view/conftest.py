"""A store in memory, which every test of the viewer may fill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_crumbs.view.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """Open a store in memory."""
    with Store() as opened:
        yield opened
