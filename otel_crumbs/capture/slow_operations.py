"""
Operations that take longer than they may: an event while they still hang.

A thread of the package looks at the operations that are open. Code in C that does
not release the interpreter's lock keeps every Python thread from running, this one
too; `faulthandler`, whose watchdog is a thread in C, writes the stacks into a file
then, and the event has them as soon as Python code can run again.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import ref

from otel_crumbs.base.fork import watch_forks
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.mechanisms import HANG
from otel_crumbs.base.patching import Undo, combine
from otel_crumbs.base.threads import LazyThread, WakeUp, allocate_native_lock, has_no_threads
from otel_crumbs.trails import Branch, current, mark_exception, on_opened

from .reporter import Reporter
from .thread_stacks import describe_threads, make_traceback_of_branch, select_threads

# How often the open operations are looked at.
_SECONDS_BETWEEN_LOOKS = 1.0
# When the Python thread comes this much too late, another one holds the interpreter's lock.
_SECONDS_LATE = 0.5
_MAX_STACKS = 64 * 1024
# Operations that are watched at a time; an application has fewer open.
_MAX_WATCHED = 10_000
_NEVER = float("inf")
_LATE = "When it was due no Python code could run. These are the stacks of that moment, innermost frame first:"


class SlowOperation(Exception):  # noqa: N818 - the name that the event has
    """An operation takes longer than it may; it is never raised."""

    # Events name the class without a module, as they do the ways in which a process ends.
    __module__ = "builtins"


class _Watched(NamedTuple):
    """An operation that is watched."""

    deadline: float
    seconds: float
    branch: ref[Branch]
    # Whether its own block says how long it may take: nothing else counts for it then.
    by_block: bool


class StackDump:
    """The stacks that a thread in C writes into a file if no Python thread can run at a certain time."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._lock = allocate_native_lock()
        self._armed = False
        # A child that was forked in C has no such thread, and would wait for its end for ever.
        self._usable = True

    def prepare(self) -> None:
        """Make the file, in a thread of the application: one of the package's own imports nothing."""
        if self._file is None:
            self._file = _open_file()

    def plan(self, seconds: float) -> None:
        """Have the stacks written in so many seconds, unless this is called again before."""
        import faulthandler  # noqa: PLC0415 - only where an operation is watched

        if self._usable and self._file is not None and self._lock.acquire(blocking=False):
            try:
                faulthandler.dump_traceback_later(max(seconds, 0.01), file=self._file)
                self._armed = True
            finally:
                self._lock.release()

    def read(self) -> str:
        """Return the stacks that were written, and forget them."""
        file = self._file
        if file is None:
            return ""
        text = os.pread(file, _MAX_STACKS, 0).decode("utf-8", "replace")
        if text:
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
        return text

    def stop(self) -> None:
        """Have none written."""
        with self._lock:
            self._stop_thread()

    def close(self) -> None:
        """Have none written, and close the file."""
        with self._lock:
            self._stop_thread()
            file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _stop_thread(self) -> None:
        if self._armed:
            import faulthandler  # noqa: PLC0415 - only where an operation is watched

            faulthandler.cancel_dump_traceback_later()
            self._armed = False

    def begin_fork(self) -> None:
        """Let the child have no such thread, and start none until it is forked."""
        if self._lock.acquire(timeout=_SECONDS_BETWEEN_LOOKS):
            self._stop_thread()

    def finish_fork(self) -> None:
        """Go on in the parent."""
        with suppress(RuntimeError):
            self._lock.release()

    def reset_after_fork(self) -> None:
        """Begin with nothing in a child."""
        self._lock = allocate_native_lock()
        file, self._file = self._file, None
        if file is not None:
            # The parent goes on writing into it.
            os.close(file)
        self._usable, self._armed = self._usable and not self._armed, False


