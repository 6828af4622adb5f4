"""What the tests of this folder have in common."""

from __future__ import annotations

from tests.collector.fixtures import collector, collector_binary, service, start_collector

__all__ = ["collector", "collector_binary", "service", "start_collector"]
