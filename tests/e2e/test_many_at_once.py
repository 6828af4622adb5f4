"""Hundreds of requests at the same time, every one failing: no breadcrumb in a wrong event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.collector.received import LogRecord

from .applications import Launcher, StartWebsite

pytestmark = pytest.mark.e2e

MANY = 200

# The rate limit holds back the same failure otherwise.
EACH = {"OTEL_CRUMBS_RATE_LIMIT": "0"}


def owners(event: LogRecord) -> Iterator[set[str]]:
    """Iterate over the application's own breadcrumbs: whose each one is, by all numbers of requests in it."""
    for crumb in event.trail:
        if crumb["category"].startswith("django"):
            continue
        yield set(re.findall(r"(?:request|visitor) (\d+) ", str(crumb)))


def assert_each_has_its_own(events: list[LogRecord], breadcrumbs: int) -> None:
    """Check that there is one event for each request, with so many breadcrumbs, all of them its own."""
    numbers = [re.findall(r"\d+", event.attributes["exception.message"]) for event in events]
    assert sorted(int(number) for [number] in numbers) == list(range(MANY))
    for event, [number] in zip(events, numbers, strict=True):
        of_somebody = [found for found in owners(event) if found]
        assert of_somebody == [{number}] * breadcrumbs, event.trail


@pytest.mark.parametrize("sampler", ["always_on", "always_off"])
def test_requests_in_threads_keep_their_trails_apart(launcher: Launcher, sampler: str) -> None:
    """Two hundred threads that work in turns are two hundred events, each with its thread's breadcrumbs only."""
    finished = launcher.run("many_threads.py", str(MANY), OTEL_TRACES_SAMPLER=sampler, **EACH)

    assert (finished.code, finished.stdout) == (0, b"200\n")
    # Three steps, each a log line, a span event and a span.
    assert_each_has_its_own(launcher.received().events, breadcrumbs=9)


@pytest.mark.parametrize("sampler", ["always_on", "always_off"])
def test_requests_in_tasks_keep_their_trails_apart(launcher: Launcher, sampler: str) -> None:
    """Two hundred tasks, each with tasks and threads below it, are two hundred events with their own breadcrumbs."""
    finished = launcher.run("many_tasks.py", str(MANY), OTEL_TRACES_SAMPLER=sampler, **EACH)

    assert (finished.code, finished.stdout) == (0, b"200\n")
    # Three log lines, three span events, and in each of two tasks a span and two log lines, one from a thread.
    assert_each_has_its_own(launcher.received().events, breadcrumbs=12)


def test_visitors_of_a_website_keep_their_trails_apart(start_website: StartWebsite, launcher: Launcher) -> None:
    """Two hundred visitors who fail in one process at the same moment are two hundred events."""
    website = start_website("gunicorn-gthread", CROWD=str(MANY), **EACH)
    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(website.get, (f"/crowd/{number}" for number in range(MANY))))
    website.stop()

    assert [status for status, _ in answers] == [500] * MANY
    # Two log lines and a span.
    assert_each_has_its_own(launcher.received().events, breadcrumbs=3)
