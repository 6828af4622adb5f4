"""
Delivery: a lane for each exporter, none of which the application waits for.

A lane's worker is a daemon thread that starts with the first event, or at the
start of a process that finds something in the spool. A forked child begins
with empty queues: what its parent had captured, its parent delivers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from otel_crumbs.base.counters import tally
from otel_crumbs.base.fork import anew_in_children
from otel_crumbs.event import Seized
from otel_crumbs.export.exporter import Exporter
from otel_crumbs.export.spool.exporter_spool import Shelf
from otel_crumbs.export.spool.spool import SpoolPlace

from .event_queue import Build
from .worker import Lane

# An application that has just begun may not have said yet what it is called.
_SECONDS_TO_SETTLE = 1.0
_SECONDS_TO_SAY_SO = 0.1


def _nameless() -> str:
    return "unknown_service"


class Delivery:
    """
    Hands each event to every exporter; each succeeds or fails on its own.

    Args:
        exporters: Where events go.
        build: Makes the event of what was seized.
        spool: Where undelivered events wait on disk, None for nowhere.
        service: Says what the service is called.

    """

    def __init__(
        self,
        exporters: Sequence[Exporter],
        build: Build,
        *,
        spool: SpoolPlace | None = None,
        service: Callable[[], str] = _nameless,
    ) -> None:
        self._spool = spool
        # Whether it delivers for others, too: from the time when it is in place until it is closed.
        self._looks = False
        self.lanes = tuple(
            Lane(exporter, build, Shelf(_place(exporter, spool), exporter=exporter.name, service=service))
            for exporter in exporters
        )
        anew_in_children(self)

    @property
    def pending(self) -> bool:
        """Whether something that this process captured is not acknowledged."""
        return any(lane.pending for lane in self.lanes)

    @property
    def running(self) -> bool:
        """Whether the end of the process would cut anything off."""
        return any(lane.running for lane in self.lanes)

    def emit(self, seized: Seized) -> None:
        """Queue what was seized for every exporter; never blocks."""
        tally.count("captured")
        for lane in self.lanes:
            lane.put(seized)

    def look_for_leftovers(self) -> None:
        """Deliver what earlier processes of this service left behind, if there is anything at all."""
        if self._spool is not None and self._spool.has_any():
            for lane in self.lanes:
                lane.look_for_leftovers(_SECONDS_TO_SETTLE)
        # Not before: all that a look needs is imported by now, and a child must not import it.
        self._looks = True

    def flush(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds; return True only if everything was acknowledged."""
        deadline = time.monotonic() + timeout
        acknowledged = [lane.flush(deadline) for lane in self.lanes]
        return all(acknowledged)

    def save(self, timeout: float) -> None:
        """Write to the spool what is not acknowledged, in *timeout* seconds at the most."""
        deadline = time.monotonic() + timeout
        for lane in self.lanes:
            lane.save(deadline)

    def end(self, timeout: float) -> None:
        """Save what is not acknowledged, then try to deliver it; *timeout* seconds are for both."""
        started = time.monotonic()
        # Something must be left to say what is left.
        deadline = started + timeout - min(_SECONDS_TO_SAY_SO, timeout / 10)
        self.save(timeout)
        # Who takes an event needs time to say so.
        for lane in self.lanes:
            lane.begin_nothing_after(started + timeout / 2)
        for lane in self.lanes:
            lane.end(deadline)
        for lane in self.lanes:
            lane.say_what_is_left()

    def close(self) -> None:
        """Take nothing more."""
        self._looks = False
        for lane in self.lanes:
            lane.close()

    def start_anew(self) -> None:
        """
        Forget what waits, as a forked child must, and look for what others left.

        A server that forks its workers may live for months: a worker that it
        replaces is an earlier process of the service, and the next one a later.
        """
        for lane in self.lanes:
            lane.start_anew()
        if self._looks:
            self.look_for_leftovers()


def _place(exporter: Exporter, spool: SpoolPlace | None) -> SpoolPlace | None:
    """Return the spool unless the exporter has no use for one: what is printed late helps nobody."""
    return spool if getattr(exporter, "spool", True) else None
