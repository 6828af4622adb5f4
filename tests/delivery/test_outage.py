"""Tests of a Collector that is away: each error arrives once when the Collector is back."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from tests.collector.otelcol import Collector
from tests.collector.running import clean_environment

from .running import each_exactly_once, finish, start, until, waiting

pytestmark = pytest.mark.collector

MANY = 1000
SECONDS_OF_OUTAGE = 30

# A disk without room. Coverage is off, since it writes a file at the program's end, and its failure would be one more
# error.
NO_ROOM = ("bash", "-c", 'ulimit -f 0; unset "${!COVERAGE_@}"; exec "$0" "$@"')
IN_MEMORY = {"OTEL_CRUMBS_SPOOL_DIR": "none"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    """A service with a Collector and a spool of its own."""

    collector: Collector
    home: Path
    service: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def fail(
        self, way: str, count: int = MANY, name: str = "error", *, before: Sequence[str] = (), **variables: str
    ) -> subprocess.Popen[str]:
        """Start an application, and return when it has captured its errors."""
        environment = {
            **clean_environment(self.home),
            "OTEL_SERVICE_NAME": self.service,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.http,
            "OTEL_CRUMBS_RATE_LIMIT": "0",
            **variables,
        }
        self.processes.append(start(environment, count, way, name, before=before))
        return self.processes[-1]

    def fail_during_the_outage(
        self, way: str, *, before: Sequence[str] = (), **variables: str
    ) -> subprocess.Popen[str]:
        """Start an application that fails all the time until the Collector may come back."""
        return self.fail(way, before=before, SECONDS_TO_FAIL=str(SECONDS_OF_OUTAGE), **variables)

    def collect_result(self, process: subprocess.Popen[str], kept: int) -> Result:
        """Return the result when the application has ended."""
        code, stdout, stderr = finish(process)
        events = self.collector.received(self.service).events
        return Result(
            code=code,
            stdout=stdout,
            stderr=stderr,
            kept=kept,
            left=len(waiting(self.home)),
            arrived=Counter(event.attributes["exception.message"] for event in events),
        )

    def close(self) -> None:
        """Stop the Collector, and kill the applications that still run."""
        self.collector.stop()
        for process in self.processes:
            with process:
                process.kill()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """
    The result of an outage.

    Args:
        code: The exit code of the application.
        stdout: The output of the application.
        stderr: The errors of the application.
        kept: How many events waited on disk during the outage.
        left: How many events waited on disk after it.
        arrived: How often each error arrived at the Collector.

    """

    code: int
    stdout: str
    stderr: str
    kept: int
    left: int
    arrived: Counter[str]


def wait_for_collector(shop: Shop, *, before: Sequence[str] = (), **variables: str) -> Result:
    """Let an application run until the Collector is back."""
    shop.collector.stop()
    process = shop.fail_during_the_outage("flush", before=before, **variables)
    kept = len(waiting(shop.home))
    shop.collector.start_again()
    return shop.collect_result(process, kept)


def terminate_during_outage(shop: Shop) -> Result:
    """Terminate an application while the Collector is away, and start another one when it is back."""
    shop.collector.stop()
    process = shop.fail_during_the_outage("wait")
    until(lambda: len(waiting(shop.home)) == MANY)
    process.terminate()
    finish(process)
    shop.collector.start_again()
    second = shop.fail("wait", 3, "second")
    until(lambda: not waiting(shop.home))
    second.terminate()
    return shop.collect_result(second, MANY)


def start_two_after_outage(shop: Shop) -> Result:
    """Terminate an application while the Collector is away, and start two others when it is back."""
    shop.collector.stop()
    process = shop.fail_during_the_outage("wait")
    until(lambda: len(waiting(shop.home)) == MANY)
    process.terminate()
    finish(process)
    shop.collector.start_again()
    successors = [shop.fail("wait", 0) for _ in range(2)]
    until(lambda: not waiting(shop.home))
    for successor in successors:
        successor.terminate()
    finish(successors[0])
    return shop.collect_result(successors[1], MANY)


def kill_collector(shop: Shop) -> Result:
    """Kill the Collector of an application that goes on failing, and start it again."""
    finish(shop.fail("flush", 1, "before"))
    shop.collector.wait_for_events(shop.service)
    shop.collector.kill()
    process = shop.fail_during_the_outage("flush")
    kept = len(waiting(shop.home))
    shop.collector.start_again()
    return shop.collect_result(process, kept)


OUTAGES: Mapping[str, Callable[[Shop], Result]] = {
    "waits": wait_for_collector,
    "waits in memory": partial(wait_for_collector, **IN_MEMORY),
    "waits without room": partial(wait_for_collector, before=NO_ROOM),
    "is terminated": terminate_during_outage,
    "has two successors": start_two_after_outage,
    "sees a kill": kill_collector,
}
Results = Mapping[str, "Future[Result]"]


# All outages are at the same time, since an outage is mostly waiting.
@pytest.fixture(scope="module")
def results(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """Run all outages at the same time, and return their results."""
    shops = {name: new_shop(collector_binary, tmp_path_factory.mktemp("outage")) for name in OUTAGES}
    with ThreadPoolExecutor(len(OUTAGES)) as pool:
        yield {name: pool.submit(story, shops[name]) for name, story in OUTAGES.items()}
    for shop in shops.values():
        shop.close()


def new_shop(collector_binary: Path, home: Path) -> Shop:
    """Return a shop whose Collector is there."""
    collector = Collector(collector_binary, home)
    collector.start()
    return Shop(collector=collector, home=home, service=f"shop-{uuid4().hex[:8]}")


def test_a_thousand_events_wait_for_the_collector(results: Results) -> None:
    """Each of them arrives once when the Collector is back."""
    result = results["waits"].result()

    assert (result.code, result.stdout) == (0, "flushed True\n")
    assert result.arrived == each_exactly_once(count=MANY)
    # The newest events may not be on disk yet.
    assert result.kept > 0
    assert result.left == 0


def test_events_wait_in_memory_without_a_spool(results: Results) -> None:
    """A queue holds a thousand events."""
    result = results["waits in memory"].result()

    assert result.arrived == each_exactly_once(count=MANY)
    assert result.kept == 0


def test_events_wait_in_memory_without_room_on_disk(results: Results) -> None:
    """The events arrive all the same, and a warning says that they wait in memory."""
    result = results["waits without room"].result()

    assert result.kept == 0
    assert (result.code, result.stdout) == (0, "flushed True\n")
    assert "wait in memory" in result.stderr
    assert result.arrived == each_exactly_once(count=MANY)


def test_the_next_process_delivers_after_sigterm(results: Results) -> None:
    """The application dies while the Collector is away, and a new process finds its events."""
    result = results["is terminated"].result()

    assert result.code == -signal.SIGTERM
    assert result.arrived == each_exactly_once("second-0", "second-1", "second-2", count=MANY)
    assert result.left == 0


def test_two_processes_deliver_each_event_once(results: Results) -> None:
    """Both look into the same folder at the same time."""
    result = results["has two successors"].result()

    assert result.arrived == each_exactly_once(count=MANY)
    assert result.left == 0


def test_a_killed_collector_gets_unacknowledged_events(results: Results) -> None:
    """The Collector dies between two errors of an application that goes on failing."""
    result = results["sees a kill"].result()

    assert result.arrived == each_exactly_once("before-0", count=MANY)
    assert result.left == 0
