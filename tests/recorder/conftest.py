"""The receiver to which programs send, and the fixtures of the Collector, for the tests of outages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collector.fixtures import collector, collector_binary, service, start_collector
from tests.export.receiver import Receiver, receiving

__all__ = ["collector", "collector_binary", "receiver", "service", "start_collector"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running
