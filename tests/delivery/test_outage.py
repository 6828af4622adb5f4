"""A Collector that is away: whatever was captured meanwhile arrives once when it is back."""

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

# A disk without room. Coverage would want to write a file at the program's end, and its failure is an error as any.
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

    def story(self, process: subprocess.Popen[str], kept: int) -> Story:
        """Return what became of it all when the application has ended."""
        code, stdout, stderr = finish(process)
        events = self.collector.received(self.service).events
        return Story(
            code=code,
            stdout=stdout,
            stderr=stderr,
            kept=kept,
            left=len(waiting(self.home)),
            arrived=Counter(event.attributes["exception.message"] for event in events),
        )

    def close(self) -> None:
        """End what is still running."""
        self.collector.stop()
        for process in self.processes:
            with process:
                process.kill()


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """How an application went through an outage: what waited on disk while it lasted, and after it."""

    code: int
    stdout: str
    stderr: str
    kept: int
    left: int
    arrived: Counter[str]


def waits(shop: Shop, *, before: Sequence[str] = (), **variables: str) -> Story:
    """Go on until the Collector is back."""
    shop.collector.stop()
    process = shop.fail_during_the_outage("flush", before=before, **variables)
    kept = len(waiting(shop.home))
    shop.collector.start_again()
    return shop.story(process, kept)


def is_terminated(shop: Shop) -> Story:
    """End by SIGTERM while the Collector is away; when it is back there is a new process."""
    shop.collector.stop()
    process = shop.fail_during_the_outage("wait")
    until(lambda: len(waiting(shop.home)) == MANY)
    process.terminate()
    finish(process)
    shop.collector.start_again()
    second = shop.fail("wait", 3, "second")
    until(lambda: not waiting(shop.home))
    second.terminate()
    return shop.story(second, MANY)


def has_two_heirs(shop: Shop) -> Story:
    """End while the Collector is away; when it is back there are two new processes."""
    shop.collector.stop()
    process = shop.fail_during_the_outage("wait")
    until(lambda: len(waiting(shop.home)) == MANY)
    process.terminate()
    finish(process)
    shop.collector.start_again()
    heirs = [shop.fail("wait", 0) for _ in range(2)]
    until(lambda: not waiting(shop.home))
    for heir in heirs:
        heir.terminate()
    finish(heirs[0])
    return shop.story(heirs[1], MANY)


def sees_it_killed(shop: Shop) -> Story:
    """Go on failing while the Collector dies and comes back."""
    finish(shop.fail("flush", 1, "before"))
    shop.collector.wait_for_events(shop.service)
    shop.collector.kill()
    process = shop.fail_during_the_outage("flush")
    kept = len(waiting(shop.home))
    shop.collector.start_again()
    return shop.story(process, kept)


STORIES: Mapping[str, Callable[[Shop], Story]] = {
    "waits": waits,
    "waits in memory": partial(waits, **IN_MEMORY),
    "waits without room": partial(waits, before=NO_ROOM),
    "is terminated": is_terminated,
    "has two heirs": has_two_heirs,
    "sees it killed": sees_it_killed,
}
Stories = Mapping[str, "Future[Story]"]


# Side by side: an outage is mostly waiting.
@pytest.fixture(scope="module")
def stories(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    """Have all outages at the same time."""
    shops = {name: new_shop(collector_binary, tmp_path_factory.mktemp("outage")) for name in STORIES}
    with ThreadPoolExecutor(len(STORIES)) as pool:
        yield {name: pool.submit(story, shops[name]) for name, story in STORIES.items()}
    for shop in shops.values():
        shop.close()


def new_shop(collector_binary: Path, home: Path) -> Shop:
    """Return a shop whose Collector is there."""
    collector = Collector(collector_binary, home)
    collector.start()
    return Shop(collector=collector, home=home, service=f"shop-{uuid4().hex[:8]}")


def test_a_thousand_events_wait_for_the_collector(stories: Stories) -> None:
    """All of them arrive when it is back, and none twice."""
    story = stories["waits"].result()

    assert (story.code, story.stdout) == (0, "flushed True\n")
    assert story.arrived == each_exactly_once(count=MANY)
    # The newest may not have got there yet.
    assert story.kept > 0
    assert story.left == 0


def test_they_wait_in_memory_where_there_is_no_spool(stories: Stories) -> None:
    """A thousand are what a queue holds."""
    story = stories["waits in memory"].result()

    assert story.arrived == each_exactly_once(count=MANY)
    assert story.kept == 0


def test_a_spool_that_is_full_leaves_the_rest_in_memory(stories: Stories) -> None:
    """A disk without room: the events wait in memory, in bounds, and arrive all the same."""
    story = stories["waits without room"].result()

    assert story.kept == 0
    assert (story.code, story.stdout) == (0, "flushed True\n")
    assert "wait in memory" in story.stderr
    assert story.arrived == each_exactly_once(count=MANY)


def test_the_next_process_delivers_what_sigterm_cut_short(stories: Stories) -> None:
    """The application dies of the signal while the Collector is away; a new one finds what it left."""
    story = stories["is terminated"].result()

    assert story.code == -signal.SIGTERM
    assert story.arrived == each_exactly_once("second-0", "second-1", "second-2", count=MANY)
    assert story.left == 0


def test_two_processes_share_the_work_and_deliver_nothing_twice(stories: Stories) -> None:
    """Both look into the same folder at the same time."""
    story = stories["has two heirs"].result()

    assert story.arrived == each_exactly_once(count=MANY)
    assert story.left == 0


def test_a_collector_that_is_killed_gets_what_it_had_not_acknowledged(stories: Stories) -> None:
    """It dies between two errors of a running application, which goes on failing."""
    story = stories["sees it killed"].result()

    assert story.arrived == each_exactly_once("before-0", count=MANY)
    assert story.left == 0
