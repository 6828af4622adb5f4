"""The Collector as pytest fixtures: one for all tests of a folder, or one for a test alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from .otelcol import Collector

BUILD = Path(__file__).parents[2] / "scripts" / "build_collector.py"

StartCollector = Callable[..., Collector]


@pytest.fixture(scope="session")
def collector_binary(request: pytest.FixtureRequest) -> Path:
    """Build the Collector if need be; skip, or fail where it is required, if that cannot be."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    # The first build takes minutes, and whoever waits should see why.
    with capture.global_and_fixture_disabled():
        binary, last_words = build()
    if binary is not None:
        return binary
    if os.environ.get("OTEL_CRUMBS_REQUIRE_COLLECTOR"):
        pytest.fail(f"{last_words} (OTEL_CRUMBS_REQUIRE_COLLECTOR is set)")
    pytest.skip(last_words)


def build() -> tuple[Path | None, str]:
    """Run the build script with its progress in sight; return the binary, or the script's last words."""
    command = [sys.executable, str(BUILD)]
    last_words = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        for line in process.stderr:
            sys.stderr.write(line)
            last_words = line.strip()
        printed = process.stdout.read().strip()
    return (Path(printed), "") if process.returncode == 0 else (None, last_words)


@pytest.fixture(scope="session")
def collector(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """Run one Collector for all tests, which tell their telemetry apart by `service`."""
    running = Collector(collector_binary, tmp_path_factory.mktemp("collector"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def start_collector(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartCollector]:
    """Return a function that starts a Collector for this test alone."""
    with ExitStack() as stack:

        def start(*, token: str | None = None) -> Collector:
            running = Collector(collector_binary, tmp_path_factory.mktemp("collector"), token=token)
            running.start()
            stack.callback(running.stop)
            return running

        yield start


@pytest.fixture
def service(request: pytest.FixtureRequest) -> str:
    """Return a service name that no other test has."""
    return f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())[:60]}-{uuid4().hex[:8]}"
