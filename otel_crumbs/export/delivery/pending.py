"""The events of one exporter that no receiver has acknowledged, and the lock that guards them."""

from __future__ import annotations

import threading
import time
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
        file: Its file in the spool, None where it has none so far.

    """

    event: ErrorEvent
    file: LockedFile | None = None


class PendingEvents:
    """
    The queue, the events that threads have taken from it, and the event in flight.

    `changed` guards them, and is notified of every change. It is re-entrant,
    since a signal handler may interrupt the thread that holds it. Nothing is
    sent or logged while it is held: the application may wait for it.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.queue = EventQueue()
        self.in_flight: InFlight | None = None
        self.closed = False
        # A time of `time.monotonic`; a request that begins later is cut off when the process ends, and sent twice.
        self.last_request = float("inf")
        self._taken = 0

    def count(self) -> int:
        """Return how many events are in memory alone."""
        flying = self.in_flight
        return self._taken + len(self.queue) + (flying is not None and flying.file is None)

    def put(self, captured: CapturedError) -> int:
        """Queue a captured error, and return how many others had to be dropped for it."""
        with self.changed:
            if self.closed:
                return 0
            dropped = self.queue.put(captured)
            # Whoever captures something has not ended after all.
            self.last_request = float("inf")
            self.changed.notify_all()
            return dropped

    def put_back(self, event: ErrorEvent) -> int:
        """Queue an event that could not be sent, and return how many others had to be dropped for it."""
        queued = QueuedError.from_event(event)
        with self.changed:
            return self.queue.put_back(queued)

    def take(self) -> QueuedError | None:
        """Return the next queued error, None if there is none; it is pending until `finish`."""
        with self.changed:
            queued = self.queue.take()
            self._taken += queued is not None
            return queued

    def take_from_spool(self) -> None:
        """Count an event that was taken from the spool."""
        with self.changed:
            self._taken += 1

    def finish(self) -> None:
        """Count an event no more that was taken."""
        with self.changed:
            self._taken -= 1
            self.changed.notify_all()

    def begin_request(self, flying: InFlight) -> None:
        """Have an event that was taken in flight."""
        with self.changed:
            self.in_flight = flying
            self._taken -= 1
            self.changed.notify_all()

    def end_request(self) -> None:
        """Have the event in flight taken again, until `finish`."""
        with self.changed:
            self.in_flight = None
            self._taken += 1

    def wait_for_taken(self, deadline: float) -> None:
        """Wait until no thread has taken an event, or until *deadline*, a time of `time.monotonic`."""
        with self.changed:
            while self._taken and (left := deadline - time.monotonic()) > 0:
                self.changed.wait(left)

    def set_last_request(self, last_request: float) -> None:
        """Begin no request after a time of `time.monotonic`, unless only memory holds the event."""
        with self.changed:
            self.last_request = last_request
            self.changed.notify_all()

    def seconds_to_last_request(self) -> float:
        """Return for how long requests may still begin."""
        return max(0.0, self.last_request - time.monotonic())

    def close(self) -> None:
        """Take nothing more."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
