"""The thread of an exporter's worker, which does one job after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.counters import ThreadSafeCounter
from otel_crumbs.base.guard import report_failure
from otel_crumbs.base.instrumentations import suppress_instrumentation
from otel_crumbs.base.threads import LazyThread, has_no_threads, mark_own_work, wait_until
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
        pending: Has the events that are in memory.
        spool: Has the events that are on disk.
        back_off: Has the pauses that the receiver needs.
        sender: Does the jobs.

    """

    def __init__(
        self, name: str, *, pending: PendingEvents, spool: ExporterSpool, back_off: BackOff, sender: Sender
    ) -> None:
        self._thread = LazyThread(self.run, name)
        self._pending = pending
        self._spool = spool
        self._back_off = back_off
        self._sender = sender
        # How many jobs were begun and ended: by this thread, and by those that end the process.
        self._begun, self._ended = ThreadSafeCounter(), ThreadSafeCounter()

    @property
    def alive(self) -> bool:
        """Whether the thread runs, or is about to."""
        return self._thread.alive

    def ensure_started(self) -> None:
        """Start the thread unless it runs, and have it look for jobs; wait for nothing."""
        # Where no thread starts any more, `ExporterWorker.flush` does the jobs.
        self._thread.ensure_started()
        self._pending.changed.send()

    def run(self, deadline: float = float("inf")) -> None:
        """
        Do one job after the other.

        Args:
            deadline: A time of `time.monotonic`. With one, the end comes sooner where nothing is left to do.

        """
        pending = self._pending
        while time.monotonic() < deadline:
            job = self._choose_job()
            if job is not None:
                self._do(job, min(MAX_SECONDS, deadline - time.monotonic()))
            elif pending.closed or (self._is_done() if deadline < float("inf") else has_no_threads()):
                return
            elif deadline < float("inf"):
                # Nobody wakes a thread of the application's.
                wait_until(lambda: self._choose_job() or self._is_done(), deadline)
            else:
                pending.changed.wait(self._seconds_to_wait())

    def is_too_late(self) -> bool:
        """Return whether nothing more will be sent or saved, because the process ends."""
        return self._is_after_last_request() and not self.busy and not self._pending.has_waiting()

    def wait_until_idle(self, deadline: float) -> None:
        """Wait until no thread does a job, or until a time of `time.monotonic`."""
        wait_until(lambda: not self.busy or not self.alive, deadline)

    @property
    def busy(self) -> bool:
        """Whether a thread does a job."""
        return self._begun.value > self._ended.value

    def _do(self, job: Job, seconds: float) -> None:
        self._begun.tick()
        try:
            with mark_own_work(), suppress_instrumentation():
                job(seconds)
        except BaseException as error:
            # Code of others runs here, and nothing that it raises may end the worker.
            if is_thrown_in(error):
                raise
            report_failure("events were delivered", error)
        finally:
            self._ended.tick()

    def _choose_job(self) -> Job | None:
        """Return the next job, None where there is nothing to do now."""
        if self._pending.closed:
            return None
        pausing = self._back_off.seconds_left() > 0
        late = self._is_after_last_request()
        if self._pending.has_waiting():
            # Events in memory are saved before anything is sent.
            if self._spool.usable and (pausing or late or self._back_off.failing):
                return lambda _: self._sender.save_queued()
            return None if pausing else self._sender.send_queued
        return self._sender.send_spooled if not (pausing or late) and self._spool.has_work() else None

    def _seconds_to_wait(self) -> float | None:
        """Return for how long there is no job unless something changes, None for ever."""
        pause = self._back_off.seconds_left() or self._spool.seconds_to_wait()
        if self._pending.has_waiting() and not self._spool.usable:
            pause = self._back_off.seconds_left()
        elif self._is_after_last_request():
            pause = float("inf")
        return None if pause == float("inf") else max(0.001, pause)

    def _is_done(self) -> bool:
        return not self._sender.count_unacknowledged() or self.is_too_late()

    def _is_after_last_request(self) -> bool:
        return self._pending.seconds_to_last_request() <= 0
