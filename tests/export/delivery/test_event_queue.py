"""Tests of `otel_crumbs.export.delivery.event_queue`."""

from __future__ import annotations

from dataclasses import replace

from otel_crumbs.export.delivery.event_queue import EventQueue, QueuedError
from tests.export.events import event_of

from .exporters import captured_error


def take_messages(queue: EventQueue) -> list[str]:
    """Take everything out of a queue, and return the messages in their order."""
    taken = []
    while (queued := queue.take()) is not None:
        if queued.captured is not None:
            taken.append(queued.captured.exceptions[0].message)
        else:
            event = queued.build_event(lambda _: None)
            assert event is not None
            taken.append(event.exception.message)
    return taken


def test_fatal_errors_come_out_first() -> None:
    """The process dies of them, so there may be no time for the others."""
    queue = EventQueue()
    for error in (captured_error("first"), captured_error("fatal", fatal=True), captured_error("last")):
        queue.put(error)

    assert take_messages(queue) == ["fatal", "first", "last"]


def test_events_that_were_tried_wait_behind_fresh_ones() -> None:
    """An event that no receiver takes does not hold up the others."""
    queue = EventQueue()
    event = event_of()
    tried = replace(event, exceptions=(replace(event.exception, message="tried"),))
    queue.requeue(QueuedError.from_event(tried))
    queue.put(captured_error("fresh"))

    assert take_messages(queue) == ["fresh", "tried"]


def test_a_full_queue_drops_the_oldest_of_the_least_severe() -> None:
    """The number of dropped errors is returned, and the fatal one stays."""
    queue = EventQueue(max_waiting=2)

    dropped = [queue.put(captured_error(text, fatal=text == "fatal")) for text in ("fatal", "old", "new")]

    assert dropped == [0, 0, 1]
    assert take_messages(queue) == ["fatal", "new"]
    assert (len(queue), queue.weight) == (0, 0)
