"""The time that a process has for delivery when it ends, whichever hooks ask for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.threads import WakeUp, start_thread

Work = Callable[[float], object]

# In seconds, and not more, since a service that restarts while its receiver is away takes so much longer.
DEFAULT_FLUSH_TIMEOUT = 2.0
# A process that still runs after this did not end: an exec failed, or it is the first of a container, which no signal
# ends.
_SECONDS_TO_RECOVER = 10.0
# A thread whose time is over before it begins still writes what it can in this.
_SECONDS_TO_BEGIN = 0.05


class ShutdownBudget:
    """
    The seconds for work at the end of a process, shared by all hooks that are called one after or inside another.

    SIGTERM may come while the atexit functions run, and a handler of SIGTERM may
    call ``sys.exit``: together they take no longer than one of them.

    Args:
        seconds: The time for all of them together.

    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Begin with the whole budget, as a forked child must: it ends apart from its parent."""
        self._left = self._seconds
        self._until: float | None = None
        self._spent = float("-inf")

    def spend(self, work: Work) -> None:
        """Call *work* with the seconds that are left, and return when it is done or they are over."""
        started = time.monotonic()
        outermost = self._until is None
        if outermost and started - self._spent > _SECONDS_TO_RECOVER:
            self._left = self._seconds
        if self._until is None:
            self._until = started + self._left
        left = max(0.0, self._until - started)
        try:
            _run_within(left, work)
        finally:
            if outermost:
                self._spent = time.monotonic()
                self._left = max(0.0, self._until - self._spent)
                self._until = None


def _run_within(seconds: float, work: Work) -> None:
    """
    Do the work in another thread, and wait for it no longer than some seconds.

    The code that a signal interrupted may hold a lock that the work needs, and
    a disk may hang: neither must keep the process from ending.
    """
    guarded_work = guarded("the process ended")(work)
    ended = WakeUp()

    def run_work() -> None:
        guarded_work(seconds)
        ended.send()

    if start_thread(run_work):
        ended.wait(max(seconds, _SECONDS_TO_BEGIN))
    else:  # the interpreter starts no threads any more
        guarded_work(seconds)
