"""
The delivery of each event to every exporter, in threads that the application does not wait for.

An exporter's worker is a daemon thread that starts with the first event, or at the
start of a process that finds something in the spool. A forked child begins
with empty queues: the parent delivers what the parent captured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from otel_crumbs.base.counters import counters
from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.event import CapturedError
from otel_crumbs.export.exporter import Exporter, uses_spool
from otel_crumbs.export.spool.exporter_spool import ExporterSpool
from otel_crumbs.export.spool.spool import SpoolLocation

from .event_queue import Build
from .worker import ExporterWorker

# An application that has just begun may not have said yet what it is called.
_SECONDS_TO_SETTLE = 1.0
_SECONDS_TO_SAY_SO = 0.1


def _name_default_service() -> str:
    return "unknown_service"


class Delivery:
    """
    Hands each event to every exporter; each succeeds or fails on its own.

    Args:
        exporters: Where events go.
        build: Makes the event of a captured error.
        spool: Where undelivered events wait on disk, None for nowhere.
        service: Says what the service is called.

    """

    def __init__(
        self,
        exporters: Sequence[Exporter],
        build: Build,
        *,
        spool: SpoolLocation | None = None,
        service: Callable[[], str] = _name_default_service,
    ) -> None:
        self._spool = spool
        # Whether it delivers for others, too: from the time when it is in place until it is closed.
        self._looks = False
        self.workers = tuple(
            ExporterWorker(
                exporter,
                build,
                ExporterSpool(spool if uses_spool(exporter) else None, exporter=exporter.name, service=service),
            )
            for exporter in exporters
        )
        register_at_fork(self)

    @property
    def pending(self) -> bool:
        """Whether something that this process captured is not acknowledged."""
        return any(worker.pending for worker in self.workers)

    @property
    def running(self) -> bool:
        """Whether the end of the process would cut anything off."""
        return any(worker.running for worker in self.workers)

    def emit(self, captured: CapturedError) -> None:
        """Queue a captured error for every exporter; never blocks."""
        counters.count("captured")
        for worker in self.workers:
            worker.put(captured)

    def look_for_leftovers(self) -> None:
        """Deliver the events that earlier processes of this service left in the spool, if there are any."""
        if self._spool is not None and self._spool.has_any():
            for worker in self.workers:
                worker.look_for_leftovers(_SECONDS_TO_SETTLE)
        # From now on only: everything that a look imports is imported by now, and a child must not import it.
        self._looks = True

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
        # The warning about undelivered events takes time, too.
        deadline = started + timeout - min(_SECONDS_TO_SAY_SO, timeout / 10)
        self.save(timeout)
        # A receiver that takes an event needs time to respond.
        for worker in self.workers:
            worker.set_last_request(started + timeout / 2)
        for worker in self.workers:
            worker.end(deadline)
        for worker in self.workers:
            worker.report_undelivered()

    def close(self) -> None:
        """Take nothing more."""
        self._looks = False
        for worker in self.workers:
            worker.close()

    def reset_after_fork(self) -> None:
        """
        Forget the queues, as a forked child must, and look for events that others left in the spool.

        A server that forks its workers may live for months: a worker that it
        replaces is an earlier process of the service, and the next one a later.
        """
        for worker in self.workers:
            worker.reset_after_fork()
        if self._looks:
            self.look_for_leftovers()


def _make_spool(exporter: Exporter, location: SpoolLocation | None, service: Callable[[], str]) -> ExporterSpool:
    return ExporterSpool(location if uses_spool(exporter) else None, exporter=exporter.name, service=service)
