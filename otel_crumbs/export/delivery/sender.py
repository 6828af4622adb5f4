"""
The sending of events, and the consequences of the receiver's response.

Events that were delivered or refused are done with. Those that are to be tried
again wait in the spool, or in memory where there is no spool. What is sent in
one request stays together: it is tried again as a whole, unless the receiver
took nothing of it and never will.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.counters import ThreadSafeCounter, counters
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.interpreter_lock import make_haste
from otel_crumbs.base.threads import mark_own_work, wait_until
from otel_crumbs.event import ErrorEvent
from otel_crumbs.export.exporter import Exporter, Outcome, Verdict, is_batching
from otel_crumbs.export.spool.exporter_spool import ExporterSpool

from .attempt import send_events
from .back_off import BackOff
from .event_queue import Build, QueuedError
from .notices import warn_of_delay, warn_of_loss, warn_of_pause
from .pending import PendingEvents

# So many events are sent in one request, where the exporter can do that, and saved in one file.
MAX_TOGETHER = 64
# Whoever saves events may be waited for, so each step is short.
MAX_SAVED = 16


class Sender:
    """
    Sends the events of one exporter, several at a time where it can do that, or moves them to the spool.

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
        self._at_most = MAX_TOGETHER if is_batching(exporter) else 1
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
        return self._pending.count() + self._spool.count_unacknowledged()

    def send_queued(self, timeout: float) -> None:
        """Send the next events of the queue together, in *timeout* seconds at the most."""
        first = self._pending.take()
        if first is not None:
            self._handle_all(first, lambda queued: self._send(queued, timeout))

    def send_spooled(self, timeout: float) -> None:
        """Send the next events of the spool together, in *timeout* seconds at the most."""
        found = self._spool.take_next(self._at_most)
        if found is not None:
            self._handle(QueuedError.from_spool(*found), lambda queued: self._send(queued, timeout))

    def save_queued(self) -> bool:
        """Move the next events of the queue to the spool, and return whether others can be moved."""
        first = self._pending.take()
        return first is not None and self._handle_all(first, self._keep_or_requeue, at_most=MAX_SAVED)

    def save_all(self, deadline: float) -> None:
        """Write all events in memory to the spool, those in flight too, until a time of `time.monotonic`."""
        # Where the interpreter goes down no other thread goes on. Elsewhere one may build an event, and take long in a
        # hook; the second half of the time is for building it here as well.
        patience = 0.0 if sys.is_finalizing() else (time.monotonic() + deadline) / 2
        with mark_own_work():
            wait_until(lambda: self._save_waiting(deadline), patience)
            # A thread that goes on meanwhile may put together what was apart.
            while sum(self._save_taken(queued) for queued in self._list_unsaved(deadline)):
                pass

    def report_dropped(self, dropped: int) -> None:
        """Count the events that had no room in the queue, and warn of them."""
        if dropped:
            self._report_loss("the queue is full", "queue full", dropped)

    def _save_waiting(self, deadline: float) -> bool:
        """Save the events that no thread has taken, and return whether all others are built."""
        while self._spool.usable and time.monotonic() < deadline and self.save_queued():
            pass
        return not self._spool.usable or all(queued.events for queued in self._pending.list_unsettled())

    def _list_unsaved(self, deadline: float) -> list[QueuedError]:
        if not self._spool.usable or time.monotonic() >= deadline:
            return []
        return [queued for queued in self._pending.list_unsettled() if not queued.kept]

    def _save_taken(self, queued: QueuedError) -> bool:
        """Write events to the spool that another thread is building or sending, and return whether they are there."""
        if queued.settled or queued.kept or not (events := self._build_events(queued)):
            return False
        file = self._spool.keep_locked(events)
        if file is not None and not queued.add_copy(file):
            self._spool.delete([file])
        elif file is not None and queued.settled:
            self._delete_copies(queued)
            queued.forget_copy()
        return file is not None

    def _handle_all(self, first: QueuedError, do: Callable[[QueuedError], bool], at_most: int = MAX_TOGETHER) -> bool:
        """Do something with a taken error and those that may go together with it; return whether it worked for all."""
        taken = [first]
        if first.captured is not None:
            taken += self._pending.take_more(min(at_most, self._at_most) - 1)
        try:
            handled = [self._handle(queued, do) for queued in self._put_together(taken)]
            return all(handled)
        except BaseException:
            # Whatever ends the thread here leaves the others for another one.
            for queued in taken:
                if queued.taken and not queued.settled:
                    self._put_back(queued)
            raise

    def _put_together(self, taken: list[QueuedError]) -> Iterator[QueuedError]:
        """Iterate over taken errors, of which those that can be sent in one request are one."""
        if len(taken) == 1:
            yield from taken
            return
        built = [queued for queued in taken if self._build_or_settle(queued)]
        parts = [queued for queued in built if queued.settle_unsaved()]
        if parts:
            together = QueuedError.from_built([event for queued in parts for event in queued.events])
            # Whoever saves events at this moment finds them here or there.
            self._pending.add_taken(together)
            for queued in parts:
                self._settle(queued)
            yield together
        for queued in built:
            if not queued.settled:
                yield queued

    def _build_or_settle(self, queued: QueuedError) -> bool:
        """Build the event of a taken error, and return whether there is one."""
        if not queued.events and not self._build_events(queued):
            self._pending.settle(queued)
        return bool(queued.events)

    def _handle(self, queued: QueuedError, do: Callable[[QueuedError], bool]) -> bool:
        """Do something with the events of a taken error, and return its result; events that it fails for are lost."""
        try:
            if self._build_events(queued):
                return do(queued)
            self._pending.settle(queued)
        except BaseException as error:
            # This may be the application's thread, at the end of the process.
            if is_thrown_in(error):
                self._put_back(queued)
                raise
            report_failure("an event was delivered", error)
            self._report_loss(f"{type(error).__name__} in its delivery", "not delivered", queued.count)
            self._settle(queued)
        return True

    def _put_back(self, queued: QueuedError) -> None:
        if self._retry_copy(queued):
            self._settle(queued)
        elif not queued.settled:
            self._pending.put_back(queued)

    def _build_events(self, queued: QueuedError) -> tuple[ErrorEvent, ...]:
        try:
            self._pending.count_step()
            if queued.events:
                return queued.events
            with make_haste(self._pending.queue.crowded):
                return queued.build_events(self._build)
        except BaseException as error:
            # An event that cannot be built must not end the worker.
            if is_thrown_in(error):
                raise
            report_failure("an event was built", error)
            self._report_loss("it could not be built", "not built", queued.count)
            return ()

    def _send(self, queued: QueuedError, timeout: float) -> bool:
        if queued.count > self._at_most:
            # They were put together by a process whose exporter sends several at a time.
            self._split(queued)
            self._settle(queued)
            return True
        self._pending.begin_request(queued)
        try:
            if self._spool.usable:
                self._on_request()
            outcome = send_events(self._exporter, queued.events, timeout)
        finally:
            self._pending.end_request()
        self._handle_outcome(outcome, queued)
        return True

    def _handle_outcome(self, outcome: Outcome, queued: QueuedError) -> None:
        """Do what an outcome asks for."""
        if outcome.verdict is Verdict.RETRY:
            self._keep_for_retry(queued, outcome)
            return
        self._back_off.succeed(outcome.retry_after)
        self._spool.note_answer()
        if outcome.verdict is Verdict.DELIVERED:
            self._count_delivered(queued, outcome)
        elif queued.count > 1:
            self._split(queued)
        else:
            self._report_loss(outcome.reason, outcome.verdict.value)
        self._settle(queued)
        if outcome.retry_after:
            warn_of_pause(self._exporter.name, self._back_off.seconds_left(), self._spool.where)

    def _count_delivered(self, queued: QueuedError, outcome: Outcome) -> None:
        rejected = min(outcome.rejected, queued.count)
        self._delivered.add(queued.count - rejected)
        counters.count("sent", queued.count - rejected, exporter=self._exporter.name)
        if rejected:
            self._report_loss(outcome.reason, Verdict.REFUSED.value, rejected)

    def _split(self, queued: QueuedError) -> None:
        """Have events sent in two halves that the receiver took none of; the reason may be one of them."""
        middle = queued.count // 2
        for events in (queued.events[:middle], queued.events[middle:]):
            # The file of all is deleted when those of the halves are there.
            file = self._spool.keep_locked(events) if queued.kept else None
            if file is not None:
                self._spool.retry_later([file], at_once=True)
                continue
            half = QueuedError.from_built(events)
            self._pending.add_taken(half)
            self._pending.put_back(half)

    def _keep_for_retry(self, queued: QueuedError, outcome: Outcome) -> None:
        counters.count("retried", exporter=self._exporter.name)
        self._back_off.fail(outcome.retry_after)
        self._keep_or_requeue(queued)
        warn_of_delay(self._exporter.name, outcome.reason, self._spool.where)

    def _keep_or_requeue(self, queued: QueuedError) -> bool:
        kept = self._retry_copy(queued) or self._spool.keep(queued.events)
        if not kept:
            self.report_dropped(self._pending.requeue(queued.events))
        self._settle(queued)
        return kept

    def _retry_copy(self, queued: QueuedError) -> bool:
        """Have events sent again from the copy that the spool has of them, and return whether it has one."""
        files = queued.take_copy()
        if files:
            self._spool.retry_later(files)
        return bool(files)

    def _settle(self, queued: QueuedError) -> None:
        """Count events no longer, which were sent or are elsewhere, and delete their copies."""
        self._pending.settle(queued)
        self._delete_copies(queued)

    def _delete_copies(self, queued: QueuedError) -> None:
        # Whoever writes a copy looks afterwards whether the events are settled, and whoever settles them looks for
        # copies afterwards: the later one finds it.
        while files := queued.take_copy():
            self._spool.delete(files)

    def _report_loss(self, reason: str, kind: str, lost: int = 1) -> None:
        self._lost.add(lost)
        counters.count("dropped", lost, exporter=self._exporter.name, reason=kind)
        warn_of_loss(self._exporter.name, reason, self.lost)
