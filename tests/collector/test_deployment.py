"""The Collector of docker-compose.yml is the one of the tests, and keeps what it acknowledged."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import otel_crumbs
from otel_crumbs.export.otlp.wire import encode_request
from otel_crumbs.testing import capture_events
from otel_crumbs.view.received_event import read_request
from tests.export.receiver import Receiver, receiving
from tests.loopback import free_port

from .deployed import DEPLOY, DeployedCollector

pytestmark = pytest.mark.collector

ROOT = Path(__file__).parents[2]
CONFIGURATIONS = {
    "alone": ["collector.yaml"],
    "with ClickHouse": ["collector.yaml", "collector-clickhouse.yaml"],
}
MANY = 50
SECONDS_TO_ARRIVE = 60


@pytest.mark.parametrize("names", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_configuration_for_people_is_valid(collector_binary: Path, names: list[str]) -> None:
    """The Collector itself finds no fault with the files that the compose file mounts."""
    command = [str(collector_binary), "validate", *(f"--config={DEPLOY / name}" for name in names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_version_is_the_same() -> None:
    """The compose file runs the version that the tests build."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    manifest = (ROOT / "scripts" / "collector-manifest.yaml").read_text(encoding="utf-8")
    script = (ROOT / "scripts" / "build_collector.py").read_text(encoding="utf-8")

    [image] = re.findall(r"image: \S+collector-contrib:(\S+)", compose)
    [built] = re.findall(r'^VERSION = "(\S+)"', script, re.MULTILINE)
    components = set(re.findall(r"gomod: \S+ v(0\.\S+)", manifest))
    assert {image, built} == components


def test_nothing_is_lost_where_the_collector_is_killed(collector_binary: Path, tmp_path: Path) -> None:
    """It acknowledges events while the viewer is away, dies, and hands on each of them after its next start."""
    port = free_port()
    variables = {"VIEWER_ENDPOINT": f"http://127.0.0.1:{port}", "VIEWER_TOKEN": "open"}
    collector = DeployedCollector(collector_binary, tmp_path, variables)
    collector.start()
    try:
        sent = [send_event(collector) for _ in range(MANY)]
        collector.kill()
        with receiving(port=port) as receiver:
            collector.start()
            arrived = wait_for_events(receiver)

            assert arrived == Counter(sent)
            assert {request.headers["Authorization"] for request in receiver.requests} == {"Bearer open"}
    finally:
        collector.kill()


def send_event(collector: DeployedCollector) -> str:
    """Send an event, and return its id when it was acknowledged."""
    with capture_events() as captured:
        otel_crumbs.record("before it")
        event_id = otel_crumbs.capture_exception(ValueError("boom"))
        body = encode_request(captured[0])
    headers = {"Content-Type": "application/x-protobuf"}
    with urllib.request.urlopen(urllib.request.Request(f"{collector.endpoint}/v1/logs", body, headers)) as answer:
        assert answer.status == 200
    assert event_id is not None
    return event_id


def wait_for_events(receiver: Receiver) -> Counter[str]:
    """Wait until so many events have arrived as were sent, and return how often each did."""
    deadline = time.monotonic() + SECONDS_TO_ARRIVE
    while len(ids := list(read_ids(receiver))) < MANY and time.monotonic() < deadline:
        time.sleep(0.02)
    return Counter(ids)


def read_ids(receiver: Receiver) -> Iterator[str]:
    """Iterate over the ids of all events that arrived."""
    for request in list(receiver.requests):
        yield from (event.event_id for event in read_request(request.body))
