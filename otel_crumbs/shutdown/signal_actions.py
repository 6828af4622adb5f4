"""
The actions of the system at signals, which any thread may read and change by functions of CPython.

`signal.signal` changes two things, and works in the main thread alone: Python's
table of handlers, which `signal.getsignal` shows, and the action of the system,
which is to end the process or to call CPython's one handler in C.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed knows `signal` alone
import _socket
import signal
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from otel_crumbs.base.interpreters import is_in_apache, is_main_interpreter
from otel_crumbs.base.threads import allocate_native_lock

DEFAULT_ACTION = 0
# By default nothing happens at this one, so that a handler for a moment does no harm.
_HARMLESS = getattr(signal, "SIGURG", None)


_actions: SignalActions | None = None


class SignalActions:
    """
    The actions at signals, and the call of a function in the main thread.

    Raises:
        ImportError: This Python has no ctypes.
        AttributeError: This Python is not CPython.
        LookupError: The address of the handler in C cannot be found.

    """

    def __init__(self) -> None:
        # It takes milliseconds to import, and most processes capture no error.
        import ctypes  # noqa: PLC0415 - only where something is captured

        self._get_action = _define(ctypes.pythonapi.PyOS_getsig, ctypes.c_void_p, ctypes.c_int)
        self._set_action = _define(ctypes.pythonapi.PyOS_setsig, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        sizes = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int
        self._send = _define(ctypes.PyDLL(None).send, ctypes.c_ssize_t, ctypes.c_int, *sizes)
        self._add_pending_call = ctypes.pythonapi.Py_AddPendingCall
        # The interpreter keeps the address of the callback alone.
        self._callback = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._call_waiting)
        self._waiting: deque[Callable[[], None]] = deque()
        self._scheduled = allocate_native_lock()
        self.python_handler = self._find_python_handler(ctypes)

    def get(self, signum: int) -> int:
        """Return the action: `DEFAULT_ACTION`, 1 where the signal is ignored, or the address of a handler in C."""
        return self._get_action(signum) or DEFAULT_ACTION

    def set(self, signum: int, action: int) -> None:
        """Set the action; Python's table of handlers stays as it is."""
        self._set_action(signum, action)

    def send(self, descriptor: int, data: bytes) -> None:
        """
        Send to a socket without waiting, and without letting another thread run: it may be full, or closed.

        The threads that read would otherwise run at once, and the caller would wait for them.
        """
        self._send(descriptor, data, len(data), _socket.MSG_DONTWAIT | getattr(_socket, "MSG_NOSIGNAL", 0))

    def call_in_main_thread(self, function: Callable[[], None]) -> None:
        """Call a function as soon as the main thread is between two steps of Python; it must not raise."""
        if threading.current_thread() is threading.main_thread():
            function()
            return
        self._waiting.append(function)
        # One call at a time: where a second one waits, a traced function that the first one calls never begins (3.11).
        if self._scheduled.acquire(blocking=False):
            self._add_pending_call(self._callback, None)

    def reset_after_fork(self) -> None:
        """Forget the calls of the parent's threads, which a child's main thread will not make."""
        self._waiting.clear()
        self._scheduled = allocate_native_lock()

    def _call_waiting(self, _: object) -> int:
        while True:
            while self._waiting:
                self._waiting.popleft()()
            self._scheduled.release()
            if not self._waiting or not self._scheduled.acquire(blocking=False):
                return 0

    def _find_python_handler(self, ctypes: Any) -> int:
        """Return the address of CPython's handler in C, which the action is where Python handles a signal."""
        for signum in sorted(signal.valid_signals()):
            # Code in C, as that of a server, may have set an action of its own without Python's knowledge.
            if callable(signal.getsignal(signum)) and _is_in_python(ctypes, self.get(signum)):
                return self.get(signum)
        if (
            _HARMLESS is None
            or threading.current_thread() is not threading.main_thread()
            or signal.getsignal(_HARMLESS) is not signal.SIG_DFL
            or self.get(_HARMLESS) != DEFAULT_ACTION
        ):
            message = "no signal is handled by Python"
            raise LookupError(message)
        signal.signal(_HARMLESS, _ignore_signal)
        try:
            return self.get(_HARMLESS)
        finally:
            signal.signal(_HARMLESS, signal.SIG_DFL)


def find_actions() -> SignalActions | None:
    """Return the actions of this process, None where this Python cannot change them, or gets no signals."""
    global _actions  # noqa: PLW0603 - the process has one
    if _actions is None and has_signals():
        with suppress(ImportError, AttributeError, LookupError, OSError):
            _actions = SignalActions()
    return _actions


def has_signals() -> bool:
    """
    Return whether Python gets the signals of this process.

    The main interpreter alone does. A callback of ctypes belongs to that one, too: as a pending call of another
    interpreter it waits for the lock that its own thread holds, for ever. Under mod_wsgi the signals are Apache's,
    which says so in its log to everybody who sets a handler.
    """
    return is_main_interpreter() and not is_in_apache()


def is_unhandled(signum: int) -> bool:
    """Return whether Python's table has no handler of a signal."""
    # Not signal.getsignal(), which makes members of an enumeration, and which gevent replaces.
    found = _signal.getsignal(signum)
    return found is None or (type(found) is int and found == _signal.SIG_DFL)


def _define(function: Any, result: Any, *arguments: Any) -> Any:
    function.restype, function.argtypes = result, arguments
    return function


def _is_in_python(ctypes: Any, address: int) -> bool:
    """Return whether a function in C belongs to the interpreter, or to the library that has it."""

    class Location(ctypes.Structure):  # type: ignore[misc]  # ctypes is an argument
        _fields_ = (
            ("file", ctypes.c_char_p),
            ("base", ctypes.c_void_p),
            ("symbol", ctypes.c_char_p),
            ("address", ctypes.c_void_p),
        )

    find = _define(ctypes.CDLL(None).dladdr, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    locations = Location(), Location()
    known = ctypes.cast(ctypes.pythonapi.PyOS_getsig, ctypes.c_void_p)
    return bool(
        find(address, ctypes.byref(locations[0]))
        and find(known, ctypes.byref(locations[1]))
        and locations[0].base == locations[1].base
    )


def _ignore_signal(*_: object) -> None:
    """Handle a signal for a moment."""
