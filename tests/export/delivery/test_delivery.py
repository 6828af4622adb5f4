"""Events are delivered in the background, tried again where that helps, and never more than promised."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from otel_crumbs import ErrorEvent
from otel_crumbs.event import Builder, CapturedError, capture_error
from otel_crumbs.export import DELIVERED, Delivery, Outcome, Verdict
from otel_crumbs.export.delivery.event_queue import MAX_WAITING
from tests.conftest import GuardedFailures

# Nothing that works takes this long; only a test that fails waits for it.
PATIENCE = 10.0

BUILDER = Builder()

RETRY = Outcome(verdict=Verdict.RETRY, reason="come back later")
REFUSED = Outcome(verdict=Verdict.REFUSED, reason="not welcome")


@dataclass
class Receiving:
    """An exporter that answers as it is told, and with DELIVERED after that."""

    name: str = "test"
    answers: list[Outcome] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    # What it waits for before it answers.
    gate: threading.Event | None = None
    began: threading.Event = field(default_factory=threading.Event)
    on_export: Callable[[], None] = lambda: None
    closed: bool = False

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Answer."""
        self.began.set()
        self.on_export()
        if self.gate is not None:
            self.gate.wait(PATIENCE)
        self.reported.append(event.exception.message)
        return self.answers.pop(0) if self.answers else DELIVERED

    def shutdown(self) -> None:
        """Remember it."""
        self.closed = True


@pytest.fixture
def deliver() -> Iterator[Callable[..., Delivery]]:
    """Return a function that makes a delivery; each is closed in the end."""
    made: list[Delivery] = []

    def make(*exporters: Any, build: Callable[[CapturedError], ErrorEvent | None] = BUILDER.build) -> Delivery:
        made.append(Delivery(exporters, build))
        return made[-1]

    yield make
    for delivery in made:
        delivery.close()


def event(message: str = "boom") -> CapturedError:
    """Return what was captured of an exception."""
    return capture_error(ValueError(message), mechanism="test", handled=False)


def test_an_event_is_delivered(deliver: Callable[..., Delivery]) -> None:
    """What is emitted arrives, in order, and flush says so."""
    exporter = Receiving()
    delivery = deliver(exporter)

    for number in range(3):
        delivery.emit(event(str(number)))

    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == ["0", "1", "2"]


def test_every_exporter_gets_every_event(deliver: Callable[..., Delivery]) -> None:
    """One that refuses does not cost the other anything."""
    refusing, taking = Receiving(answers=[REFUSED]), Receiving()
    delivery = deliver(refusing, taking)

    delivery.emit(event())

    assert delivery.flush(PATIENCE) is False
    assert taking.reported == ["boom"]


def test_nothing_runs_before_the_first_event(deliver: Callable[..., Delivery]) -> None:
    """There is no worker in a process without errors."""
    before = set(threading.enumerate())
    delivery = deliver(Receiving())

    idle = set(threading.enumerate()) - before
    delivery.emit(event())
    delivery.flush(PATIENCE)

    assert idle == set()
    [worker] = set(threading.enumerate()) - before
    assert worker.daemon
    assert "otel_crumbs" in worker.name


def test_the_application_does_not_wait(deliver: Callable[..., Delivery]) -> None:
    """An exporter that hangs holds up nobody but its own events."""
    gate = threading.Event()
    hanging, taking = Receiving(gate=gate), Receiving()
    delivery = deliver(hanging, taking)

    for number in range(5):
        delivery.emit(event(str(number)))
    hanging.began.wait(PATIENCE)

    assert hanging.reported == []
    assert delivery.workers[1].flush(time.monotonic() + PATIENCE) is True
    assert taking.reported == ["0", "1", "2", "3", "4"]
    gate.set()
    assert delivery.flush(PATIENCE) is True


def test_flush_keeps_its_timeout_and_reports_the_truth(deliver: Callable[..., Delivery]) -> None:
    """What was not acknowledged in time is not said to be."""
    gate = threading.Event()
    delivery = deliver(Receiving(gate=gate))
    delivery.emit(event())

    early = delivery.flush(0.05)
    gate.set()

    assert early is False
    assert delivery.flush(PATIENCE) is True


