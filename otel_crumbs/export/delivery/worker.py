"""
One exporter's way out: its queue, its worker, and what it does when the receiver is away.

While all is well an event goes from the queue to the receiver, and no disk
sees it. When an attempt fails, it is written to the spool, and so are those
that come after it, until the receiver is back: a process that is killed then
loses nothing. Where there is no spool they wait in memory, in bounds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel_crumbs.base.counters import counters
from otel_crumbs.base.guard import report_failure, warn
from otel_crumbs.event import CapturedError, ErrorEvent
from otel_crumbs.export.exporter import Exporter, Outcome, Verdict
from otel_crumbs.export.spool.exporter_spool import ExporterSpool
from otel_crumbs.export.spool.file_lock import LockedFile

from .attempt import MAX_SECONDS, send
from .back_off import BackOff
from .event_queue import Build, EventQueue, QueuedError

# Something to do in so many seconds at the most.
Job = Callable[[float], object]


@dataclass(slots=True, kw_only=True)
class _InFlight:
    """The event that is being sent, and its file if it has one by now."""

    event: ErrorEvent
    claim: LockedFile | None = None


class ExporterWorker:
    """
    One exporter, its queue and its worker.

    Args:
        exporter: Sends the events.
        build: Makes the event of what was captured, in the worker.
        spool: Where events wait that cannot be sent.

    """

    def __init__(self, exporter: Exporter, build: Build, spool: ExporterSpool) -> None:
        self.exporter = exporter
        self.spool = spool
        self._build = build
        self._start_fresh()

    def reset_after_fork(self) -> None:
        """Forget what waits, as a forked child must."""
        self.spool.reset_after_fork()
        self._start_fresh()

    def _start_fresh(self) -> None:
        self._queue = EventQueue()
        # Re-entrant: a signal handler may interrupt the thread that holds it.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        # Events that the worker, or a thread that ends the process, has in its hands.
        self._in_hand = 0
        self._in_flight: _InFlight | None = None
        # Threads that do a job of the worker's at this moment.
        self._at_work = 0
        self._back_off = BackOff()
        # No request begins after it, as of `time.monotonic`: what the end of a process cuts off is sent twice.
        self._last_call = float("inf")
        self._closed = False
        self.delivered = 0
        self.lost = 0
        self._owned_up = 0

    def put(self, captured: CapturedError) -> None:
        """EventQueue what was captured."""
        with self._changed:
            if self._closed:
                return
            gone = self._queue.put(captured)
            # Whoever captures something has not ended after all.
            self._last_call = float("inf")
            self._changed.notify_all()
            self._see_to_worker()
        self._queue_was_full(gone)

    def look_for_leftovers(self, patience: float) -> None:
        """Deliver what earlier processes left behind, in *patience* seconds, when the application has settled."""
        with self._changed:
            self.spool.look_later(patience)
            self._see_to_worker()

    @property
    def pending(self) -> bool:
        """Whether something that this process captured is not acknowledged."""
        return self._count_pending() > 0

    @property
    def running(self) -> bool:
        """Whether there is a worker, whose requests the end of the process would cut off, or work for one."""
        return self.pending or self._works()

    def _count_pending(self) -> int:
        flying = self._in_flight
        in_flight = flying is not None and flying.claim is None
        return self._in_hand + in_flight + len(self._queue) + len(self.spool.ours)

    def flush(self, deadline: float) -> bool:
        """Return whether all since the last flush was acknowledged by *deadline*, a time of `time.monotonic`."""
        with self._changed:
            self._back_off.hurry()
            self._changed.notify_all()
            while self.pending and not self._is_done() and (left := deadline - time.monotonic()) > 0:
                if not self._works():
                    break
                self._changed.wait(min(left, self._seconds_to_last_call() or left))
        if self.pending and not self._works():
            self._work(deadline)
        return not self.pending and self._nothing_lost()

    def save(self, deadline: float) -> None:
        """Write all that is not acknowledged to the spool: the process is about to end."""
        while self.spool.usable and time.monotonic() < deadline and self._save_next():
            pass
        with self._changed:
            while self._in_hand and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            flying = self._in_flight
            if flying is not None and flying.claim is None:
                flying.claim = self.spool.keep_locked(flying.event)

    def begin_nothing_after(self, last_call: float) -> None:
        """Begin no request after *last_call*, a time of `time.monotonic`, unless only memory holds the event."""
        with self._changed:
            self._last_call = last_call
            self._changed.notify_all()

    def end(self, deadline: float) -> None:
        """Deliver until the last call, begin nothing more, and wait for what is under way until *deadline*."""
        self.flush(deadline)
        self.begin_nothing_after(time.monotonic())
        with self._changed:
            while self._at_work and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def say_what_is_left(self) -> None:
        """Warn of what is not acknowledged, for the process ends now."""
        kept, all_of_it = len(self.spool.ours), self._count_pending()
        if all_of_it:
            counters.count("dropped", all_of_it - kept, exporter=self.exporter.name, reason="process ended")
            warn(
                f"left by {self.exporter.name}",
                "The process ends before the exporter %r of otel_crumbs could deliver all error events: "
                "%d are kept in %s for the next process of this service, %d are lost.",
                self.exporter.name,
                kept,
                self.spool.folder,
                all_of_it - kept,
            )

    def close(self) -> None:
        """Take nothing more, and let the worker go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.exporter.shutdown()

    def _seconds_to_last_call(self) -> float:
        return max(0.0, self._last_call - time.monotonic())

    def _is_late(self) -> bool:
        return self._seconds_to_last_call() <= 0

    def _is_done(self) -> bool:
        """Return whether nothing more will happen: it is too late."""
        return self._is_late() and not self._at_work and not len(self._queue)

    def _nothing_lost(self) -> bool:
        """Return whether nothing was lost that no flush has told of."""
        told, self._owned_up = self._owned_up, self.lost
        return self.lost == told

    def _works(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _see_to_worker(self) -> None:
        if self._works():
            return
        worker = threading.Thread(target=self._work, name=f"otel_crumbs {self.exporter.name}", daemon=True)
        try:
            worker.start()
        except RuntimeError:  # the interpreter is going down: flush() sends in its own thread
            return
        self._thread = worker

    def _work(self, deadline: float = float("inf")) -> None:
        while time.monotonic() < deadline:
            with self._changed:
                job = self._next_job()
                if job is None:
                    if self._closed or (deadline < float("inf") and (not self.pending or self._is_done())):
                        return
                    self._changed.wait(self._seconds_to_wait(deadline))
                    continue
                self._at_work += 1
            self._do(job, min(MAX_SECONDS, deadline - time.monotonic()))

    def _do(self, job: Job, seconds: float) -> None:
        try:
            with suppress_instrumentation():
                job(seconds)
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def _next_job(self) -> Job | None:
        """Return what is to be done now; called with the lock."""
        if self._closed:
            return None
        pausing = self._back_off.left() > 0
        late = self._is_late()
        if len(self._queue):
            # What is in memory is saved before anything is sent.
            if self.spool.usable and (pausing or late or self._back_off.trouble):
                return lambda _: self._save_next()
            return None if pausing else self._send_next
        return self._send_kept if not (pausing or late) and self.spool.has_work() else None

    def _seconds_to_wait(self, deadline: float) -> float | None:
        pause = self._back_off.left() or self.spool.seconds_to_wait()
        if len(self._queue) and not self.spool.usable:
            pause = self._back_off.left()
        elif self._is_late():
            pause = float("inf")
        left = min(pause, deadline - time.monotonic())
        return None if left == float("inf") else max(0.001, left)

    def _send_next(self, timeout: float) -> None:
        event = self._take()
        if event is not None:
            self._send(_InFlight(event=event), timeout)

    def _send_kept(self, timeout: float) -> None:
        found = self.spool.next()
        if found is not None:
            claim, event = found
            with self._changed:
                self._in_hand += 1
            self._send(_InFlight(event=event, claim=claim), timeout)

    def _save_next(self) -> bool:
        """Move an event from the queue to the spool; return whether another one can be."""
        event = self._take()
        if event is None:
            return len(self._queue) > 0
        kept = self.spool.keep(event)
        if not kept:
            self._put_back(event)
        self._done_with_one()
        return kept

    def _take(self) -> ErrorEvent | None:
        """Return the next event of the queue, built; it is pending until `_done_with_one`."""
        with self._changed:
            queued = self._queue.take()
            if queued is None:
                return None
            self._in_hand += 1
        event = self._built(queued)
        if event is None:
            self._done_with_one()
        return event

    def _done_with_one(self) -> None:
        with self._changed:
            self._in_hand -= 1
            self._changed.notify_all()

    def _built(self, queued: QueuedError) -> ErrorEvent | None:
        try:
            return queued.event(self._build)
        except Exception as error:  # noqa: BLE001 - an event that cannot be built must not end the worker
            report_failure("an event was built", error)
            self._lose("it could not be built", "not built")
            return None

    def _send(self, flying: _InFlight, timeout: float) -> None:
        with self._changed:
            self._in_flight = flying
            self._in_hand -= 1
            self._changed.notify_all()
        outcome = send(self.exporter, flying.event, timeout)
        with self._changed:
            self._in_flight = None
            self._in_hand += 1
        # Not with the lock: files are written here and lines are logged, and the application must not wait.
        self._settle(flying, outcome)
        self._done_with_one()

    def _settle(self, flying: _InFlight, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.RETRY:
            self._try_later(flying, outcome)
            return
        self._back_off.answered(outcome.retry_after)
        if flying.claim is not None:
            self.spool.delivered(flying.claim)
        if outcome.verdict is Verdict.DELIVERED:
            self.delivered += 1
            counters.count("sent", exporter=self.exporter.name)
        else:
            self._lose(outcome.reason, outcome.verdict.value)
        if outcome.retry_after:
            self._say_that_it_waits()

    def _say_that_it_waits(self) -> None:
        warn(
            f"paused by {self.exporter.name}",
            "otel_crumbs sends nothing by the exporter %r for %d seconds: the receiver asks for it. "
            "Error events are %s until then.",
            self.exporter.name,
            ceil(self._back_off.left()),
            self.spool.where,
        )

    def _try_later(self, flying: _InFlight, outcome: Outcome) -> None:
        counters.count("retried", exporter=self.exporter.name)
        self._back_off.failed(outcome.retry_after)
        if flying.claim is not None:
            self.spool.leave(flying.claim)
        elif not self.spool.keep(flying.event):
            self._put_back(flying.event)
        warn(
            f"delayed by {self.exporter.name}",
            "otel_crumbs could not deliver an error event by the exporter %r yet: %s. It is %s and tried again.",
            self.exporter.name,
            outcome.reason,
            self.spool.where,
        )

    def _put_back(self, event: ErrorEvent) -> None:
        queued = QueuedError.of_event(event)
        with self._changed:
            gone = self._queue.put_back(queued)
        self._queue_was_full(gone)

    def _queue_was_full(self, gone: int) -> None:
        for _ in range(gone):
            self._lose("the queue is full", "queue full")

    def _lose(self, reason: str, kind: str) -> None:
        with self._changed:
            self.lost += 1
        counters.count("dropped", exporter=self.exporter.name, reason=kind)
        warn(
            f"lost by {self.exporter.name}",
            "otel_crumbs could not deliver an error event by the exporter %r: %s (%d lost so far).",
            self.exporter.name,
            reason,
            self.lost,
        )
