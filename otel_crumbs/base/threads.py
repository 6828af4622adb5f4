"""
Threads of this package, which no patch of gevent or eventlet reaches.

Those make greenlets of threads and of waits, before or after this package is
imported. The threads of this package are the system's own all the same, and wait
for nothing but their own wake-up. The application's thread, which may run many
greenlets, never waits for one of these, unless somebody flushes: then by
``time.sleep``, which lets other greenlets run.

Nothing here takes a lock. Whoever starts or wakes a thread may be a finaliser or
a signal handler, and have interrupted code that holds any lock of `threading`.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from types import BuiltinFunctionType
from typing import Any

from .fork import register_at_fork
from .interpreters import is_in_apache

_own_thread: ContextVar[bool] = ContextVar("otel_crumbs_own_thread", default=False)

_conditions: list[Callable[[], object]] = []

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
_NATIVE_PAUSE = 0.002
_HAS_MASKS = hasattr(signal, "pthread_sigmask")
# A thread gets those that its own instructions cause.
_SIGNALS_OF_FAULTS = {
    getattr(signal, name)
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP")
    if hasattr(signal, name)
}
# A thread that was started runs within that time, or else another one is started.
_SECONDS_TO_START = 1.0


def _find_native(name: str) -> Any:
    """Return a function of `_thread` as Python has it, whoever replaced it before this package was imported."""
    function = getattr(_thread, name)
    if isinstance(function, BuiltinFunctionType):
        return function
    if "gevent.monkey" in sys.modules:
        return sys.modules["gevent.monkey"].get_original("_thread", name)
    if "eventlet.patcher" in sys.modules:
        return getattr(sys.modules["eventlet.patcher"].original("_thread"), name)
    return function


_start_new_thread: Callable[[Callable[..., object], tuple[Any, ...]], int] = _find_native("start_new_thread")
allocate_native_lock: Callable[[], _thread.LockType] = _find_native("allocate_lock")


class ThreadFlag:
    """
    A flag that is set for the length of a block in one thread, or in one greenlet where these stand in for threads.

    No ContextVar: CPython crashes where the collector runs a finaliser in the middle of its `set`, and the finaliser
    sets one as well.
    """

    __slots__ = ("__weakref__", "_idents")

    def __init__(self) -> None:
        self._idents: set[int] = set()
        register_at_fork(self)

    @property
    def is_set(self) -> bool:
        """Whether the thread that runs here is in such a block."""
        return threading.get_ident() in self._idents

    @contextmanager
    def set(self) -> Iterator[None]:
        """Set it inside the block."""
        ident = threading.get_ident()
        was_set = ident in self._idents
        self._idents.add(ident)
        try:
            yield
        finally:
            if not was_set:
                self._idents.discard(ident)

    def reset_after_fork(self) -> None:
        """Forget the threads that the child does not have."""
        self._idents &= {threading.get_ident()}


_own_work = ThreadFlag()


def start_thread(work: Callable[[], object], name: str | None = None) -> bool:
    """
    Start a thread of the system, and return whether it will run; wait for nothing.

    Args:
        work: Must not raise.
        name: The name in `threading.enumerate`, None where the thread need not be listed there.

    """
    # Python 3.10 and 3.11 start threads to the end, which then never run.
    if sys.is_finalizing() or has_no_threads():
        return False
    try:
        with _mask_signals() if _HAS_MASKS and is_in_apache() else nullcontext():
            _start_new_thread(_run, (work, name))
    except RuntimeError:  # Python 3.12 starts none when the interpreter goes down, and a system may have no more
        return False
    return True


@contextmanager
def _mask_signals() -> Iterator[None]:
    """
    Block signals, so that a thread that starts in here gets none.

    Apache ends a process in its handler, in whichever thread that is called, while the main thread goes on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - _SIGNALS_OF_FAULTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forbid_threads(is_forbidden: Callable[[], object]) -> Callable[[], None]:
    """
    Start no threads while something is true.

    Args:
        is_forbidden: Asked before each start; must not raise.

    Returns:
        The function that undoes it.

    """
    _conditions.append(is_forbidden)

    def undo() -> None:
        _conditions.remove(is_forbidden)

    return undo