def test_flush_with_nothing_to_do_is_true(deliver: Callable[..., Delivery]) -> None:
    """No event, or no exporter: everything was acknowledged."""
    assert deliver(Receiving()).flush(0) is True
    assert deliver().flush(0) is True


def test_a_busy_receiver_gets_it_again(deliver: Callable[..., Delivery]) -> None:
    """RETRY means the same event again, until it is taken."""
    exporter = Receiving(answers=[RETRY])
    delivery = deliver(exporter)

    delivery.emit(event())

    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == ["boom", "boom"]


def test_a_receiver_that_asks_for_time_is_left_alone_for_it(deliver: Callable[..., Delivery]) -> None:
    """`retry_after` is honoured: while it lasts nothing is sent, and flush says that it is not done."""
    exporter = Receiving(answers=[Outcome(verdict=Verdict.RETRY, reason="slow down", retry_after=3600)])
    delivery = deliver(exporter)
    delivery.emit(event())
    exporter.began.wait(PATIENCE)

    assert delivery.flush(0.8) is False

    assert exporter.reported == ["boom"]


def test_a_receiver_may_take_an_event_and_ask_for_time_all_the_same(deliver: Callable[..., Delivery]) -> None:
    """It would drop what came meanwhile: the next event waits, and flush says that it is not done."""
    exporter = Receiving(answers=[Outcome(verdict=Verdict.DELIVERED, retry_after=3600)])
    delivery = deliver(exporter)
    delivery.emit(event("first"))

    taken = delivery.flush(PATIENCE)
    delivery.emit(event("second"))

    assert taken is True
    assert delivery.flush(0.3) is False
    assert exporter.reported == ["first"]
    assert delivery.pending is True


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_what_waited_for_the_time_that_was_asked_for_is_sent_after_it(
    deliver: Callable[..., Delivery], seconds: float
) -> None:
    """Nobody has to do anything for that."""
    exporter = Receiving(answers=[Outcome(verdict=Verdict.DELIVERED, retry_after=seconds)])
    delivery = deliver(exporter)

    delivery.emit(event("first"))
    delivery.emit(event("second"))

    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == ["first", "second"]


def test_a_receiver_that_refuses_may_ask_for_time_too(deliver: Callable[..., Delivery]) -> None:
    """The event is lost, the next one waits."""
    exporter = Receiving(answers=[Outcome(verdict=Verdict.REFUSED, retry_after=3600)])
    delivery = deliver(exporter)

    delivery.emit(event("first"))
    exporter.began.wait(PATIENCE)
    delivery.emit(event("second"))

    assert delivery.flush(0.3) is False
    assert exporter.reported == ["first"]


