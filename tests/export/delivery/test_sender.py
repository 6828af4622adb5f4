"""Tests of `otel_crumbs.export.delivery.sender`: each outcome has its consequences for the event."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from otel_crumbs import ErrorEvent
from otel_crumbs.event import CapturedError
from otel_crumbs.export import DELIVERED, Delivery, Outcome
from otel_crumbs.export.delivery.event_queue import MAX_WAITING
from tests.conftest import GuardedFailures

from .conftest import BUILDER
from .exporters import (
    PATIENCE,
    REFUSED,
    RETRY,
    BatchingExporter,
    ScriptedExporter,
    captured_error,
    count_files,
)


def test_an_event_is_retried_until_it_is_taken(deliver: Callable[..., Delivery]) -> None:
    """After RETRY the same event is sent again."""
    exporter = ScriptedExporter(outcomes=[RETRY])
    delivery = deliver(exporter)

    delivery.emit(captured_error())

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["boom", "boom"]


def test_a_refused_event_is_lost_with_a_warning(
    deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    """The event is counted, its reason is logged, and the next event is sent."""
    exporter = ScriptedExporter(outcomes=[REFUSED])
    delivery = deliver(exporter)

    delivery.emit(captured_error("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(captured_error("second"))
    second = delivery.flush(PATIENCE)

    assert (first, second) == (False, True)
    assert exporter.sent == ["first", "second"]
    assert delivery.workers[0].lost == 1
    assert "not welcome" in caplog.text


def test_an_event_that_cannot_be_built_is_lost(
    deliver: Callable[..., Delivery], guarded_failures: GuardedFailures
) -> None:
    """The worker goes on, and one flush returns False."""

    def build(captured: CapturedError) -> ErrorEvent | None:
        if captured.exceptions.infos[0].message == "first":
            raise RuntimeError("cannot build")
        return BUILDER.build(captured)

    exporter = ScriptedExporter()
    delivery = deliver(exporter, build=build)

    delivery.emit(captured_error("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(captured_error("second"))

    assert first is False
    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["second"]
    assert [str(error) for _, error in guarded_failures] == ["cannot build"]
    guarded_failures.clear()


def test_an_event_that_a_hook_drops_is_not_lost(deliver: Callable[..., Delivery]) -> None:
    """`before_send` returned None: nothing is sent, and everything counts as acknowledged."""
    exporter = ScriptedExporter()
    delivery = deliver(exporter, build=lambda _: None)

    delivery.emit(captured_error())

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == []


def test_a_full_queue_drops_the_oldest_events(
    deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    """The newest events are kept, and the others are counted as lost."""
    gate = threading.Event()
    exporter = ScriptedExporter(gate=gate)
    delivery = deliver(exporter)
    delivery.emit(captured_error("in the hands of the exporter"))
    exporter.began.wait(PATIENCE)

    captured = [captured_error(str(number)) for number in range(MAX_WAITING + 5)]
    for one in captured:
        delivery.emit(one)
    gate.set()
    delivery.flush(PATIENCE)

    assert exporter.sent == ["in the hands of the exporter", *(str(number) for number in range(5, MAX_WAITING + 5))]
    assert delivery.workers[0].lost == 5
    assert "full" in caplog.text


@dataclass
class FickleExporter(BatchingExporter):
    """
    An exporter whose receiver fails and is slow now and then.

    Args:
        chance: Decides that.

    """

    chance: random.Random = field(kw_only=True)

    def export_batch(self, events: Sequence[ErrorEvent], timeout: float) -> Outcome:
        """Return DELIVERED or RETRY after a while."""
        time.sleep(self.chance.choice([0, 0.001, 0.01]))
        if self.chance.random() < 0.4:
            return RETRY
        self.sent += [event.exception.message for event in events]
        return DELIVERED


@pytest.fixture
def _threads_that_take_turns() -> Iterator[None]:
    """Let another thread run after every few instructions."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_threads_that_take_turns")
@pytest.mark.parametrize("seed", range(5))
def test_events_that_several_threads_save_arrive_once_each(
    start: Callable[..., Delivery], tmp_path: Path, seed: int
) -> None:
    """Whoever saves events of another thread deletes its own copy of them alone, and each copy is deleted."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    exporter = FickleExporter(chance=chance)
    delivery = start(exporter)
    [worker] = delivery.workers
    done = threading.Event()

    def save() -> None:
        while not done.is_set():
            delivery.save(0.05)
            time.sleep(chance.choice([0, 0.001]))

    def end_pauses() -> None:
        while not done.wait(0.002):
            worker.flush(0)

    with ThreadPoolExecutor(3) as pool:
        threads = [pool.submit(job) for job in (save, save, end_pauses)]
        for number in range(300):
            delivery.emit(captured_error(f"error-{number}"))
            time.sleep(chance.choice([0, 0, 0.001]))
        flushed = delivery.flush(PATIENCE)
        done.set()

    assert [thread.result() for thread in threads] == [None] * 3
    assert flushed is True
    assert Counter(exporter.sent) == Counter(f"error-{number}" for number in range(300))
    assert count_files(tmp_path) == 0
