"""A store in memory, which every test of the viewer may fill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.view.store import Store

from .events import OTHER, TRAIL, ZERO, error_event, put


@pytest.fixture
def store() -> Iterator[Store]:
    """Open a store in memory."""
    with Store() as opened:
        yield opened


@pytest.fixture
def filled(store: Store) -> Store:
    """Fill a store with three events of one failure and one of another."""
    crumb = Breadcrumb(timestamp=ZERO, message="charged ada 42 €", category="payment", data={"card": "Visa"})
    put(
        store,
        error_event("a" * 32),
        error_event("b" * 32, seconds=10, held_back=5),
        error_event("c" * 32, seconds=60, breadcrumbs=(*TRAIL, crumb)),
        error_event("d" * 32, seconds=30, mechanism="logging", **OTHER),
    )
    return store
