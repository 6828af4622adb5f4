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
            taken.append(queued.captured.exceptions.infos[0].message)
        else:
            [event] = queued.build_events(lambda _: None)
            taken.append(event.exception.message)
    return taken


def test_fatal_errors_come_out_first() -> None:
    """The process dies of them, so there may be no time for the others."""
    queue = EventQueue()
    for error in (captured_error("first"), captured_error("fatal", fatal=True), captured_error("last")):
        queue.put(queue.weigh(error))

    assert take_messages(queue) == ["fatal", "first", "last"]


def test_events_that_were_tried_wait_behind_fresh_ones() -> None:
    """An event that no receiver takes does not hold up the others."""
    queue = EventQueue()
    event = event_of()
    tried = replace(event, exceptions=(replace(event.exception, message="tried"),))
    queue.requeue(QueuedError.from_events([tried]))
    queue.put(queue.weigh(captured_error("fresh")))

    assert take_messages(queue) == ["fresh", "tried"]


def test_a_full_queue_drops_the_oldest_of_the_least_severe() -> None:
    """The dropped errors are returned, and the fatal one stays."""
    queue = EventQueue(max_waiting=2)

    errors = [queue.weigh(captured_error(text, fatal=text == "fatal")) for text in ("fatal", "old", "new")]
    dropped = [queue.put(error) for error in errors]

    assert dropped == [[], [], [errors[1]]]
    assert take_messages(queue) == ["fatal", "new"]
    assert (len(queue), queue.weight) == (0, 0)


def test_what_is_large_makes_room_as_well() -> None:
    """The size of all errors together is bounded; what was taken does not count."""
    queue = EventQueue(max_bytes=30_000)
    errors = [queue.weigh(captured_error(str(number))) for number in range(5)]

    dropped = [queue.put(error) for error in errors[:4]]
    queue.take()
    dropped.append(queue.put(errors[4]))

    assert dropped == [[], [], [], [errors[0]], []]
    assert queue.weight == 3 * errors[0].weight


def test_an_error_is_taken_once() -> None:
    """One that a thread has taken already is passed over, until it is put back."""
    queue = EventQueue()
    errors = [queue.weigh(captured_error(str(number))) for number in range(2)]
    for error in errors:
        queue.put(error)

    taken = errors[0].take(), queue.take(), queue.take()
    errors[0].put_back()

    assert taken == (True, errors[1], None)
    assert errors[0].take()
