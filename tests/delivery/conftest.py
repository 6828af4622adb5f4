"""The fixtures of the Collector, for the tests of outages."""

from __future__ import annotations

from tests.collector.fixtures import collector, collector_binary, service, start_collector

__all__ = ["collector", "collector_binary", "service", "start_collector"]
