"""
The sending of one event, and the consequences of the receiver's response.

An event that was delivered or refused is done with. One that is to be tried
again waits in the spool, or in memory where there is no spool.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.counters import ThreadSafeCounter, counters
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.threads import mark_own_work, wait_until
from otel_crumbs.event import ErrorEvent
from otel_crumbs.export.exporter import Exporter, Outcome, Verdict
from otel_crumbs.export.spool.exporter_spool import ExporterSpool

from .attempt import send_event
from .back_off import BackOff
from .event_queue import Build, QueuedError
from .notices import warn_of_delay, warn_of_loss, warn_of_pause
from .pending import PendingEvents


class Sender:
    """
    Sends the events of one exporter, one at a time, or moves them to the spool.

    Args:
        exporter: Sends the events.
        build: Makes the event of a captured error.
        pending: Has the events that are in memory.
        spool: Keeps the events that cannot be sent.
        back_off: Has the pauses that the receiver needs.
        on_request: Called when a request begins.

    """

    def __init__(
        self,
        exporter: Exporter,
        build: Build,
        *,
        pending: PendingEvents,
        spool: ExporterSpool,
        back_off: BackOff,
        on_request: Callable[[], object],
    ) -> None:
        self._exporter = exporter
        self._build = build
        self._pending = pending
        self._spool = spool
        self._back_off = back_off
        self._on_request = on_request
        self._delivered = ThreadSafeCounter()
        self._lost = ThreadSafeCounter()

    @property
    def delivered(self) -> int:
        """How many events a receiver acknowledged."""
        return self._delivered.value

    @property
    def lost(self) -> int:
        """How many events are lost."""
        return self._lost.value

    def count_unacknowledged(self) -> int:
        """Return how many events that this process captured no receiver has acknowledged."""
        return self._pending.count() + len(self._spool.unacknowledged)

    def send_queued(self, timeout: float) -> None:
        """Send the next event of the queue, in *timeout* seconds at the most."""
        queued = self._pending.take()
        if queued is not None:
            self._handle(queued, lambda event: self._send(queued, event, timeout))

    def send_spooled(self, timeout: float) -> None:
        """Send the next event of the spool, in *timeout* seconds at the most."""
        found = self._spool.take_next()
        if found is not None:
            queued = QueuedError.from_spool(*found)
            self._handle(queued, lambda event: self._send(queued, event, timeout))

    def save_queued(self) -> bool:
        """Move the next event of the queue to the spool, and return whether another one can be moved."""
        queued = self._pending.take()
        if queued is None:
            return False
        return self._handle(queued, lambda event: self._keep_or_requeue(queued, event))

    def save_all(self, deadline: float) -> None:
        """Write all events in memory to the spool, the one in flight too, until a time of `time.monotonic`."""
        # Where the interpreter goes down no other thread goes on. Elsewhere one may build an event, and take long in a
        # hook; the second half of the time is for building it here as well.
        patience = 0.0 if sys.is_finalizing() else (time.monotonic() + deadline) / 2
        with mark_own_work():
            wait_until(lambda: self._save_waiting(deadline), patience)
            for queued in self._pending.list_unsettled():
                if not queued.kept and self._spool.usable and time.monotonic() < deadline:
                    self._save_taken(queued)

    def report_dropped(self, dropped: int) -> None:
        """Count the events that had no room in the queue, and warn of them."""
        for _ in range(dropped):
            self._report_loss("the queue is full", "queue full")

    def _save_waiting(self, deadline: float) -> bool:
        """Save the events that no thread has taken, and return whether all others are built."""
        while self._spool.usable and time.monotonic() < deadline and self.save_queued():
            pass
        return not self._spool.usable or all(queued.event is not None for queued in self._pending.list_unsettled())

    def _save_taken(self, queued: QueuedError) -> None:
        """Write an event to the spool that another thread is building or sending."""
        event = self._build_event(queued)
        file = None if event is None else self._spool.keep_locked(event)
        if file is not None:
            queued.add_file(file)
            if queued.settled:
                self._discard_files(queued)

    def _handle(self, queued: QueuedError, do: Callable[[ErrorEvent], bool]) -> bool:
        """Do something with the event of a taken error, and return its result; an event that it fails for is lost."""
        try:
            event = self._build_event(queued)
            if event is not None:
                return do(event)
            self._pending.settle(queued)
        except BaseException as error:
            # This may be the application's thread, at the end of the process.
            if is_thrown_in(error):
                self._put_back(queued)
                raise
            report_failure("an event was delivered", error)
            self._report_loss(f"{type(error).__name__} in its delivery", "not delivered")
            self._pending.settle(queued)
            self._discard_files(queued)
        return True

    def _put_back(self, queued: QueuedError) -> None:
        file = queued.take_file()
        if file is not None:
            self._spool.retry_later(file)
        elif not queued.settled:
            self._pending.put_back(queued)

    def _build_event(self, queued: QueuedError) -> ErrorEvent | None:
        try:
            return queued.build_event(self._build) if queued.event is None else queued.event
        except BaseException as error:
            # An event that cannot be built must not end the worker.
            if is_thrown_in(error):
                raise
            report_failure("an event was built", error)
            self._report_loss("it could not be built", "not built")
            return None

    def _send(self, queued: QueuedError, event: ErrorEvent, timeout: float) -> bool:
        self._pending.begin_request(queued)
        try:
            if self._spool.usable:
                self._on_request()
            outcome = send_event(self._exporter, event, timeout)
        finally:
            self._pending.end_request()
        self._settle(queued, event, outcome)
        return True

    def _settle(self, queued: QueuedError, event: ErrorEvent, outcome: Outcome) -> None:
        """Do what an outcome asks for."""
        if outcome.verdict is Verdict.RETRY:
            self._keep_for_retry(queued, event, outcome)
            return
        self._back_off.succeed(outcome.retry_after)
        if outcome.verdict is Verdict.DELIVERED:
            self._delivered.tick()
            counters.count("sent", exporter=self._exporter.name)
        else:
            self._report_loss(outcome.reason, outcome.verdict.value)
        self._pending.settle(queued)
        self._discard_files(queued)
        if outcome.retry_after:
            warn_of_pause(self._exporter.name, self._back_off.seconds_left(), self._spool.where)

    def _keep_for_retry(self, queued: QueuedError, event: ErrorEvent, outcome: Outcome) -> None:
        counters.count("retried", exporter=self._exporter.name)
        self._back_off.fail(outcome.retry_after)
        file = queued.take_file()
        if file is None:
            self._keep_or_requeue(queued, event)
        else:
            self._spool.retry_later(file)
            self._pending.settle(queued, stays=True)
        # Another thread may have saved the event in the meantime, too.
        self._discard_files(queued)
        warn_of_delay(self._exporter.name, outcome.reason, self._spool.where)

    def _keep_or_requeue(self, queued: QueuedError, event: ErrorEvent) -> bool:
        kept = self._spool.keep(event)
        if not kept:
            self.report_dropped(self._pending.requeue(event))
        self._pending.settle(queued, stays=kept)
        return kept

    def _discard_files(self, queued: QueuedError) -> None:
        """Delete the files of a settled event, or leave them to be sent later."""
        while (file := queued.take_file()) is not None:
            if queued.stays:
                file.release()
            else:
                self._spool.delete(file)

    def _report_loss(self, reason: str, kind: str) -> None:
        self._lost.tick()
        counters.count("dropped", exporter=self._exporter.name, reason=kind)
        warn_of_loss(self._exporter.name, reason, self.lost)
