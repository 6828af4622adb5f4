"""
SIGTERM, where nobody handles it: the process dies of it, but not before its last events are safe.

An application that handles SIGTERM ends in its own way, and that way is hooked
too; so its handle is left where it is.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


def install(end: Callable[[], object]) -> Callable[[], None] | None:
    """Call *end* before SIGTERM kills the process; returns what undoes it, None where that is not ours to do."""
    if threading.current_thread() is not threading.main_thread():
        return None  # signal.signal() works only there
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return None

    def handle(signum: int, _: FrameType | None) -> None:
        end()
        # A handle of the application's that calls the one it found: it decides how the process goes on.
        if active and signal.getsignal(signum) is handle:
            _die(signum, handle)

    active = True

    def undo() -> None:
        nonlocal active
        active = False
        if signal.getsignal(signal.SIGTERM) is handle and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, handle)
    return undo


def _die(signum: int, handle: Handler) -> None:
    """Do what the system would have done."""
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    # Still here: the first process of a container does not die of it.
    signal.signal(signum, handle)
