"""The programs of the tests of delivery, and the counting of the errors that arrive."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from otel_crumbs.export.spool.spool_file import count_events
from tests.collector.running import clean_environment
from tests.export.receiver import Receiver

PROGRAMS = Path(__file__).parent / "programs"
NO_TELEMETRY = {"OTEL_LOGS_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "none"}
# On a machine that is busy with other things the tests take longer, and do not fail.
SECONDS_TO_RUN = 300
PATIENCE = 300
# For receivers that respond, but perhaps late: an event without a response by then waits for the next process, and
# arrives a second time.
ENDS_AT_LEISURE = {"OTEL_CRUMBS_FLUSH_TIMEOUT": "20"}
# For receivers that never respond: a process does not end before half of this has passed.
SAVES_AT_LEISURE = {"OTEL_CRUMBS_FLUSH_TIMEOUT": "4"}


def environment(home: Path, endpoint: str, **variables: str) -> dict[str, str]:
    """Return the environment of a program that sends JSON documents to an endpoint."""
    return {
        **clean_environment(home),
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_CRUMBS_EXPORTER": "http",
        "OTEL_CRUMBS_HTTP_ENDPOINT": endpoint,
        "OTEL_CRUMBS_RATE_LIMIT": "0",
        **variables,
    }


def start(
    variables: dict[str, str], count: int, way: str, name: str = "error", *, before: Iterable[str] = ()
) -> subprocess.Popen[str]:
    """Start the program, behind a command if there is one *before*; return when it has captured its errors."""
    process = subprocess.Popen(
        [*before, sys.executable, str(PROGRAMS / "failing.py"), str(count), way, name],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "captured\n", process.communicate()
    return process


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end of a program; return its exit code, its output and its errors."""
    try:
        stdout, stderr = process.communicate(timeout=SECONDS_TO_RUN)
    finally:
        process.kill()
    return process.returncode, stdout, stderr


def run(variables: dict[str, str], count: int, way: str, name: str = "error") -> tuple[int, str, str]:
    """Run the program to its end."""
    return finish(start(variables, count, way, name))


def arrived(receiver: Receiver) -> Counter[str]:
    """Return how often each error arrived, by its message."""
    return Counter(request.document["exceptions"][0]["message"] for request in receiver.requests)


def each_exactly_once(*names: str, count: int = 0, name: str = "error") -> Counter[str]:
    """Return the count of errors of which each arrived once."""
    return Counter([*names, *numbered(name, count)])


def numbered(name: str, count: int) -> Iterable[str]:
    """Iterate over the messages of so many errors."""
    return (f"{name}-{number}" for number in range(count))


def workers_of(receiver: Receiver) -> set[int]:
    """Return which processes the errors are from; each has only its own request's note in its trail."""
    found = set()
    for request in receiver.requests:
        event = request.document
        [note] = [each for each in event["breadcrumbs"] if each["message"].startswith("before ")]
        assert note["message"] == f"before {event['exceptions'][0]['message']}"
        found.add(note["data"]["pid"])
    return found


def waiting(home: Path) -> list[Path]:
    """Return the files of the spool, each as often as it has events."""
    files = sorted(home.glob("otel-crumbs/spool/*/*/*.event"))
    return [path for path in files for _ in range(count_events(path.name))]


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def port_of(url: str) -> int:
    """Return the port of a URL."""
    port = urlsplit(url).port
    assert port is not None
    return port
