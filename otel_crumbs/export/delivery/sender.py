"""
The sending of one event, and the consequences of the receiver's response.

An event that was delivered or refused is done with. One that is to be tried
again waits in the spool, or in memory where there is no spool.
"""

from __future__ import annotations

import time

from otel_crumbs.base.counters import counters
from otel_crumbs.base.guard import report_failure
from otel_crumbs.event import ErrorEvent
from otel_crumbs.export.exporter import Exporter, Outcome, Verdict
from otel_crumbs.export.spool.exporter_spool import ExporterSpool

from .attempt import send_event
from .back_off import BackOff
from .event_queue import Build, QueuedError
from .notices import warn_of_delay, warn_of_loss, warn_of_pause
from .pending import InFlight, PendingEvents


class Sender:
    """
    Sends the events of one exporter, one at a time, or moves them to the spool.

    Args:
        exporter: Sends the events.
        build: Makes the event of a captured error.
        pending: Has the events that are in memory.
        spool: Keeps the events that cannot be sent.
        back_off: Has the pauses that the receiver needs.

    """

    def __init__(
        self, exporter: Exporter, build: Build, *, pending: PendingEvents, spool: ExporterSpool, back_off: BackOff
    ) -> None:
        self._exporter = exporter
        self._build = build
        self._pending = pending
        self._spool = spool
        self._back_off = back_off
        self.delivered = 0
        self.lost = 0

    def count_unacknowledged(self) -> int:
        """Return how many events that this process captured no receiver has acknowledged."""
        return self._pending.count() + len(self._spool.unacknowledged)

    def send_queued(self, timeout: float) -> None:
        """Send the next event of the queue, in *timeout* seconds at the most."""
        event = self._take()
        if event is not None:
            self._send(InFlight(event=event), timeout)

    def send_spooled(self, timeout: float) -> None:
        """Send the next event of the spool, in *timeout* seconds at the most."""
        found = self._spool.take_next()
        if found is not None:
            file, event = found
            self._pending.take_from_spool()
            self._send(InFlight(event=event, file=file), timeout)

    def save_queued(self) -> bool:
        """Move the next event of the queue to the spool, and return whether another one can be moved."""
        event = self._take()
        if event is None:
            return len(self._pending.queue) > 0
        kept = self._spool.keep(event)
        if not kept:
            self._requeue(event)
        self._pending.finish()
        return kept

    def save_all(self, deadline: float) -> None:
        """Write all events in memory to the spool, the one in flight too, until a time of `time.monotonic`."""
        while self._spool.usable and time.monotonic() < deadline and self.save_queued():
            pass
        self._pending.wait_for_taken(deadline)
        with self._pending.changed:
            in_flight = self._pending.in_flight
            if in_flight is not None and in_flight.file is None:
                in_flight.file = self._spool.keep_locked(in_flight.event)

    def report_dropped(self, dropped: int) -> None:
        """Count the events that had no room in the queue, and warn of them."""
        for _ in range(dropped):
            self._report_loss("the queue is full", "queue full")

    def _take(self) -> ErrorEvent | None:
        """Return the next event of the queue, built; it counts as taken until it is finished."""
        queued = self._pending.take()
        if queued is None:
            return None
        event = self._build_event(queued)
        if event is None:
            self._pending.finish()
        return event

    def _build_event(self, queued: QueuedError) -> ErrorEvent | None:
        try:
            return queued.build_event(self._build)
        except Exception as error:  # noqa: BLE001 - an event that cannot be built must not end the worker
            report_failure("an event was built", error)
            self._report_loss("it could not be built", "not built")
            return None

    def _send(self, in_flight: InFlight, timeout: float) -> None:
        self._pending.begin_request(in_flight)
        outcome = send_event(self._exporter, in_flight.event, timeout)
        self._pending.end_request()
        self._settle(in_flight, outcome)
        self._pending.finish()

    def _settle(self, sent: InFlight, outcome: Outcome) -> None:
        """Do what an outcome asks for; without the lock, since files are written and lines are logged here."""
        if outcome.verdict is Verdict.RETRY:
            self._keep_for_retry(sent, outcome)
            return
        self._back_off.succeed(outcome.retry_after)
        if sent.file is not None:
            self._spool.delete(sent.file)
        if outcome.verdict is Verdict.DELIVERED:
            self.delivered += 1
            counters.count("sent", exporter=self._exporter.name)
        else:
            self._report_loss(outcome.reason, outcome.verdict.value)
        if outcome.retry_after:
            warn_of_pause(self._exporter.name, self._back_off.seconds_left(), self._spool.where)

    def _keep_for_retry(self, sent: InFlight, outcome: Outcome) -> None:
        counters.count("retried", exporter=self._exporter.name)
        self._back_off.fail(outcome.retry_after)
        if sent.file is not None:
            self._spool.retry_later(sent.file)
        elif not self._spool.keep(sent.event):
            self._requeue(sent.event)
        warn_of_delay(self._exporter.name, outcome.reason, self._spool.where)

    def _requeue(self, event: ErrorEvent) -> None:
        self.report_dropped(self._pending.requeue(event))

    def _report_loss(self, reason: str, kind: str) -> None:
        with self._pending.changed:
            self.lost += 1
        counters.count("dropped", exporter=self._exporter.name, reason=kind)
        warn_of_loss(self._exporter.name, reason, self.lost)
