"""
The thread that saves the events of an exporter while a request takes long.

The worker waits for the response, for ten seconds if the receiver never answers.
What is captured meanwhile must survive a process that is killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.threads import LazyThread, WakeUp

from .pending import PendingEvents

# A request that takes longer than this may fail. Most take less, and then no disk sees an event.
_PATIENCE = 0.5
_SECONDS_BETWEEN_LOOKS = 0.05
_SECONDS_TO_SAVE = 1.0


class SpoolThread:
    """
    A thread that writes all events of an exporter to the spool as long as a request takes long.

    Args:
        pending: Has the events that are in memory.
        save: Saves them all until a time of `time.monotonic`.

    """

    def __init__(self, *, pending: PendingEvents, save: Callable[[float], object]) -> None:
        self._pending = pending
        self._save = guarded("events were saved")(save)
        self._thread = LazyThread(self._run)
        self._changed = WakeUp()
        self._idle = False

    def watch_request(self) -> None:
        """Watch the request that begins; wait for nothing."""
        self._thread.ensure_started()
        if self._idle:
            self._changed.send()

    def close(self) -> None:
        """Let the thread end."""
        self._changed.send()

    def _run(self) -> None:
        while not self._pending.closed:
            left = self._pending.request_began + _PATIENCE - time.monotonic()
            if left <= 0:
                self._save(time.monotonic() + _SECONDS_TO_SAVE)
                left = _SECONDS_BETWEEN_LOOKS
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        """Wait, or until a request begins where there is none."""
        if seconds < float("inf"):
            self._changed.wait(seconds)
            return
        self._idle = True
        # A request may have begun just before that could be seen.
        if self._pending.request_began == float("inf") and not self._pending.closed:
            self._changed.wait()
        self._idle = False
