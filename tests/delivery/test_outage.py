"""A Collector that is away: whatever was captured meanwhile arrives once when it is back."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.collector.fixtures import StartCollector
from tests.collector.otelcol import Collector
from tests.collector.running import clean_environment

from .running import each_once, finish, start, until, waiting

pytestmark = pytest.mark.collector

MANY = 1000
# With pauses of half a second, doubled each time, several attempts fall into this.
SECONDS_OF_OUTAGE = 8


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return where the spool is."""
    return tmp_path


@pytest.fixture
def away(start_collector: StartCollector) -> Collector:
    """Return a Collector that has just gone."""
    collector = start_collector()
    collector.stop()
    return collector


def variables(home: Path, collector: Collector, service: str, **more: str) -> dict[str, str]:
    """Return the environment of a program that sends to a Collector."""
    return {
        **clean_environment(home),
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http,
        "OTEL_CRUMBS_RATE_LIMIT": "0",
        **more,
    }


def arrived(collector: Collector, service: str) -> Counter[str]:
    """Return how often each error arrived, by its message."""
    return Counter(event.attributes["exception.message"] for event in collector.received(service).events)


def attempts_fail(process: subprocess.Popen[str]) -> None:
    """Let several attempts fail, and see that the application lives."""
    time.sleep(SECONDS_OF_OUTAGE)
    assert process.poll() is None


def test_a_thousand_events_wait_for_the_collector(home: Path, away: Collector, service: str) -> None:
    """All of them arrive when it is back, and none twice."""
    process = start(variables(home, away, service), MANY, "flush")
    attempts_fail(process)

    away.start_again()
    code, stdout, _ = finish(process)

    assert (code, stdout) == (0, "flushed True\n")
    assert arrived(away, service) == each_once(count=MANY)
    assert waiting(home) == []


def test_they_wait_in_memory_where_there_is_no_spool(home: Path, away: Collector, service: str) -> None:
    """A thousand are what a queue holds."""
    process = start(variables(home, away, service, OTEL_CRUMBS_SPOOL_DIR="none"), MANY, "flush")
    attempts_fail(process)

    away.start_again()
    finish(process)

    assert arrived(away, service) == each_once(count=MANY)


def test_the_next_process_delivers_what_sigterm_cut_short(home: Path, away: Collector, service: str) -> None:
    """The application dies of the signal while the Collector is away; a new one finds what it left."""
    process = start(variables(home, away, service), MANY, "wait")
    attempts_fail(process)
    until(lambda: len(waiting(home)) == MANY)
    process.terminate()
    code, _, _ = finish(process)

    away.start_again()
    with start(variables(home, away, service), 3, "wait", "second") as second:
        until(lambda: not waiting(home))
        second.terminate()

    assert code == -signal.SIGTERM
    assert arrived(away, service) == each_once("second-0", "second-1", "second-2", count=MANY)


def test_two_processes_share_the_work_and_deliver_nothing_twice(home: Path, away: Collector, service: str) -> None:
    """Both look into the same folder at the same time."""
    process = start(variables(home, away, service), MANY, "wait")
    until(lambda: len(waiting(home)) == MANY)
    process.terminate()
    finish(process)

    away.start_again()
    one = start(variables(home, away, service), 0, "wait")
    other = start(variables(home, away, service), 0, "wait")
    until(lambda: not waiting(home))
    for each in (one, other):
        each.terminate()
        finish(each)

    assert arrived(away, service) == each_once(count=MANY)


def test_a_collector_that_is_killed_gets_what_it_had_not_acknowledged(
    home: Path, start_collector: StartCollector, service: str
) -> None:
    """It dies between two errors of a running application, which goes on failing."""
    collector = start_collector()
    first = start(variables(home, collector, service), 1, "flush", "before")
    finish(first)
    collector.wait_for_events(service)
    collector.kill()
    process = start(variables(home, collector, service), MANY, "flush")
    attempts_fail(process)

    collector.start_again()
    finish(process)

    assert arrived(collector, service) == each_once("before-0", count=MANY)


def test_a_spool_that_is_full_leaves_the_rest_in_memory(home: Path, away: Collector, service: str) -> None:
    """A disk without room: the events wait in memory, in bounds, and arrive all the same."""
    limited = ["bash", "-c", 'ulimit -f 0; exec "$0" "$@"']
    # Coverage would want to write a file at the program's end, and its failure is an error like any other.
    unmeasured = {k: v for k, v in variables(home, away, service).items() if not k.startswith("COVERAGE_")}
    process = start(unmeasured, MANY, "flush", before=limited)
    attempts_fail(process)
    kept = waiting(home)

    away.start_again()
    code, stdout, stderr = finish(process)

    assert kept == []
    assert (code, stdout) == (0, "flushed True\n")
    assert "wait in memory" in stderr
    assert arrived(away, service) == each_once(count=MANY)
