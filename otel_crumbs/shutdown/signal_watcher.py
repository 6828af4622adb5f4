"""
The thread that learns of a signal from CPython's handler in C, by the file descriptor of `signal.set_wakeup_fd`.

A handler in Python runs between two steps of the main thread, and waits for code
in C that does not return. This thread runs as soon as that code releases the
interpreter's lock.
"""

from __future__ import annotations

import _socket
import _thread
import os
import signal
import struct
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from types import BuiltinFunctionType
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.base.threads import has_no_threads

from .signal_actions import SignalActions

# Others may replace the function; the hook on it calls this one too.
_set_wakeup_fd = signal.set_wakeup_fd
_CREDENTIALS = struct.Struct("3i")
_MAX_READ = 256
# A signal is a byte with its number, which is below this. In the next ranges are those that are held from now on, those
# that are released, and those of which the main thread notifies.
_RANGE = 64
# How often the thread asks, while signals are held, whether they still have to be.
_SECONDS_OF_QUIET = 0.5


class SignalWatcher:
    """
    Calls a function in a thread of its own with each signal that CPython's handler in C gets.

    Others use the same file descriptor: asyncio's and other event loops where
    they handle signals. It is theirs then, and `notify` is the only way.

    Args:
        on_signal: Called with the number of the signal.
        on_quiet: Called where no signal came for a moment, while signals are held.
        actions: Calls a function in the main thread, which alone may set the file descriptor.

    """

    def __init__(self, on_signal: Callable[[int], None], on_quiet: Callable[[], None], actions: SignalActions) -> None:
        self._on_signal = on_signal
        self._on_quiet = on_quiet
        self._actions = actions
        # No socket of a library that patches the module, as gevent does: the handler in C writes into it.
        self._reader, self._writer = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self._writer.settimeout(0)
        self._reads_sender = hasattr(_socket, "SO_PASSCRED")
        if self._reads_sender:
            self._reader.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
        self._wanted = False
        self._listening = False
        self._patch: Patch | None = None
        self._undo_setter: Undo | None = None
        # How often each signal was held, as those know who hold it, and as this thread has read by now.
        self._holds: Counter[int] = Counter()
        self._seen: Counter[int] = Counter()
        self._released: dict[int, int] = {}
        self._open: set[int] = set()
        self.handled = threading.Event()
        _start_without_signals(threading.Thread(target=self._run, name="otel_crumbs signals", daemon=True))

    @classmethod
    def start(
        cls, on_signal: Callable[[int], None], on_quiet: Callable[[], None], actions: SignalActions
    ) -> SignalWatcher | None:
        """Return a watcher that runs, None where there can be none."""
        if not isinstance(_thread.start_new_thread, BuiltinFunctionType) or has_no_threads():
            return None  # greenlets in the place of threads would wait for the main thread
        try:
            return cls(on_signal, on_quiet, actions)
        except (OSError, RuntimeError):  # no file descriptor is left, or the interpreter starts no threads any more
            return None

    def start_listening(self) -> None:
        """Listen to the handler in C, as soon as the main thread can see to it."""
        if not (self._wanted and self._listening):
            self._wanted = True
            self._actions.call_in_main_thread(self._set_listening)

    def stop_listening(self) -> None:
        """Listen no more, as soon as the main thread can see to it."""
        self._wanted = False
        self._actions.call_in_main_thread(self._set_listening)

    def mark_held(self, signums: Collection[int]) -> None:
        """Have signals noticed that come from now on; the application may have handled those that came before."""
        self._holds.update(signums)
        self._send(_RANGE, (0, *signums))  # no signal has the number 0: it ends the wait where there are none to hold

    def mark_released(self, signums: Collection[int]) -> None:
        """Have those signals noticed that came up to now."""
        self._released.update((signum, self._holds[signum]) for signum in signums)
        self._send(2 * _RANGE, signums)

    def has_just_released(self, signum: int) -> bool:
        """Return whether the signal that is noticed came before it was released."""
        return self._released.get(signum) == self._holds[signum]

    def notify(self, signum: int) -> None:
        """Have the function called with a signal, and `handled` set afterwards if the process is still there."""
        self.handled.clear()
        self._send(3 * _RANGE, [signum])

    def _send(self, offset: int, signums: Iterable[int]) -> None:
        # Where it is full of signals the main thread will notice them.
        self._actions.send(self._writer.fileno(), bytes(offset + signum for signum in signums))

    def close(self) -> None:
        """End the thread, as soon as the handler in C does not write to it any more."""
        self._wanted = False
        self._actions.call_in_main_thread(self._stop)

    def abandon(self) -> None:
        """Close the copies of a forked child, in which the thread does not run."""
        self._wanted = False
        self._release_descriptor()
        if self._patch is not None:
            self._patch.active = False  # undoing it takes a lock that another thread of the parent may have had
        self._reader.close()
        self._writer.close()

    @guarded("signals were listened to")
    def _set_listening(self) -> None:
        if self._wanted and not self._listening:
            before = _set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            self._listening = before in {-1, self._writer.fileno()} or not _has_set_again(before)
            if self._listening:
                self._undo_setter = replace(signal, "set_wakeup_fd", self._make_setter)
        elif not self._wanted:
            self._release_descriptor()
            combine(self._undo_setter)()
            self._undo_setter = None

    def _make_setter(self, original: Callable[..., int], patch: Patch) -> Callable[..., int]:
        self._patch = patch

        def set_wakeup_fd(*args: Any, **options: Any) -> int:
            if patch.active and threading.current_thread() is threading.main_thread():
                self._release_descriptor()
            try:
                return original(*args, **options)
            except BaseException as error:
                remove_own_frame(error)
                raise

        return set_wakeup_fd

    def _release_descriptor(self) -> None:
        """Give the file descriptor of the process free; the main thread calls this."""
        if self._listening:
            self._listening = False
            before = _set_wakeup_fd(-1)
            if before != self._writer.fileno():
                _has_set_again(before)

    @guarded("signals were listened to no more")
    def _stop(self) -> None:
        self._set_listening()
        self._writer.shutdown(_socket.SHUT_WR)

    def _run(self) -> None:
        while received := self._receive():
            for code in received:
                self._examine(*divmod(code, _RANGE))
        self._reader.close()
        self._writer.close()

    def _examine(self, kind: int, signum: int) -> None:
        if kind == 1:
            self._seen[signum] += 1
            self._open.add(signum)
        elif kind == 2:  # noqa: PLR2004 - the ranges
            self._open.discard(signum)
        elif kind or (signum in self._open and self._seen[signum] == self._holds[signum]):
            self._on_signal(signum)
            self.handled.set()

    def _receive(self) -> bytes:
        """Return the next bytes that this process wrote, none at the end."""
        while True:
            self._reader.settimeout(_SECONDS_OF_QUIET if self._wanted else None)
            try:
                data, credentials, _, _ = self._reader.recvmsg(_MAX_READ, _socket.CMSG_SPACE(_CREDENTIALS.size))
            except TimeoutError:
                self._on_quiet()
                continue
            if not (data and self._reads_sender and credentials):
                return data
            # A child that was forked in C shares the socket, and its signals are its own.
            pid, _, _ = _CREDENTIALS.unpack(credentials[0][2][: _CREDENTIALS.size])
            if pid == os.getpid():
                return data


def _start_without_signals(thread: threading.Thread) -> None:
    """Start a thread that gets no signal of the process: they are for the threads of the application."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _has_set_again(descriptor: int) -> bool:
    """Set the file descriptor of others again, and return whether that was done; an event loop may have closed it."""
    try:
        _set_wakeup_fd(descriptor, warn_on_full_buffer=False)
    except (OSError, ValueError):
        return False
    return True
