"""The thread of an exporter's worker, which does one job after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel_crumbs.export.spool.exporter_spool import ExporterSpool

from .attempt import MAX_SECONDS
from .back_off import BackOff
from .pending import PendingEvents
from .sender import Sender

# A piece of work that gets its time limit in seconds.
Job = Callable[[float], object]


class WorkerThread:
    """
    A daemon thread that sends the events of one exporter, saves them, or waits, as the moment asks for.

    At the end of a process, where Python starts no threads any more, the thread
    that ends it can do the jobs itself by `run`.

    Args:
        name: The name of the thread.
        pending: Has the events that are in memory, and the lock.
        spool: Has the events that are on disk.
        back_off: Has the pauses that the receiver needs.
        sender: Does the jobs.

    """

    def __init__(
        self, name: str, *, pending: PendingEvents, spool: ExporterSpool, back_off: BackOff, sender: Sender
    ) -> None:
        self._name = name
        self._pending = pending
        self._spool = spool
        self._back_off = back_off
        self._sender = sender
        self._thread: threading.Thread | None = None
        # How many threads do a job at this moment: this one, and those that end the process.
        self._busy = 0

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def ensure_started(self) -> None:
        """Start the thread unless it runs; called with the lock."""
        if self.alive:
            return
        thread = threading.Thread(target=self.run, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter starts no threads any more: `ExporterWorker.flush` does the jobs
            return
        self._thread = thread

    def run(self, deadline: float = float("inf")) -> None:
        """
        Do one job after the other.

        Args:
            deadline: A time of `time.monotonic`. With one, the end comes sooner where nothing is left to do.

        """
        pending = self._pending
        while time.monotonic() < deadline:
            with pending.changed:
                job = self._choose_job()
                if job is None:
                    if pending.closed or (deadline < float("inf") and self._is_done()):
                        return
                    pending.changed.wait(self._seconds_to_wait(deadline))
                    continue
                self._busy += 1
            self._do(job, min(MAX_SECONDS, deadline - time.monotonic()))

    def is_too_late(self) -> bool:
        """Return whether nothing more will be sent or saved, because the process ends."""
        return self._is_after_last_request() and not self._busy and not len(self._pending.queue)

    def wait_until_idle(self, deadline: float) -> None:
        """Wait until no thread does a job, or until a time of `time.monotonic`."""
        with self._pending.changed:
            while self._busy and (left := deadline - time.monotonic()) > 0:
                self._pending.changed.wait(left)

    def _do(self, job: Job, seconds: float) -> None:
        try:
            with suppress_instrumentation():
                job(seconds)
        finally:
            with self._pending.changed:
                self._busy -= 1
                self._pending.changed.notify_all()

    def _choose_job(self) -> Job | None:
        """Return the next job, None where there is nothing to do now; called with the lock."""
        if self._pending.closed:
            return None
        pausing = self._back_off.seconds_left() > 0
        late = self._is_after_last_request()
        if len(self._pending.queue):
            # Events in memory are saved before anything is sent.
            if self._spool.usable and (pausing or late or self._back_off.failing):
                return lambda _: self._sender.save_queued()
            return None if pausing else self._sender.send_queued
        return self._sender.send_spooled if not (pausing or late) and self._spool.has_work() else None

    def _seconds_to_wait(self, deadline: float) -> float | None:
        """Return for how long there is no job unless something changes, None for ever; called with the lock."""
        pause = self._back_off.seconds_left() or self._spool.seconds_to_wait()
        if len(self._pending.queue) and not self._spool.usable:
            pause = self._back_off.seconds_left()
        elif self._is_after_last_request():
            pause = float("inf")
        left = min(pause, deadline - time.monotonic())
        return None if left == float("inf") else max(0.001, left)

    def _is_done(self) -> bool:
        return not self._sender.count_unacknowledged() or self.is_too_late()

    def _is_after_last_request(self) -> bool:
        return self._pending.seconds_to_last_request() <= 0
