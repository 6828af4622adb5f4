"""
The hook on signals that nobody handles: the process dies of them once its captured errors are saved.

The signals are *held* while a captured error is neither acknowledged nor on
disk, and up to half a second longer, for errors come in groups. At all other
times, and in every process that captures no error, the system ends the process
itself. Python's table of handlers is never changed:
`signal.getsignal` finds the default action, also while the signals are held,
and so does whoever chains the handler that was there. The system calls
CPython's handler in C meanwhile. Python finds no handler for the signal in its
table and reports it by `sys.unraisablehook`, in the main thread.

An application that handles a signal ends in its own way, and that way is hooked too.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.fork import watch_forks
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.base.threads import allocate_native_lock

from .signal_actions import DEFAULT_ACTION, SignalActions, find_actions, has_signals, is_unhandled
from .signal_watcher import SignalWatcher

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# The signals with which people and systems end a process. Those of a failing instruction and SIGPIPE are not among
# them: the code that caused one cannot go on while errors are saved.
_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGVTALRM", "SIGPROF")
SIGNALS = frozenset(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
# CPython's words for a signal that has no handler in the table by the time the main thread looks.
_REPORTED = re.compile(r"Signal (\d+) ignored due to race condition")
# A signal may have come just before it was released, and be noticed after that.
_SECONDS_TO_NOTICE = 1.0
# The code of this package that a signal interrupted may hold a lock, and goes on after this.
_SECONDS_TO_INTERRUPT = 0.1
_PACKAGE = __name__.partition(".")[0]


class FatalSignals:
    """
    Holds the signals that would end the process while a captured error is not safe.

    Args:
        end: Saves events, and delivers as many as can be, before the process dies.
        is_unsafe: Returns whether a captured error is neither acknowledged nor on disk.
        seconds: The longest time that `end` takes; with 0 no signal is held.

    """

    def __init__(self, *, end: Callable[[], object], is_unsafe: Callable[[], bool], seconds: float) -> None:
        self._end = guarded("the process ended")(end)
        self._is_unsafe = is_unsafe
        self._seconds = seconds
        self._active = False
        self._actions: SignalActions | None = None
        self._watcher: SignalWatcher | None = None
        self._ever_held: set[int] = set()
        self._patch: Patch | None = None
        self._undo_setter: Undo | None = None
        self._undo_faulthandler: Undo | None = None
        self._blocked: dict[int, set[signal.Signals]] = {}
        self._held = False
        self._start_free()

    def _start_free(self) -> None:
        self._pid = os.getpid()
        self._released = float("-inf")
        # The threads that fork at this moment, and the signals that each of them blocks for that.
        self._blocked.clear()
        self._updating = allocate_native_lock()
        self._outdated = False

    def install(self) -> Undo | None:
        """Hold signals from now on when it is needed; return the function that undoes this, None on Windows."""
        if not hasattr(signal, "pthread_kill") or self._seconds <= 0:
            return None
        self._active = True
        if not callable(signal.getsignal(signal.SIGINT)):
            # The handler in C is found by a signal that Python handles, else in the main thread alone.
            self.find_actions()
        watch_forks(self)
        return combine(replace(sys, "unraisablehook", self._make_unraisablehook), self.stop)

    def stop(self) -> None:
        """Let the system end the process from now on, for good."""
        self._active = False
        self.release()
        # Another thread may see to it.
        if self._updating.acquire(timeout=_SECONDS_TO_NOTICE):
            self._updating.release()

    def find_actions(self) -> None:
        """
        Import what holding a signal takes.

        A thread of the application does it: a child that is forked while a
        worker imports a module would wait for that module for ever.
        """
        if self._active and self._actions is None:
            self._actions = find_actions()
            # It remembers the action that it finds, and calls that one later. The module is built in.
            import faulthandler  # noqa: PLC0415 - only where a signal may be held

            self._undo_faulthandler = replace(faulthandler, "register", self._make_register)

    def hold_or_release(self) -> None:
        """Hold the signals if an error is not safe, else release them soon; any thread may call it, at any time."""
        # The watcher comes back every moment while they are held.
        self._settle(at_once=self._watcher is None)

    def release(self) -> None:
        """Release the signals now, unless an error is not safe; any thread may call it, at any time."""
        self._settle(at_once=True)

    @guarded("signals were held or released")
    def _settle(self, *, at_once: bool) -> None:
        self._outdated = True
        # Whoever comes while another thread, or the code that a signal interrupted, is here leaves it to that one.
        while self._outdated and self._updating.acquire(blocking=False):
            try:
                self._outdated = False
                if self._active and self._is_unsafe():
                    self._hold()
                elif at_once or not self._active:
                    self._release()
                if not self._active:
                    self._close()
            finally:
                self._updating.release()

    def _close(self) -> None:
        combine(self._undo_faulthandler)()
        self._actions = self._undo_faulthandler = None
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def _hold(self) -> None:
        actions = self._actions
        # The actions may have been found before the process was known for one of Apache's.
        if actions is None or self._held or not has_signals():
            return
        self._held = True
        if self._blocked:
            self._held = False  # the thread that forks now updates afterwards
            return
        self._undo_setter = self._undo_setter or replace(signal, "signal", self._make_setter)
        self._watcher = self._watcher or SignalWatcher.start(self._on_signal, self.release, actions)
        if self._watcher is not None:
            self._watcher.start_listening()
        self._hold_free(actions)

    def _hold_free(self, actions: SignalActions) -> None:
        free = {each for each in SIGNALS if actions.get(each) == DEFAULT_ACTION and is_unhandled(each)}
        for signum in free:
            actions.set(signum, actions.python_handler)
        self._ever_held |= free
        if self._watcher is not None:
            self._watcher.mark_held(free)

    def _release(self) -> None:
        actions = self._actions
        if not self._held or actions is None:
            return
        held = {each for each in SIGNALS if self._is_held(each)}
        for signum in held:
            actions.set(signum, DEFAULT_ACTION)
            if not is_unhandled(signum):  # the main thread set a handler just now
                actions.set(signum, actions.python_handler)
        self._held = False
        self._released = time.monotonic()
        if self._watcher is not None:
            self._watcher.mark_released(held)
            self._watcher.stop_listening()
        combine(self._undo_setter)()
        self._undo_setter = None

    def _is_held(self, signum: int) -> bool:
        """Return whether the system calls CPython's handler though there is none in Python."""
        actions = self._actions
        return actions is not None and actions.get(signum) == actions.python_handler and is_unhandled(signum)

    def begin_fork(self) -> None:
        """Block the signals if they are held, so that the child gets none before it can die of it."""
        blocked = self._blocked[threading.get_ident()] = set()
        if self._held:
            blocked |= SIGNALS - signal.pthread_sigmask(signal.SIG_BLOCK, ())
            signal.pthread_sigmask(signal.SIG_BLOCK, blocked)

    def finish_fork(self) -> None:
        """Restore what was blocked before, and hold the signals for errors that were captured meanwhile."""
        self._release_blocked()
        if self._active:
            self.hold_or_release()

    def reset_after_fork(self) -> None:
        """Let the child die of the signals: the errors of its parent are not its own."""
        watcher, self._watcher = self._watcher, None
        if self._actions is not None:
            self._actions.reset_after_fork()
        if self._patch is not None:
            self._patch.active = False  # undoing it takes a lock that another thread of the parent may have had
        self._patch = self._undo_setter = None
        try:
            self._release()
        finally:
            self._release_blocked()
            self._start_free()
            if watcher is not None:
                watcher.abandon()

    def _release_blocked(self) -> None:
        blocked = self._blocked.pop(threading.get_ident(), None)
        if blocked:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)

    def _make_unraisablehook(self, previous: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def unraisablehook(args: UnraisableHookArgs) -> None:
            if patch.active and self._on_report(args.exc_value):
                return
            try:
                previous(args)
            except BaseException as error:
                remove_own_frame(error)
                raise

        return unraisablehook

    def _make_setter(self, original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        self._patch = patch

        def set_handler(signalnum: int, handler: Any) -> Any:
            try:
                before = original(signalnum, handler)
            except BaseException as error:
                remove_own_frame(error)
                raise
            if patch.active:
                self._fix_action(signalnum)
            return before

        return set_handler

    def _make_register(self, original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def register(*args: Any, **options: Any) -> None:
            if patch.active:
                self._release()
            try:
                original(*args, **options)
            except BaseException as error:
                remove_own_frame(error)
                raise
            finally:
                if patch.active:
                    self.hold_or_release()

        return register

    @guarded("a handler of a signal was set")
    def _fix_action(self, signum: int) -> None:
        """Hold a signal that nobody handles any more, and undo what another thread did while its handler was set."""
        actions = self._actions
        if actions is None or actions.get(signum) != DEFAULT_ACTION:
            return
        if not is_unhandled(signum):
            actions.set(signum, actions.python_handler)
        elif self._held:
            self._hold_free(actions)

    def _on_report(self, error: BaseException | None) -> bool:
        """Do what a signal asks for that Python reports, in the main thread; return whether it is one of those held."""
        reported = _REPORTED.fullmatch(str(error)) if type(error) is OSError else None
        signum = int(reported[1]) if reported is not None else 0
        if signum not in self._ever_held:
            return False
        actions = self._actions
        # Where a handler in C was set meanwhile, it called the one that it had found.
        if (
            actions is None
            or not is_unhandled(signum)
            or (actions.get(signum) == DEFAULT_ACTION and time.monotonic() - self._released > _SECONDS_TO_NOTICE)
        ):
            return False
        if self._pid != os.getpid():
            self._exit_by(signum)  # a child that was forked in C; the errors are its parent's
        elif self._watcher is None:
            self._end_process(signum)
        else:
            self._watcher.notify(signum)
            interrupted = sys._getframe(2)  # noqa: SLF001 - the only way to the frame
            seconds = _SECONDS_TO_INTERRUPT if _is_own(interrupted) else self._seconds + _SECONDS_TO_NOTICE
            self._watcher.handled.wait(seconds)
        return True

    def _on_signal(self, signum: int) -> None:
        """End the process, in the thread of the watcher, if it was this hook that kept the system from it."""
        watcher = self._watcher
        if self._is_held(signum) or (
            is_unhandled(signum) and watcher is not None and watcher.has_just_released(signum)
        ):
            self._end_process(signum)

    def _end_process(self, signum: int) -> None:
        """Save the errors, and die of the signal."""
        self._end()
        self._exit_by(signum)
        if self._held and self._actions is not None:
            self._hold_free(self._actions)
        self.hold_or_release()

    def _exit_by(self, signum: int) -> None:
        """Let the system do what it does at the signal by default; return if the process survives it."""
        actions = self._actions
        if actions is None:
            return
        actions.set(signum, DEFAULT_ACTION)
        blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signum})
        signal.pthread_kill(threading.get_ident(), signum)
        # Still here: the first process of a container does not die of it.
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _is_own(frame: FrameType | None) -> bool:
    """Return whether code of this package was interrupted, or some that it called."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE:
            return True
        frame = frame.f_back
    return False
