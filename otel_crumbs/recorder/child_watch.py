"""
The children of this process that die: their parent knows what of, by their wait status.

`os.waitpid` is where the parents that matter hear of it: gunicorn's master, Celery's and
Python's pools of processes, uvicorn's supervisor. A thread reads the recording then.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.fork import register_at_fork
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.base.threads import LazyThread, WakeUp

from .look import Look
from .recovery import Recovery

# Children that died and are not reported yet, and those whose end has another event already.
_MAX_WAITING = 1000
# What earlier processes left is reported for so long at a time, with a pause after it, in seconds.
_SLICE, _PAUSE = 0.05, 1.0


class ChildWatch:
    """
    Reports children that die.

    Args:
        recovery: Makes events of their recordings.

    """

    def __init__(self, recovery: Recovery) -> None:
        self._recovery = recovery
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Have no children, as a forked child has."""
        self._dead: deque[tuple[int, int]] = deque(maxlen=_MAX_WAITING)
        self._timed_out: deque[int] = deque(maxlen=_MAX_WAITING)
        self._explained: deque[int] = deque(maxlen=_MAX_WAITING)
        # Those that left a recording, and of these the ones that are no event all the same.
        self._recorded: deque[int] = deque(maxlen=_MAX_WAITING)
        self._unreported: deque[int] = deque(maxlen=_MAX_WAITING)
        self._look: Look | None = None
        self._ends = False
        self._wake_up = WakeUp()
        self._thread = LazyThread(self._run)

    def install(self) -> Undo:
        """Watch from now on, and look for what earlier processes left; return the function that undoes it."""
        self._look = Look(self._recovery)
        self._thread.ensure_started()
        return combine(
            self._forget,
            replace(os, "waitpid", self._make_waitpid),
            on_import(
                "gunicorn.arbiter", lambda module: replace(module.Arbiter, "kill_worker", self._make_kill_worker)
            ),
        )

    def _forget(self) -> None:
        self._dead.clear()
        self._look = None
        self._wake_up.send()

    def explain(self, pid: int) -> None:
        """Make no event of the end of a child, for there is one already."""
        self._explained.append(pid)

    def is_reported(self, pid: int) -> bool:
        """Return whether the death of a child is an event of its own, or is about to be one."""
        return pid in self._recorded and pid not in self._unreported

    def wait(self, deadline: float) -> None:
        """
        Wait until those that died are reported, or until a time of `time.monotonic`.

        The first death that earlier processes left is reported, too; the rest is for the next process.
        """
        self._ends = True
        self._wake_up.send()
        while (self._dead or self._look is not None or self._thread.alive) and time.monotonic() < deadline:
            self._thread.ensure_started()
            if not self._thread.alive:
                return  # there can be none any more
            time.sleep(0.02)

    def _make_waitpid(self, original: Callable[..., tuple[int, int]], patch: Patch) -> Any:
        def waitpid(*args: Any) -> tuple[int, int]:
            try:
                found = original(*args)
            except BaseException as error:
                remove_own_frame(error)
                raise
            if found[0] and patch.active:
                self._note(*found)
            return found

        return waitpid

    @guarded("the end of a child was noticed")
    def _note(self, pid: int, status: int) -> None:
        # A child that ends well has no recording any more.
        if os.WIFSIGNALED(status) or os.WEXITSTATUS(status):
            if self._recovery.find_name(pid) is not None:
                self._recorded.append(pid)
            self._dead.append((pid, status))
            self._wake_up.send()
            self._thread.ensure_started()

    def _make_kill_worker(self, original: Callable[..., None], patch: Patch) -> Any:
        def kill_worker(self_: Any, pid: int, sig: int) -> None:
            if patch.active and sig == signal.SIGABRT:
                self._timed_out.append(pid)
            original(self_, pid, sig)

        return kill_worker

    @guarded("processes that died were reported")
    def _run(self) -> None:
        self._report_children()
        if (look := self._look) is not None and look.should_wait():
            self._pause()
        # The application begins as well: one death is enough for now.
        seconds = 0.0
        while (look := self._look) is not None:
            if look.continue_for(seconds):
                self._pause()
                seconds = _SLICE
            else:
                self._look = None
        self._report_children()

    def _pause(self) -> None:
        """Let the application go on for a while; look no more if it ends."""
        if not self._ends:
            self._wake_up.wait(_PAUSE)
        self._report_children()
        if self._ends:
            self._look = None

    def _report_children(self) -> None:
        while self._dead:
            pid, status = self._dead.popleft()
            name = self._recovery.find_name(pid)
            if name is not None and pid in self._explained:
                self._recovery.drop(name)
            elif name is not None and not self._recovery.report(name, status, timed_out=pid in self._timed_out):
                self._unreported.append(pid)
