"""The events of one exporter that are in memory, until each is settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from otel_crumbs.base.counters import ThreadSafeCounter
from otel_crumbs.base.threads import WakeUp
from otel_crumbs.event import CapturedError, ErrorEvent

from .event_queue import EventQueue, QueuedError


class PendingEvents:
    """
    The events of one exporter: in the queue, taken from it by a thread, or in flight.

    Nobody holds a lock here. The application's thread that captures an error may
    be interrupted by a finaliser or a signal handler, which captures another
    one, or ends the process. So an error is unsettled from the moment it is put
    here until it is known what became of it, whichever thread has it; and each
    step is one call that runs in C.

    Args:
        on_change: Called when a request begins, and when an event is sent, saved or lost.

    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.queue = EventQueue()
        # Ends the wait of the exporter's worker; of all threads that one alone waits here.
        self.changed = WakeUp()
        self.in_flight: QueuedError | None = None
        # When the request of the event in flight began, by `time.monotonic`; infinite if there is none.
        self.request_began = float("inf")
        self.closed = False
        # A time of `time.monotonic`. The end of the process would cut off a request that begins later, and the next
        # process would send its event a second time.
        self.last_request = float("inf")
        self._unsettled: dict[int, QueuedError] = {}
        self._steps = ThreadSafeCounter()

    @property
    def steps(self) -> int:
        """How many steps were done: an event that was built, or settled."""
        return self._steps.value

    def count_step(self) -> None:
        """Count an event that was built."""
        self._steps.tick()

    def seconds_in_flight(self) -> float:
        """Return for how long a request has been under way, 0 if there is none."""
        return max(0.0, time.monotonic() - self.request_began)

    def count(self) -> int:
        """Return how many events are in memory alone."""
        return sum(queued.count for queued in self.list_unsettled() if not queued.kept)

    def has_unsaved(self) -> bool:
        """Return whether an event is in memory alone; every capture asks that."""
        return any(not queued.kept for queued in self._unsettled.copy().values()) if self._unsettled else False

    def list_unsettled(self) -> list[QueuedError]:
        """Return the errors whose fate is not known, oldest first."""
        # A copy is one call, while making a list of the values could let a finaliser add one meanwhile.
        return [*self._unsettled.copy().values()] if self._unsettled else []

    def put(self, captured: CapturedError) -> int:
        """Queue a captured error, and return how many others were dropped for it."""
        queued = self.queue.weigh(captured)
        self._unsettled[id(queued)] = queued
        # A process that captures an error is not at its end, though it may have looked so.
        self.last_request = float("inf")
        return self._settle_dropped(self.queue.put(queued))

    def requeue(self, events: Sequence[ErrorEvent]) -> int:
        """Queue events that could not be sent, to be sent together again; return how many others were dropped."""
        queued = QueuedError.from_events(events)
        self._unsettled[id(queued)] = queued
        dropped = self._settle_dropped(self.queue.requeue(queued))
        # Another thread than the worker may have tried to save them while the worker saw nothing to do.
        self.changed.send()
        return dropped

    def add_taken(self, queued: QueuedError) -> None:
        """Count events that the caller handles until they are settled."""
        self._unsettled[id(queued)] = queued

    def put_back(self, queued: QueuedError) -> None:
        """Queue an error again whose handling was broken off."""
        queued.put_back()
        if queued.captured is not None:
            self.queue.put(queued)
        else:
            self.queue.requeue(queued)
        self.changed.send()

    def has_waiting(self) -> bool:
        """Return whether there is an error that no thread has taken."""
        # A thread that puts an error here may be interrupted for ever before the error is in the queue.
        return len(self.queue) > 0 or not all(queued.taken for queued in self.list_unsettled())

    def take(self) -> QueuedError | None:
        """Return the next error, which the caller handles until it is settled; None if there is none."""
        return self.queue.take() or next((queued for queued in self.list_unsettled() if queued.take()), None)

    def take_more(self, at_most: int) -> list[QueuedError]:
        """Return more errors of the queue, so many at the most, that were not tried yet; the caller handles them."""
        taken: list[QueuedError] = []
        while len(taken) < at_most and (queued := self.queue.take_fresh()) is not None:
            taken.append(queued)
        return taken

    def settle(self, queued: QueuedError) -> None:
        """Count an error no longer: it was sent, saved, queued again or lost."""
        queued.settled = True
        self._unsettled.pop(id(queued), None)
        self._steps.tick()
        self._on_change()

    def begin_request(self, queued: QueuedError) -> None:
        """Count events as in flight."""
        self.in_flight = queued
        self.request_began = time.monotonic()
        self._on_change()

    def end_request(self) -> None:
        """Count the event in flight as taken, until it is settled."""
        self.in_flight = None
        self.request_began = float("inf")

    def set_last_request(self, last_request: float) -> None:
        """Begin no request after a time of `time.monotonic`, unless the event is in memory alone."""
        self.last_request = last_request
        self.changed.send()

    def seconds_to_last_request(self) -> float:
        """Return for how long requests may still begin."""
        return max(0.0, self.last_request - time.monotonic())

    def close(self) -> None:
        """Take no more errors."""
        self.closed = True
        self.changed.send()

    def abandon(self) -> None:
        """
        Leave the events to the parent, in a forked child.

        A job that forks goes on in the child, and must find nothing more to do there.
        """
        self.closed = True

    def _settle_dropped(self, dropped: list[QueuedError]) -> int:
        for queued in dropped:
            self.settle(queued)
        return sum(queued.count for queued in dropped if not queued.release_copies())
