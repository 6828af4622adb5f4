"""
The worker of one exporter: the thread that sends its events, one job after the other.

While all is well an event goes from the queue to the receiver, and no disk
sees it. When an attempt fails, it is written to the spool, and so are those
that come after it, until the receiver is back: a process that is killed then
loses nothing. Where there is no spool they wait in memory, in bounds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel_crumbs.base.counters import counters
from otel_crumbs.event import CapturedError
from otel_crumbs.export.exporter import Exporter
from otel_crumbs.export.spool.exporter_spool import ExporterSpool

from .attempt import MAX_SECONDS
from .back_off import BackOff
from .event_queue import Build
from .notices import warn_of_undelivered
from .pending import PendingEvents
from .sender import Sender

# A piece of work that gets its time limit in seconds.
Job = Callable[[float], object]


class ExporterWorker:
    """
    The thread that delivers the events of one exporter.

    Args:
        exporter: Sends the events.
        build: Makes the event of a captured error, in the worker.
        spool: Keeps the events that cannot be sent.

    """

    def __init__(self, exporter: Exporter, build: Build, spool: ExporterSpool) -> None:
        self.exporter = exporter
        self.spool = spool
        self._build = build
        self._start_empty()

    def reset_after_fork(self) -> None:
        """Forget the queue, as a forked child must."""
        self.spool.reset_after_fork()
        self._start_empty()

    def _start_empty(self) -> None:
        self._pending = PendingEvents()
        self._back_off = BackOff()
        self._sender = Sender(
            self.exporter, self._build, pending=self._pending, spool=self.spool, back_off=self._back_off
        )
        self._thread: threading.Thread | None = None
        # Threads that do a job at this moment: the worker's, or one that ends the process.
        self._busy = 0
        self._reported_lost = 0

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
        """Whether something that this process captured is not acknowledged."""
        return self._count_pending() > 0

    @property
    def running(self) -> bool:
        """Whether the end of the process would cut off a request, or work that waits for one."""
        return self.pending or self._is_alive()

    def put(self, captured: CapturedError) -> None:
        """Queue a captured error."""
        with self._pending.changed:
            if self._pending.closed:
                return
            dropped = self._pending.put(captured)
            self._ensure_thread()
        self._sender.count_dropped(dropped)

    def look_for_leftovers(self, seconds: float) -> None:
        """Deliver the events of earlier processes *seconds* from now, when the application has settled."""
        with self._pending.changed:
            self.spool.look_later(seconds)
            self._ensure_thread()

    def flush(self, deadline: float) -> bool:
        """Return whether all since the last flush was acknowledged by *deadline*, a time of `time.monotonic`."""
        pending = self._pending
        with pending.changed:
            self._back_off.end_pause()
            pending.changed.notify_all()
            while self.pending and not self._is_over() and (left := deadline - time.monotonic()) > 0:
                if not self._is_alive():
                    break
                pending.changed.wait(min(left, pending.seconds_to_last_request() or left))
        if self.pending and not self._is_alive():
            self._run(deadline)
        return not self.pending and not self._count_newly_lost()

    def save(self, deadline: float) -> None:
        """Write all that is not acknowledged to the spool: the process is about to end."""
        self._sender.save_all(deadline)

    def set_last_request(self, last_request: float) -> None:
        """Begin no request after a time of `time.monotonic`, unless only memory holds the event."""
        self._pending.set_last_request(last_request)

    def end(self, deadline: float) -> None:
        """Deliver until the last request, begin no more, and wait for the one under way until *deadline*."""
        self.flush(deadline)
        self.set_last_request(time.monotonic())
        with self._pending.changed:
            while self._busy and (left := deadline - time.monotonic()) > 0:
                self._pending.changed.wait(left)

    def report_undelivered(self) -> None:
        """Warn of the events that are not acknowledged, for the process ends now."""
        kept, undelivered = len(self.spool.unacknowledged), self._count_pending()
        if undelivered:
            lost = undelivered - kept
            counters.count("dropped", lost, exporter=self.exporter.name, reason="process ended")
            warn_of_undelivered(self.exporter.name, kept=kept, folder=self.spool.folder, lost=lost)

    def close(self) -> None:
        """Take nothing more, and let the thread end."""
        self._pending.close()
        self.exporter.shutdown()

    def _count_pending(self) -> int:
        return self._pending.count() + len(self.spool.unacknowledged)

    def _count_newly_lost(self) -> int:
        """Return how many events were lost that no flush has reported."""
        reported, self._reported_lost = self._reported_lost, self.lost
        return self._reported_lost - reported

    def _is_late(self) -> bool:
        return self._pending.seconds_to_last_request() <= 0

    def _is_over(self) -> bool:
        """Return whether nothing more will happen: it is too late for another request."""
        return self._is_late() and not self._busy and not len(self._pending.queue)

    def _is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _ensure_thread(self) -> None:
        if self._is_alive():
            return
        thread = threading.Thread(target=self._run, name=f"otel_crumbs {self.exporter.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is going down: flush() sends in its own thread
            return
        self._thread = thread

    def _run(self, deadline: float = float("inf")) -> None:
        """Do one job after the other: for ever in the worker, until *deadline* in a thread that ends the process."""
        pending = self._pending
        while time.monotonic() < deadline:
            with pending.changed:
                job = self._choose_job()
                if job is None:
                    if pending.closed or (deadline < float("inf") and (not self.pending or self._is_over())):
                        return
                    pending.changed.wait(self._seconds_to_wait(deadline))
                    continue
                self._busy += 1
            self._do(job, min(MAX_SECONDS, deadline - time.monotonic()))

    def _do(self, job: Job, seconds: float) -> None:
        try:
            with suppress_instrumentation():
                job(seconds)
        finally:
            with self._pending.changed:
                self._busy -= 1
                self._pending.changed.notify_all()

    def _choose_job(self) -> Job | None:
        """Return the next job, None where there is nothing to do; called with the lock."""
        if self._pending.closed:
            return None
        pausing = self._back_off.seconds_left() > 0
        late = self._is_late()
        if len(self._pending.queue):
            # Events in memory are saved before anything is sent.
            if self.spool.usable and (pausing or late or self._back_off.failing):
                return lambda _: self._sender.save_queued()
            return None if pausing else self._sender.send_queued
        return self._sender.send_spooled if not (pausing or late) and self.spool.has_work() else None

    def _seconds_to_wait(self, deadline: float) -> float | None:
        pause = self._back_off.seconds_left() or self.spool.seconds_to_wait()
        if len(self._pending.queue) and not self.spool.usable:
            pause = self._back_off.seconds_left()
        elif self._is_late():
            pause = float("inf")
        left = min(pause, deadline - time.monotonic())
        return None if left == float("inf") else max(0.001, left)