def has_no_threads() -> bool:
    """Return whether no thread may be started in this process."""
    return any(is_forbidden() for is_forbidden in tuple(_conditions))


def is_own_thread() -> bool:
    """Return whether a thread of this package runs here."""
    return _own_thread.get()


def is_own_work() -> bool:
    """Return whether events are built, saved or sent here, in whichever thread: hooks and exporters run inside that."""
    return _own_work.is_set


def mark_own_work() -> AbstractContextManager[None]:
    """Mark the code inside as work on events."""
    return _own_work.set()


class WakeUp:
    """A wait of one thread of this package, and its end, for which nobody waits."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_native_lock()
        self._lock.acquire()

    def send(self) -> None:
        """End the wait, or the next one if there is none."""
        # It was sent already where nobody holds the lock.
        with suppress(RuntimeError):
            self._lock.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for so many seconds at the most, None for ever; return whether the end was sent."""
        return self._lock.acquire(timeout=-1 if seconds is None else min(seconds, threading.TIMEOUT_MAX))


class LazyThread:
    """
    A thread of this package that starts when it is needed; of several that start at once one goes on.

    Args:
        work: Must not raise.
        name: The name in `threading.enumerate`, None where the thread need not be listed there.

    """

    __slots__ = ("_believed_until", "_name", "_running", "_work")

    def __init__(self, work: Callable[[], object], name: str | None = None) -> None:
        self._work = work
        self._name = name
        # The thread holds it as long as it runs. Nobody waits for it.
        self._running = allocate_native_lock()
        self._believed_until = 0.0

    @property
    def alive(self) -> bool:
        """Whether the thread runs, or is about to."""
        # Where the interpreter goes down it has stopped, whatever it was doing.
        return (self._running.locked() or time.monotonic() < self._believed_until) and not sys.is_finalizing()

    def ensure_started(self) -> None:
        """Start the thread unless it runs; wait for nothing."""
        if not self.alive:
            self._believed_until = time.monotonic() + _SECONDS_TO_START
            if not start_thread(self._run_alone, self._name):
                self._believed_until = 0.0

    def _run_alone(self) -> None:
        if not self._running.acquire(blocking=False):
            return
        try:
            self._work()
        finally:
            self._believed_until = 0.0
            self._running.release()


def wait_until(is_true: Callable[[], object], deadline: float) -> bool:
    """Wait until something is true, or until a time of `time.monotonic`; return whether it is true."""
    pause = _FIRST_PAUSE
    while not is_true():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        _pause(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE)
    return True


def wait_natively(is_true: Callable[[], object], seconds: float) -> bool:
    """
    Wait until something is true, so many seconds at the most, and return whether it is.

    The system's thread waits with all its greenlets: whoever captures an error must not switch to another one.
    """
    deadline = time.monotonic() + seconds
    wake_up = WakeUp()
    while not is_true():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        wake_up.wait(min(_NATIVE_PAUSE, left))
    return True


def _pause(seconds: float) -> None:
    if not is_own_thread():
        try:
            time.sleep(seconds)
        except AssertionError:  # gevent's, in a signal handler: its hub runs that, and must not switch greenlets
            pass
        else:
            return
    WakeUp().wait(seconds)


def _run(work: Callable[[], object], name: str | None) -> None:
    _own_thread.set(True)
    try:
        if name is not None:
            # Threads that others than `threading` start are listed there once they ask for themselves.
            threading.current_thread().name = name
        work()
    finally:
        _forget_thread()


def _forget_thread() -> None:
    """Take the thread, which ends, off the list of `threading`: not every Python does that by itself."""
    with suppress(Exception):
        if threading._active.get(threading.get_ident()) is not None:  # type: ignore[attr-defined]  # noqa: SLF001
            threading.current_thread()._delete()  # type: ignore[attr-defined]  # noqa: SLF001 - for all threads alike
