"""The seconds that a process has for delivery when it ends, whichever hooks ask for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.base.guard import guarded

Work = Callable[[float], object]

# In seconds. Who restarts a service waits for it every time.
DEFAULT_FLUSH_TIMEOUT = 2.0


class ShutdownBudget:
    """
    A budget that is spent once, however many ends come one after the other or inside each other.

    Args:
        seconds: How long all of them together may take.

    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Begin with the whole budget, as a forked child must."""
        self._left = self._seconds
        self._until: float | None = None

    def spend(self, work: Work) -> None:
        """Call *work* with the seconds that are left, in a thread of its own."""
        started = time.monotonic()
        outermost = self._until is None
        if self._until is None:
            self._until = started + self._left
        left = max(0.0, self._until - started)
        try:
            _run_within(left, work)
        finally:
            if outermost:
                self._left = max(0.0, self._until - time.monotonic())
                self._until = None


def _run_within(seconds: float, work: Work) -> None:
    """
    Work in another thread, and leave it alone after so many seconds.

    The code that a signal interrupted may hold a lock that the work needs, and
    a disk may hang: neither must keep the process from ending.
    """
    quietly = guarded("the process ended")(work)
    thread = threading.Thread(target=quietly, args=(seconds,), name="otel_crumbs ending", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter starts no threads any more
        quietly(seconds)
        return
    thread.join(seconds)
