"""Fixtures for pytest: ``pytest_plugins = ["otel_crumbs.testing.fixtures"]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .events import CapturedEvents, capture_events
from .leaks import Work, assert_no_leaks


@pytest.fixture
def error_events() -> Iterator[CapturedEvents]:
    """Install breadcrumbs for one test; yield the events that it captures."""
    with capture_events() as events:
        yield events


@pytest.fixture
def no_leaks(error_events: CapturedEvents) -> Callable[[Work], None]:
    """Yield a function that fails where pieces of work see each other's breadcrumbs."""
    return lambda work: assert_no_leaks(error_events, work)
