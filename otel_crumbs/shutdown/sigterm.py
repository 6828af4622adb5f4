"""
The hook on SIGTERM where nobody handles it: the process dies of it once its last events are saved.

An application that handles SIGTERM ends in its own way, and that way is hooked
too; so its handler is left where it is. The handler of a signal is no attribute
that could be replaced: the system keeps it, and only the main thread may set it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from otel_crumbs.base.patching import Patch, Undo

Handler = Callable[[int, FrameType | None], None]


def install(end: Callable[[], object]) -> Undo | None:
    """
    Call *end* before SIGTERM kills the process.

    Returns:
        The function that undoes it, None where the signal is handled already,
        or the caller is not the main thread.

    """
    if threading.current_thread() is not threading.main_thread():
        return None  # signal.signal() works only there
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return None

    patch = Patch()

    def handle(signum: int, _: FrameType | None) -> None:
        if patch.active:
            end()
        # A handler of the application's may have called this one, and then decides how the process goes on.
        # Where another thread undid the hook, the handler is still in place, and the signal must kill all the same.
        if signal.getsignal(signum) is handle:
            _end_process(signum, handle)

    def undo() -> None:
        patch.active = False
        if signal.getsignal(signal.SIGTERM) is handle and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, handle)
    return undo


def _end_process(signum: int, handle: Handler) -> None:
    """Let the process die of the signal, as it would without the hook."""
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    # Still here: the first process of a container does not die of it.
    signal.signal(signum, handle)
