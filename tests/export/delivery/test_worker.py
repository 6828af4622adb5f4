"""What the end of a process leaves undone is left for the next one whole: no request is cut off and made again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from otel_crumbs import ErrorEvent
from otel_crumbs.event import Builder, capture_error
from otel_crumbs.export import DELIVERED, Delivery, Outcome, Verdict
from otel_crumbs.export.spool.spool import SpoolLocation
from tests.delivery.running import until

# Nothing that works takes this long; only a test that fails waits for it.
PATIENCE = 10.0
MANY = 50

Start = Callable[..., Delivery]


@dataclass
class Answering:
    """An exporter that takes a moment to answer."""

    outcome: Outcome = DELIVERED
    answer: Callable[[], object] = lambda: None
    name: str = "test"
    began: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Answer."""
        self.began.append(event.exception.message)
        self.answer()
        self.answered.append(event.exception.message)
        return self.outcome

    def shutdown(self) -> None:
        """Do nothing."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that makes what a process of the service makes at its start."""
    with ExitStack() as stack:

        def start(*exporters: Answering, spool: SpoolLocation | None = SpoolLocation(base=tmp_path)) -> Delivery:  # noqa: B008
            delivery = Delivery(exporters, Builder().build, spool=spool, service=lambda: "shop")
            stack.callback(delivery.close)
            delivery.look_for_undelivered()
            return delivery

        yield start


@pytest.fixture
def leave(start: Start) -> Callable[[int], None]:
    """Return a function that leaves events in the spool, as a process does while the receiver is away."""

    def leave(count: int) -> None:
        away = start(Answering(Outcome(verdict=Verdict.RETRY, reason="away")))
        capture(away, count)
        away.end(1.0)
        away.close()

    return leave


def capture(delivery: Delivery, count: int = 1) -> None:
    """Capture errors."""
    for number in range(count):
        delivery.emit(capture_error(ValueError(f"error-{number}"), mechanism="test", handled=False))


def waiting(folder: Path) -> int:
    """Return how many events are in the spool."""
    return sum(1 for _ in folder.glob("*/*/*.event"))


def test_the_end_waits_for_the_answer_to_what_another_process_left(
    start: Start, leave: Callable[[int], None], tmp_path: Path
) -> None:
    """Cut off, the event would be sent once more by the next process; and nothing begins after that."""
    leave(2)
    gate = threading.Event()
    exporter = Answering(answer=lambda: gate.wait(PATIENCE))
    delivery = start(exporter)
    until(lambda: exporter.began)

    ending = threading.Thread(target=delivery.end, args=(PATIENCE,))
    ending.start()
    ending.join(0.1)
    waits = ending.is_alive()
    gate.set()
    ending.join(PATIENCE)
    answered = list(exporter.answered)
    time.sleep(0.1)

    assert waits
    assert answered == exporter.answered == exporter.began
    assert waiting(tmp_path) == 1


def test_no_request_begins_that_the_end_would_cut_off(start: Start, tmp_path: Path) -> None:
    """A receiver that is too slow for all of them gets some, each answered; the rest waits for the next process."""
    exporter = Answering(answer=lambda: time.sleep(0.1))
    delivery = start(exporter)

    capture(delivery, MANY)
    delivery.end(4.0)

    answered = list(exporter.answered)
    assert answered == exporter.began
    assert 0 < len(answered) < MANY
    assert waiting(tmp_path) == MANY - len(answered)


def test_a_silent_receiver_holds_up_no_other_at_the_end(start: Start, tmp_path: Path) -> None:
    """It does not make the other begin a request that would be cut off either."""
    gate = threading.Event()
    silent = Answering(answer=lambda: gate.wait(PATIENCE), name="silent")
    slow = Answering(answer=lambda: time.sleep(0.1), name="slow")
    delivery = start(silent, slow)

    capture(delivery, MANY)
    delivery.end(4.0)
    answered, left = list(slow.answered), waiting(tmp_path)
    gate.set()

    assert answered == slow.began
    assert 0 < len(answered) < MANY
    assert left == MANY + MANY - len(answered)


def test_what_only_memory_holds_is_tried_to_the_last(start: Start, tmp_path: Path) -> None:
    """Without a spool there is no next process that could send it; with one it is not begun after the last call."""
    gate = threading.Event()
    spooled, unspooled = (Answering(answer=lambda: gate.wait(PATIENCE)) for _ in range(2))
    deliveries = [start(spooled), start(unspooled, spool=None)]

    for delivery in deliveries:
        capture(delivery, 2)
    until(lambda: spooled.began and unspooled.began)
    for delivery in deliveries:
        delivery.workers[0].set_last_request(time.monotonic())
    gate.set()

    assert [delivery.flush(PATIENCE) for delivery in deliveries] == [False, True]
    assert [spooled.answered, unspooled.answered] == [["error-0"], ["error-0", "error-1"]]
    assert waiting(tmp_path) == 1


def test_who_captures_something_has_not_ended(start: Start, leave: Callable[[int], None], tmp_path: Path) -> None:
    """A process that outlives its end, as the first of a container does SIGTERM, goes on delivering."""
    leave(1)
    exporter = Answering()
    delivery = start(exporter)
    delivery.end(PATIENCE)

    capture(delivery)

    assert delivery.flush(PATIENCE) is True
    until(lambda: not waiting(tmp_path))
    assert exporter.answered == ["error-0", "error-0"]


def test_an_end_that_cuts_nothing_off_needs_no_time(start: Start) -> None:
    """Nothing was captured, nothing was left: there is no worker, and so there is nothing to do."""
    delivery = start(Answering())

    before = delivery.running
    capture(delivery)

    assert not before
    assert delivery.running
