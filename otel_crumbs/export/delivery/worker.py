"""
The worker of one exporter, from its first event to the end of the process.

While all is well an event goes from the queue to the receiver, and no disk
sees it. When an attempt takes long or fails, the event is written to the spool,
and so are those that come after it, until the receiver is back: a process that
is killed then loses none of them. So are those of a burst that the receiver is
too slow for. Where there is no spool they wait in memory, in bounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from otel_crumbs.base.counters import counters
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.threads import is_own_thread, is_own_work, wait_natively, wait_until
from otel_crumbs.event import CapturedError
from otel_crumbs.export.exporter import Exporter
from otel_crumbs.export.spool.exporter_spool import ExporterSpool

from .back_off import BackOff
from .event_queue import Build
from .notices import warn_of_undelivered
from .pending import PendingEvents
from .sender import Sender
from .spool_thread import SpoolThread
from .worker_thread import WorkerThread

# Whoever captures an error when the queue is full waits no longer than this, in seconds.
_SECONDS_TO_WAIT = 0.25
# Nobody waits for so long after so many waits in a row in which nothing went on; but where an error is about to be
# dropped, so often again: the machine may be too busy with other things to write a file in a second.
_SECONDS_OF_IMPATIENCE, _FRUITLESS_WAITS, _LAST_WAITS = 10.0, 4, 8
# A worker whose request takes longer than this is waiting, and leaves the processor to others.
_SECONDS_OF_WORK = 0.02


class ExporterWorker:
    """
    The delivery by one exporter.

    `PendingEvents` has the events, `Sender` sends one event, `WorkerThread` does
    so again and again, and `SpoolThread` saves events while a request takes
    long; this class queues errors, and waits for their delivery when somebody
    flushes or the process ends.

    Args:
        exporter: Sends the events.
        build: Makes the event of a captured error, in the worker's thread.
        spool: Keeps the events that cannot be sent.
        on_change: Called when a request begins, and when an event is sent, saved or lost.

    """

    def __init__(
        self, exporter: Exporter, build: Build, spool: ExporterSpool, *, on_change: Callable[[], None]
    ) -> None:
        self.exporter = exporter
        self.spool = spool
        self._build = build
        self._on_change = on_change
        self._start_empty()

    def reset_after_fork(self) -> None:
        """Forget the queue, as a forked child must: its parent delivers what is in it."""
        self._pending.abandon()
        self.spool.reset_after_fork()
        self._start_empty()

    def _start_empty(self) -> None:
        self._pending = PendingEvents(self._on_change)
        self._back_off = BackOff()
        self._spool_thread = SpoolThread(pending=self._pending, save=self.save, spill=self._save_some)
        self._sender = Sender(
            self.exporter,
            self._build,
            pending=self._pending,
            spool=self.spool,
            back_off=self._back_off,
            on_request=self._spool_thread.watch_request,
        )
        self._thread = WorkerThread(
            f"otel_crumbs {self.exporter.name}",
            pending=self._pending,
            spool=self.spool,
            back_off=self._back_off,
            sender=self._sender,
        )
        self._reported_lost = 0
        self._patient_from = 0.0
        self._fruitless = 0
        self._last_waits = 0

    @property
    def delivered(self) -> int:
        """How many events a receiver acknowledged."""
        return self._sender.delivered

    @property
    def lost(self) -> int:
        """How many events are lost."""
        return self._sender.lost

    @property
    def pending(self) -> bool:
        """Whether an event that this process captured is not acknowledged."""
        return self._sender.count_unacknowledged() > 0

    @property
    def unsafe(self) -> bool:
        """Whether an event is in memory alone, or a request is under way, which would be made again."""
        return self.has_unsaved or self._pending.in_flight is not None

    @property
    def has_unsaved(self) -> bool:
        """Whether an event that this process captured is in memory alone."""
        return self._pending.has_unsaved()

    @property
    def running(self) -> bool:
        """Whether the end of the process would cut off a request, or leave an event that waits for one."""
        return self.pending or self._thread.alive

    def put(self, captured: CapturedError) -> None:
        """Queue a captured error; wait for nothing, or for a moment where a burst has filled the queue."""
        if self._pending.closed:
            return
        dropped = self._pending.put(captured)
        self._thread.ensure_started()
        if self._pending.queue.crowded:
            self._make_room()
        self._sender.report_dropped(dropped)

    def look_for_undelivered(self, seconds: float) -> None:
        """Deliver the events of earlier processes *seconds* from now, when the application has settled."""
        self.spool.look_later(seconds)
        self._thread.ensure_started()

    def flush(self, deadline: float) -> bool:
        """Return whether all since the last flush was acknowledged by *deadline*, a time of `time.monotonic`."""
        pending, thread = self._pending, self._thread
        self._back_off.end_pause()
        pending.changed.send()
        # A hook that flushes would wait for itself.
        if not is_own_work():
            wait_until(lambda: not self.pending or thread.is_too_late() or not thread.alive, deadline)
            if self.pending and not thread.alive:
                thread.run(deadline)
        return not self.pending and not self._count_newly_lost()

    def save(self, deadline: float) -> None:
        """Write all events in memory to the spool until a time of `time.monotonic`, for the process may end."""
        self._sender.save_all(deadline)
        # The thread may have found nothing to send just before the events came into the spool.
        self._pending.changed.send()

    def set_last_request(self, last_request: float) -> None:
        """Begin no request after a time of `time.monotonic`, unless the event is in memory alone."""
        self._pending.set_last_request(last_request)

    def end(self, deadline: float, *, with_undelivered: bool = False) -> None:
        """
        Deliver until the last request, begin no more, and wait for the one under way.

        Args:
            deadline: A time of `time.monotonic`, to wait until at most.
            with_undelivered: Whether to deliver what earlier processes left, if nobody has looked for it yet.

        """
        self.flush(deadline)
        if with_undelivered and self.spool.look_early():
            self._pending.changed.send()
            wait_until(self._has_sent_spooled, min(deadline, self._pending.last_request))
        self.set_last_request(time.monotonic())
        self._thread.wait_until_idle(deadline)

    def wait_for_threads(self, deadline: float) -> None:
        """Wait until the threads have ended, where none may run, or until a time of `time.monotonic`."""
        self._pending.changed.send()
        self._spool_thread.look_again()
        wait_until(lambda: not (self._thread.alive or self._spool_thread.alive), deadline)

    def report_undelivered(self) -> None:
        """Count and warn of the events that are not acknowledged, for the process ends now."""
        kept, unacknowledged = self.spool.count_unacknowledged(), self._sender.count_unacknowledged()
        if unacknowledged:
            lost = unacknowledged - kept
            counters.count("dropped", lost, exporter=self.exporter.name, reason="process ended")
            warn_of_undelivered(self.exporter.name, kept=kept, folder=self.spool.folder, lost=lost)

    def close(self) -> None:
        """Take no more errors, and let the thread end."""
        self._pending.close()
        self._spool_thread.look_again()
        guarded("an exporter was shut down")(self.exporter.shutdown)()

    def _make_room(self) -> None:
        """Have events written to the spool; wait a moment where there are far too many."""
        pending = self._pending
        if self.spool.usable:
            self._spool_thread.watch_queue()
        if not pending.queue.full or is_own_work() or is_own_thread() or not self._is_patient():
            return
        if not self._thread.alive or (not self.spool.usable and self._back_off.seconds_left()):
            return
        before = pending.steps
        if wait_natively(lambda: not pending.queue.full, _SECONDS_TO_WAIT) or pending.steps > before:
            self._fruitless = 0
            self._patient_from = 0.0
            return
        # A disk that hangs, or a hook that does, must not slow down whoever captures errors.
        self._fruitless += 1
        if self._fruitless >= _FRUITLESS_WAITS and time.monotonic() >= self._patient_from:
            self._fruitless = 0
            self._last_waits = _LAST_WAITS
            self._patient_from = time.monotonic() + _SECONDS_OF_IMPATIENCE

    def _is_patient(self) -> bool:
        """Return whether to wait for room in the queue: as a rule, and at times where an error would be dropped."""
        if time.monotonic() >= self._patient_from:
            return True
        if not self._pending.queue.brimming or self._last_waits <= 0:
            return False
        self._last_waits -= 1
        return True

    def _save_some(self) -> bool:
        """Move some events of the queue to the spool if the worker cannot send them now; return whether it did."""
        pending = self._pending
        if not pending.queue.crowded or not self.spool.usable:
            return False
        waits = pending.seconds_in_flight() > _SECONDS_OF_WORK or self._back_off.failing
        return (waits or pending.queue.overfull) and self._sender.save_queued()

    def _has_sent_spooled(self) -> bool:
        """Return whether the spool is empty, or the receiver does not take what is in it."""
        return not self._thread.alive or self._back_off.failing or not (self.spool.has_work() or self._thread.busy)

    def _count_newly_lost(self) -> int:
        """Return how many events were lost that no flush has reported."""
        reported, self._reported_lost = self._reported_lost, self.lost
        return self._reported_lost - reported