def test_a_refused_event_is_not_sent_again(deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture) -> None:
    """It is lost, counted and said with the reason, and the next one is sent."""
    exporter = Receiving(answers=[REFUSED])
    delivery = deliver(exporter)

    delivery.emit(event("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(event("second"))
    second = delivery.flush(PATIENCE)

    assert (first, second) == (False, True)
    assert exporter.reported == ["first", "second"]
    assert delivery.workers[0].lost == 1
    assert "not welcome" in caplog.text


def test_an_exporter_that_raises_costs_one_event(
    deliver: Callable[..., Delivery], guarded_failures: GuardedFailures
) -> None:
    """What it raises is logged and counts as refused; the worker lives on."""
    failures: list[Exception] = [RuntimeError("broken")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    exporter = Receiving(on_export=fail_once)
    delivery = deliver(exporter)

    delivery.emit(event("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(event("second"))
    second = delivery.flush(PATIENCE)

    assert (first, second) == (False, True)
    assert exporter.reported == ["second"]
    assert [str(error) for _, error in guarded_failures] == ["broken"]
    guarded_failures.clear()


def test_an_event_that_cannot_be_built_costs_itself(
    deliver: Callable[..., Delivery], guarded_failures: GuardedFailures
) -> None:
    """The worker lives on, and flush tells that one is lost."""

    def build(captured: CapturedError) -> ErrorEvent | None:
        if captured.exceptions[0].message == "first":
            raise RuntimeError("cannot build")
        return BUILDER.build(captured)

    exporter = Receiving()
    delivery = deliver(exporter, build=build)

    delivery.emit(event("first"))
    first = delivery.flush(PATIENCE)
    delivery.emit(event("second"))

    assert first is False
    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == ["second"]
    assert [str(error) for _, error in guarded_failures] == ["cannot build"]
    guarded_failures.clear()


def test_an_event_that_nobody_wants_sent_is_no_loss(deliver: Callable[..., Delivery]) -> None:
    """`before_send` returned None: nothing is sent, and everything is acknowledged."""
    exporter = Receiving()
    delivery = deliver(exporter, build=lambda _: None)

    delivery.emit(event())

    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == []


def test_a_full_queue_drops_the_oldest_and_counts(
    deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    """Of more events than there is room for, the newest are kept."""
    gate = threading.Event()
    exporter = Receiving(gate=gate)
    delivery = deliver(exporter)
    delivery.emit(event("in the hands of the exporter"))
    exporter.began.wait(PATIENCE)

    captured = [event(str(number)) for number in range(MAX_WAITING + 5)]
    for one in captured:
        delivery.emit(one)
    gate.set()
    delivery.flush(PATIENCE)

    assert exporter.reported == ["in the hands of the exporter", *(str(number) for number in range(5, MAX_WAITING + 5))]
    assert delivery.workers[0].lost == 5
    assert "full" in caplog.text


def test_exporters_run_with_instrumentation_suppressed(deliver: Callable[..., Delivery]) -> None:
    """What an exporter does makes no spans and no breadcrumbs."""
    enabled: list[bool] = []
    delivery = deliver(Receiving(on_export=lambda: enabled.append(is_instrumentation_enabled())))

    delivery.emit(event())
    delivery.flush(PATIENCE)

    assert enabled == [False]


def test_a_closed_delivery_takes_nothing_more(deliver: Callable[..., Delivery]) -> None:
    """After close an event is dropped, and the exporter has given back its connections."""
    exporter = Receiving()
    delivery = deliver(exporter)
    delivery.close()

    delivery.emit(event())

    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == []
    assert exporter.closed is True


def test_closing_ends_the_wait_for_another_try(deliver: Callable[..., Delivery]) -> None:
    """A worker that would wait for an hour goes at once when it is closed."""
    exporter = Receiving(answers=[Outcome(verdict=Verdict.RETRY, retry_after=3600)])
    delivery = deliver(exporter)
    delivery.emit(event())
    exporter.began.wait(PATIENCE)

    delivery.close()

    assert delivery.flush(PATIENCE) is False
    assert exporter.reported == ["boom"]


def test_many_threads_may_emit_at_once(deliver: Callable[..., Delivery]) -> None:
    """Every event arrives once."""
    exporter = Receiving()
    delivery = deliver(exporter)
    captured = [[event(f"{thread} {number}") for number in range(50)] for thread in range(8)]

    def emit(events: list[CapturedError]) -> None:
        for one in events:
            delivery.emit(one)

    threads = [threading.Thread(target=emit, args=(events,)) for events in captured]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert delivery.flush(PATIENCE) is True
    assert sorted(exporter.reported) == sorted(f"{thread} {number}" for thread in range(8) for number in range(50))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_delivers_its_own_events_only(deliver: Callable[..., Delivery]) -> None:
    """The parent delivers what it captured; the child begins with an empty queue and a worker of its own."""
    gate = threading.Event()
    exporter = Receiving(gate=gate)
    delivery = deliver(exporter)
    delivery.emit(event("parent"))
    delivery.emit(event("parent, waiting"))
    exporter.began.wait(PATIENCE)
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        try:
            gate.set()
            delivery.emit(event("child"))
            acknowledged = delivery.flush(PATIENCE)
            os.write(writing, f"{acknowledged} {exporter.reported}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)
    gate.set()

    assert said == "True ['child']"
    assert delivery.flush(PATIENCE) is True
    assert exporter.reported == ["parent", "parent, waiting"]
