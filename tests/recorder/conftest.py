"""The receiver to which programs send, the fixtures of the Collector, and recordings of processes that died."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_crumbs.event import CapturedError
from otel_crumbs.export.spool.private_folder import PrivateFolder
from otel_crumbs.recorder import layout
from otel_crumbs.recorder.recording import Recording
from otel_crumbs.recorder.recovery import Recovery
from tests.collector.fixtures import collector, collector_binary, service, start_collector
from tests.export.receiver import Receiver, receiving

from .cgroups import cgroup

__all__ = ["cgroup", "collector", "collector_binary", "receiver", "service", "start_collector"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


@pytest.fixture
def emitted() -> list[CapturedError]:
    """Return the list of deaths that were reported."""
    return []


@pytest.fixture
def recovery(tmp_path: Path, emitted: list[CapturedError]) -> Recovery:
    """Return the recovery of a folder, for all services."""
    return Recovery(PrivateFolder(tmp_path / "dead"), emitted.append, size=100, service=lambda: None)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that makes the recording of a process that died in an operation."""

    def make() -> Path:
        recording = Recording(PrivateFolder(tmp_path / "dead"))
        recording.describe({"service": "shop", "resource": {"service.name": "shop"}})
        text = layout.PART.join(["GET /orders", f"{7:032x}", ""])
        recording.write(1_000, layout.OPERATION, 1, 3, 9, 0, text, layout.OPERATIONS_AT)
        recording.write(2_000, layout.NOTE, 1, 3, 0, 0, layout.PART.join(["cart", "", "default", "token=abcdef123456"]))
        recording.close()
        return tmp_path / "dead" / recording.name

    return make
