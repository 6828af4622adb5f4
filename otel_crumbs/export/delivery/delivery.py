"""
The delivery of each event to every exporter, in threads that the application does not wait for.

An exporter's thread starts with the first error, or with the process if there is
something in the spool. A forked child begins with empty queues: the parent
delivers the errors that it captured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from otel_crumbs.base.counters import counters
from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.event import CapturedError
from otel_crumbs.export.exporter import Exporter, find_destination, uses_spool
from otel_crumbs.export.spool.exporter_spool import ExporterSpool
from otel_crumbs.export.spool.location import SpoolLocation

from .event_queue import Build
from .worker import ExporterWorker

# The events of earlier processes are in the folder of the service, and an application that sets up OpenTelemetry in
# code may have no name in its first moments.
_SECONDS_TO_SETTLE = 1.0
# The time that is kept, at the end of a process, for saving what was captured meanwhile, and for the warning about
# events that are not delivered: a part of all, and not more than some seconds.
_PART_TO_FINISH, _SECONDS_TO_FINISH = 0.2, 0.3
# The time that a thread has for its last steps.
_SECONDS_TO_LEAVE = 0.02


def _name_default_service() -> str:
    return "unknown_service"


def _ignore_change() -> None:
    pass


class Delivery:
    """
    Hands each event to every exporter; each succeeds or fails on its own.

    Args:
        exporters: Where events go.
        build: Makes the event of a captured error.
        spool: The folder in which undelivered events wait on disk, None for none.
        service: Returns the name of the service, as far as it is known now.
        on_change: Called when `unsafe` may have changed, in the thread of a worker.

    """

    def __init__(
        self,
        exporters: Sequence[Exporter],
        build: Build,
        *,
        spool: SpoolLocation | None = None,
        service: Callable[[], str] = _name_default_service,
        on_change: Callable[[], None] = _ignore_change,
    ) -> None:
        self._spool = spool
        # Whether a forked child looks for the events of earlier processes: from the first look until `close`.
        self._looks_after_fork = False
        # A child may live for a moment; its parent delivers what was left.
        self._is_child = False
        self.workers = tuple(
            ExporterWorker(exporter, build, _make_spool(exporter, spool, service), on_change=on_change)
            for exporter in exporters
        )
        register_at_fork(self)

    @property
    def pending(self) -> bool:
        """Whether an event that this process captured is not acknowledged."""
        return any(worker.pending for worker in self.workers)

    @property
    def unsafe(self) -> bool:
        """Whether the end of the process would lose an event, or cut off a request."""
        return any(worker.unsafe for worker in self.workers)

    @property
    def has_unsaved(self) -> bool:
        """Whether an event that this process captured is in memory alone."""
        return any(worker.has_unsaved for worker in self.workers)

    @property
    def running(self) -> bool:
        """Whether the end of the process would cut off a request, or leave an event that waits for one."""
        return any(worker.running for worker in self.workers)

    def emit(self, captured: CapturedError) -> None:
        """Queue a captured error for every exporter; never blocks."""
        counters.count("captured")
        for worker in self.workers:
            worker.put(captured)

    def look_for_undelivered(self) -> None:
        """Deliver the events that earlier processes of this service left in the spool, if there are any."""
        if self._spool is not None and self._spool.has_any():
            for worker in self.workers:
                worker.look_for_undelivered(_SECONDS_TO_SETTLE)
        self.look_after_fork()

    def look_after_fork(self) -> None:
        """Have every child that is forked from now on look for the events of earlier processes, too."""
        self._looks_after_fork = True

    def flush(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds; return True only if everything was acknowledged."""
        deadline = time.monotonic() + timeout
        acknowledged = [worker.flush(deadline) for worker in self.workers]
        return all(acknowledged)

    def save(self, timeout: float) -> None:
        """Write the events that are not acknowledged to the spool, in *timeout* seconds at the most."""
        deadline = time.monotonic() + timeout
        for worker in self.workers:
            worker.save(deadline)

    def end(self, timeout: float) -> None:
        """Save the events that are not acknowledged, then try to deliver them; *timeout* seconds are for both."""
        started = time.monotonic()
        deadline = started + timeout - min(_SECONDS_TO_FINISH, timeout * _PART_TO_FINISH)
        self.save(timeout)
        # The second half of the time is for the responses to requests that are under way.
        for worker in self.workers:
            worker.set_last_request(started + timeout / 2)
        for worker in self.workers:
            worker.end(deadline, with_undelivered=not self._is_child)
        if self.has_unsaved:
            # Threads of the application that nobody waits for capture errors to the very end.
            self.save(started + timeout - time.monotonic())
        for worker in self.workers:
            worker.report_undelivered()

    def wait_for_threads(self, timeout: float) -> None:
        """Wait until all threads have ended, where none may run, *timeout* seconds at the most."""
        deadline = time.monotonic() + timeout
        for worker in self.workers:
            worker.wait_for_threads(deadline)
        # Each has a few steps left after it has said that it has ended.
        time.sleep(_SECONDS_TO_LEAVE)

    def continue_requests(self) -> None:
        """Begin requests again, for the process did not end."""
        for worker in self.workers:
            worker.set_last_request(float("inf"))

    def close(self) -> None:
        """Take no more errors, and let the threads end."""
        self._looks_after_fork = False
        for worker in self.workers:
            worker.close()

    def reset_after_fork(self) -> None:
        """
        Forget the queues, as a forked child must, and look for the events of earlier processes.

        The child may be a worker of a server that forks a new one for each that
        ends: the worker before it is such an earlier process.
        """
        self._is_child = True
        for worker in self.workers:
            worker.reset_after_fork()
        if self._looks_after_fork:
            self.look_for_undelivered()


def _make_spool(exporter: Exporter, location: SpoolLocation | None, service: Callable[[], str]) -> ExporterSpool:
    return ExporterSpool(
        location if uses_spool(exporter) else None,
        exporter=exporter.name,
        service=service,
        destination=find_destination(exporter),
    )