class SlowOperations:
    """
    Watches operations, and reports each that is open for too long, once.

    Args:
        reporter: Gets those that hang.
        slow_after: After how many seconds an operation hangs that does not say so itself, 0 for never.

    """

    def __init__(self, reporter: Reporter, slow_after: float = 0.0) -> None:
        self._reporter = reporter
        self._slow_after = slow_after
        self._active = False
        self._dump = StackDump()
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Watch nothing, as a forked child must."""
        self._new: deque[_Watched] = deque(maxlen=_MAX_WATCHED)
        self._wakes_at = 0.0
        self._wake_up = WakeUp()
        self._thread = LazyThread(self._run, "otel_crumbs watchdog")
        self._dump.reset_after_fork()

    def begin_fork(self) -> None:
        """Prepare for a fork."""
        self._dump.begin_fork()

    def finish_fork(self) -> None:
        """Go on in the parent."""
        self._dump.finish_fork()

    def install(self) -> Undo:
        """Watch operations from now on; return the function that undoes it."""
        self._active = True
        watch_forks(self)
        on_opened.append(self.watch)
        undo_begin = self._watch_every_operation() if self._slow_after else None
        return combine(self._stop, lambda: on_opened.remove(self.watch), undo_begin)

    def _watch_every_operation(self) -> Undo:
        def begin(*args: Any) -> Branch:
            branch = original(*args)
            self._add(branch, self._slow_after, by_block=False)
            return branch

        original: Callable[..., Branch] = current.begin
        vars(current)["begin"] = begin
        return lambda: vars(current).pop("begin", None) and None

    def watch(self, branch: Branch, seconds: float) -> None:
        """Watch an operation whose block says how long it may take, 0 for any time."""
        self._add(branch, seconds, by_block=True)

    @guarded("an operation was watched")
    def _add(self, branch: Branch, seconds: float, *, by_block: bool) -> None:
        self._dump.prepare()
        deadline = time.monotonic() + seconds if seconds else _NEVER
        self._new.append(_Watched(deadline, seconds, branch.me, by_block))
        self._thread.ensure_started()
        if deadline < self._wakes_at:
            self._wake_up.send()

    def _stop(self) -> None:
        self._active = False
        self._wake_up.send()
        self._dump.close()

    @guarded("operations were watched")
    def _run(self) -> None:
        watched: list[_Watched] = []
        while self._active and not has_no_threads():
            # Whoever adds one from here on ends the wait.
            self._wakes_at = _NEVER
            while self._new:
                watched.append(self._new.popleft())
            now = time.monotonic()
            watched = _select_open(watched)
            due = [each for each in watched if each.deadline <= now]
            watched = [each for each in watched if each.deadline > now]
            if due:
                self._dump.stop()
            stacks = self._dump.read() if due else ""
            for each in due:
                self._report(each, stacks)
            self._wait(min((each.deadline for each in watched), default=_NEVER))

    def _wait(self, deadline: float) -> None:
        now = time.monotonic()
        if deadline == _NEVER:
            self._dump.stop()
        else:
            self._dump.plan(deadline - now + _SECONDS_LATE)
        self._wakes_at = min(deadline, now + _SECONDS_BETWEEN_LOOKS)
        if not self._new:
            self._wake_up.wait(max(self._wakes_at - now, 0.0))

    @guarded("an operation that hangs was reported")
    def _report(self, watched: _Watched, stacks: str) -> None:
        branch = watched.branch()
        if branch is None or branch.operation is None:
            return
        spans = [*branch.iterate_open_spans()]
        name = branch.operation.name or (spans[0].name if spans else "the operation")
        error = SlowOperation(f"{name} has not ended after {watched.seconds:g} s")
        error.__traceback__ = make_traceback_of_branch(branch)
        notes = describe_threads(branch.thread)
        if stacks:
            notes = [_LATE, *select_threads(stacks), *notes]
        error.__notes__ = notes  # type: ignore[attr-defined]  # PEP 678, on Python 3.10 too
        mark_exception(error, branch, spans[-1].context if spans else branch.root_context)
        self._reporter.report(error, mechanism=HANG, handled=False, branch=branch)


def _open_file() -> int:
    """Return the descriptor of a file that has no name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("otel-crumbs")
    import tempfile  # noqa: PLC0415 - not needed on Linux

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _select_open(watched: list[_Watched]) -> list[_Watched]:
    """Return the operations that are open; those that are watched by their block are not watched otherwise."""
    by_block = {each.branch for each in watched if each.by_block}
    return [
        each
        for each in watched
        if (each.by_block or each.branch not in by_block)
        and (branch := each.branch()) is not None
        and branch.operation is not None
        and not branch.operation.ended
    ]
