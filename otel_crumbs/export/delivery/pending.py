"""The events of one exporter that are in memory alone, and the lock that guards them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from otel_crumbs.event import CapturedError, ErrorEvent
from otel_crumbs.export.spool.file_lock import LockedFile

from .event_queue import EventQueue, QueuedError


@dataclass(slots=True, kw_only=True)
class InFlight:
    """
    The event that is being sent.

    Args:
        event: The event.
        file: The event's file in the spool, None if it is in memory alone.

    """

    event: ErrorEvent
    file: LockedFile | None = None


class PendingEvents:
    """
    The events of one exporter: in the queue, taken from it by a thread, or in flight.

    This class owns the only lock of the delivery, the condition `changed`, which
    is notified of every change. It is re-entrant, since a signal handler may
    interrupt the thread that holds it. A thread that holds it may read and
    change what is here, choose the next job, wait, and start the worker's
    thread; it must not build, send or log, because the application waits for
    the lock when it captures an error. One exception, at the end of a process:
    the event in flight is written to the spool under the lock, so that its
    response is not settled at the same time.

    Args:
        on_change: Called when a request begins, and when an event is sent, saved or lost; never with the lock.

    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.changed = threading.Condition(threading.RLock())
        self.queue = EventQueue()
        self.in_flight: InFlight | None = None
        self.closed = False
        # A time of `time.monotonic`. The end of the process would cut off a request that begins later, and the next
        # process would send its event a second time.
        self.last_request = float("inf")
        self._taken = 0

    def count(self) -> int:
        """Return how many events are in memory alone."""
        flying = self.in_flight
        return self._taken + len(self.queue) + (flying is not None and flying.file is None)

    def put(self, captured: CapturedError) -> int:
        """Queue a captured error, and return how many others were dropped for it."""
        with self.changed:
            dropped = self.queue.put(captured)
            # A process that captures an error is not at its end, though it may have looked so.
            self.last_request = float("inf")
            self.changed.notify_all()
            return dropped

    def requeue(self, event: ErrorEvent) -> int:
        """Queue an event that could not be sent, and return how many others were dropped for it."""
        queued = QueuedError.from_event(event)
        with self.changed:
            return self.queue.requeue(queued)

    def take(self) -> QueuedError | None:
        """Return the next queued error, None if there is none; it counts as taken until `finish`."""
        with self.changed:
            queued = self.queue.take()
            self._taken += queued is not None
            return queued

    def take_from_spool(self) -> None:
        """Count an event as taken that came from the spool."""
        with self.changed:
            self._taken += 1

    def finish(self) -> None:
        """Count a taken event no longer: it was sent, saved, queued again or lost."""
        with self.changed:
            self._taken -= 1
            self.changed.notify_all()
        self._on_change()

    def begin_request(self, flying: InFlight) -> None:
        """Count a taken event as in flight."""
        with self.changed:
            self.in_flight = flying
            self._taken -= 1
            self.changed.notify_all()
        self._on_change()

    def end_request(self) -> None:
        """Count the event in flight as taken, until `finish`."""
        with self.changed:
            self.in_flight = None
            self._taken += 1

    def wait_for_taken(self, deadline: float) -> None:
        """Wait until no event is taken, or until *deadline*, a time of `time.monotonic`."""
        with self.changed:
            while self._taken and (left := deadline - time.monotonic()) > 0:
                self.changed.wait(left)

    def set_last_request(self, last_request: float) -> None:
        """Begin no request after a time of `time.monotonic`, unless the event is in memory alone."""
        with self.changed:
            self.last_request = last_request
            self.changed.notify_all()

    def seconds_to_last_request(self) -> float:
        """Return for how long requests may still begin."""
        return max(0.0, self.last_request - time.monotonic())

    def close(self) -> None:
        """Take no more errors."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def abandon(self) -> None:
        """
        Leave the events to the parent, in a forked child.

        A job that forks goes on in the child, and must find nothing more to do
        there, nor wait for a lock that another thread of the parent had.
        """
        self.changed = threading.Condition(threading.RLock())
        self.closed = True
