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
from collections.abc import Callable
from contextlib import suppress
from types import BuiltinFunctionType

from .signal_actions import SignalActions

# Others may replace the function; the hook on it calls this one too.
_set_wakeup_fd = signal.set_wakeup_fd
_CREDENTIALS = struct.Struct("3i")
# One byte for each signal.
_MAX_READ = 256


class SignalWatcher:
    """
    Calls a function in a thread of its own with each signal that CPython's handler in C gets.

    Others use the same file descriptor: asyncio's and other event loops where
    they handle signals. It is theirs then, and `notify` is the only way.

    Args:
        on_signal: Called with the number of the signal.
        actions: Calls a function in the main thread, which alone may set the file descriptor.

    """

    def __init__(self, on_signal: Callable[[int], None], actions: SignalActions) -> None:
        self._on_signal = on_signal
        self._actions = actions
        # No socket of a library that patches the module, as gevent does: the handler in C writes into it.
        self._reader, self._writer = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        self._writer.settimeout(0)
        self._reads_sender = hasattr(_socket, "SO_PASSCRED")
        if self._reads_sender:
            self._reader.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
        self._wanted = False
        self._listening = False
        self.handled = threading.Event()
        threading.Thread(target=self._run, name="otel_crumbs signals", daemon=True).start()

    @classmethod
    def start(cls, on_signal: Callable[[int], None], actions: SignalActions) -> SignalWatcher | None:
        """Return a watcher that runs, None where there can be none."""
        if not isinstance(_thread.start_new_thread, BuiltinFunctionType):
            return None  # greenlets in the place of threads would wait for the main thread
        try:
            return cls(on_signal, actions)
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

    def release_descriptor(self) -> None:
        """Give the file descriptor of the process free; the main thread calls this when somebody sets another one."""
        if self._listening:
            self._listening = False
            before = _set_wakeup_fd(-1)
            if before != self._writer.fileno():
                _set_wakeup_fd(before, warn_on_full_buffer=False)

    def notify(self, signum: int) -> None:
        """Have the function called with a signal, and `handled` set afterwards if the process is still there."""
        self.handled.clear()
        with suppress(OSError):  # it is full of signals
            self._writer.send(bytes([signum]))

    def close(self) -> None:
        """End the thread, as soon as the handler in C does not write to it any more."""
        self._wanted = False
        self._actions.call_in_main_thread(self._stop)

    def abandon(self) -> None:
        """Close the copies of a forked child, in which the thread does not run."""
        self.release_descriptor()
        self._reader.close()
        self._writer.close()

    def _set_listening(self) -> None:
        if self._wanted and not self._listening:
            before = _set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            self._listening = before in {-1, self._writer.fileno()}
            if not self._listening:
                _set_wakeup_fd(before, warn_on_full_buffer=False)
        elif not self._wanted:
            self.release_descriptor()

    def _stop(self) -> None:
        self.release_descriptor()
        self.notify(0)

    def _run(self) -> None:
        # The signals of the process are for the threads of the application.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while (received := self._receive()) != 0:
            if received is not None:
                self._on_signal(received)
                self.handled.set()
        self._reader.close()
        self._writer.close()

    def _receive(self) -> int | None:
        """Return the next signal, 0 at the end, None for a signal of a child that shares the socket."""
        data, credentials, _, _ = self._reader.recvmsg(_MAX_READ, _socket.CMSG_SPACE(_CREDENTIALS.size))
        if self._reads_sender and credentials:
            pid, _, _ = _CREDENTIALS.unpack(credentials[0][2][: _CREDENTIALS.size])
            if pid != os.getpid():
                return None
        return data[0]
