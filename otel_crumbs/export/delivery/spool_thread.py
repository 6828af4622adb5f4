"""
The thread that saves the events of an exporter while a request takes long, or while there are too many.

The worker waits for the response, for ten seconds if the receiver never answers.
What is captured meanwhile must survive a process that is killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.instrumentations import suppress_instrumentation
from otel_crumbs.base.threads import LazyThread, WakeUp, has_no_threads, mark_own_work

from .pending import PendingEvents

# A request that takes longer than this may fail. Most take less, and then no disk sees an event.
_PATIENCE = 0.5
_SECONDS_BETWEEN_LOOKS = 0.05
# As long as the queue is crowded.
_SECONDS_BETWEEN_SPILLS = 0.005
_SECONDS_TO_SAVE = 1.0


class SpoolThread:
    """
    A thread that writes events of an exporter to the spool.

    It writes all of them as long as a request takes long, and some of them as
    long as there are too many for the worker.

    Args:
        pending: Has the events that are in memory.
        save: Saves them all until a time of `time.monotonic`.
        spill: Saves some of them if that is needed, and returns whether it did.

    """

    def __init__(self, *, pending: PendingEvents, save: Callable[[float], object], spill: Callable[[], bool]) -> None:
        self._pending = pending
        self._save = guarded("events were saved")(save)
        self._spill = guarded("events were saved")(spill)
        self._thread = LazyThread(self._run)
        self._changed = WakeUp()
        self._idle = False

    def watch_request(self) -> None:
        """Watch the request that begins; wait for nothing."""
        self._thread.ensure_started()
        if self._idle:
            self._changed.send()

    def watch_queue(self) -> None:
        """Watch the queue, which is crowded; wait for nothing."""
        self._thread.ensure_started()
        self._changed.send()

    @property
    def alive(self) -> bool:
        """Whether the thread runs, or is about to."""
        return self._thread.alive

    def look_again(self) -> None:
        """Have the thread look at once, and end if nothing more is to come."""
        self._changed.send()

    def _run(self) -> None:
        # Once for the thread: CPython crashes where a finaliser attaches a context in the middle of an attachment.
        with mark_own_work(), suppress_instrumentation():
            self._watch()

    def _watch(self) -> None:
        while not (self._pending.closed or has_no_threads()):
            left = self._pending.request_began + _PATIENCE - time.monotonic()
            if left <= 0:
                self._save(time.monotonic() + _SECONDS_TO_SAVE)
                left = _SECONDS_BETWEEN_LOOKS
            elif self._pending.queue.crowded:
                left = 0.0 if self._spill() else _SECONDS_BETWEEN_SPILLS
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        """Wait, or until a request begins where there is none."""
        if seconds < float("inf"):
            self._changed.wait(seconds)
            return
        self._idle = True
        # A request may have begun just before that could be seen.
        pending = self._pending
        if pending.request_began == float("inf") and not pending.queue.crowded and not pending.closed:
            self._changed.wait()
        self._idle = False
